/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of every thread, between sched.c (switches, wake-ups) and sched_life.c (the rest). */
#ifndef MODEL_SCHED_STATE_H
#define MODEL_SCHED_STATE_H

#include "base/array.h"
#include "base/map.h"
#include "model/sched.h"

/*
 * A stack and its switch are stamped less than this apart: 0.6 us where ftrace comes first,
 * else by what perf's copy of the stack takes, 10 us and more where caches are cold.
 */
#define JOIN_NS 200000u

struct pending {          /* a stack whose switch has not been seen yet */
	uint64_t time_ns; /* 0: none */
	struct sched_wait wait;
};

struct pending_wake { /* a waker's stack whose wake-up has not been seen yet */
	uint64_t time_ns;
	uint32_t woken, stack;
	uint32_t period;
	uint64_t address;
};

struct slot { /* a thread, from its birth to its end */
	uint32_t pid, tid;
	uint32_t task;      /* as it was called when it was last heard of, */
	uint32_t n_changes; /* and model_n_changes() then */
	bool is_followed;
	bool has_ended;
	bool is_guessed; /* the state is what /proc said, or nothing at all: no event yet */
	bool is_preempted;
	bool is_assumed_awake; /* by a wake-up that came before it blocked */
	bool began_before;     /* the open interval did, as far as the window is concerned */
	enum sched_state state;
	uint64_t born_ns;
	uint64_t since_ns;
	uint64_t exit_ns; /* 0: not said to have exited */
	uint32_t cpu;
	uint32_t left_as; /* enum task_state of one that leaves its CPU just now, else 0 */
	uint32_t instead_tid;
	uint64_t woken_ns; /* while blocked: 0 until the wake-up */
	struct sched_wake wake;
	struct sched_wait wait;
	uint64_t blocked_ns; /* when it blocked last; 0: never */
	struct pending pending;
	struct pending_wake pending_wake;
	uint64_t early_wake_ns; /* a wake-up while it ran; 0: none */
	struct sched_wake early_wake;
	uint32_t last_woken;   /* tid that it woke last, */
	uint64_t last_wake_ns; /* and when */
};

#define N_RECENT 256u

struct recent { /* found lately; most events are of the same few threads */
	uint32_t tid;
	uint32_t slot; /* index + 1 */
};

struct gap {
	uint64_t start_ns, end_ns;
};

#define N_APART 256u

struct clocks {
	uint64_t n_stacks, n_apart;
	uint64_t apart_ns[N_APART]; /* of the last ones: number i at i % N_APART */
};

struct sched {
	struct model_observer observer;
	struct model *model;
	ARRAY(struct slot) slots;
	struct map by_tid;              /* index of the slot that has the tid now */
	struct recent recent[N_RECENT]; /* at tid % N_RECENT */
	ARRAY(uint32_t) current;        /* of a CPU: tid + 1; 0: not known */
	ARRAY(struct sched_observer *) observers;
	ARRAY(struct gap) gaps; /* by their ends */
	struct sched_flaws flaws;
	struct clocks clocks;
	uint64_t start_ns, end_ns;
	bool has_start, has_switches, has_ended;
};

struct slot *sched_find(struct sched *sched, uint32_t tid); /* or NULL */

/* The living thread that has @tid, made if need be. */
struct slot *sched_get(struct sched *sched, uint32_t tid);

/* A new thread takes over @tid.  Other slots move. */
struct slot *sched_add(struct sched *sched, uint32_t pid, uint32_t tid, uint64_t since_ns);

/* Hands out @state of @slot from since_ns to @end_ns, and begins the next interval there. */
void sched_close(struct sched *sched, struct slot *slot, enum sched_state state, uint64_t end_ns);

/* Closes what @slot was in until @now_ns, given that it is running, or runs, from then on. */
void sched_close_off_cpu(struct sched *sched, struct slot *slot, uint64_t now_ns);

/* @slot's life is over. */
void sched_end(struct sched *sched, struct slot *slot, uint64_t now_ns);

/* Which thread @cpu runs, as tid + 1; 0: not known. */
uint32_t *sched_current(struct sched *sched, uint32_t cpu);

bool sched_is_near(uint64_t a, uint64_t b, uint64_t within);

/* The pending stack of @slot, if any, is not of the switch at @now_ns, nor of an earlier one. */
void sched_note_apart(struct sched *sched, const struct slot *slot, uint64_t now_ns);

/* A stack of @slot that is of no switch yet. */
void sched_put_pending(struct sched *sched, struct slot *slot, uint64_t time_ns,
		       const struct sched_wait *wait);

void sched_take_task_state(struct sched *sched, const struct event *event);
void sched_take_fork(struct sched *sched, const struct event *event);
void sched_take_exit(struct sched *sched, const struct event *event);
void sched_take_exec(struct sched *sched, const struct event *event);
void sched_take_gap(struct sched *sched, const struct event *event);
void sched_take_start(struct sched *sched, const struct event *event);
void sched_take_end(struct sched *sched, const struct event *event);

#endif /* MODEL_SCHED_STATE_H */
