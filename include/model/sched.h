/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every thread does over time: an unbroken sequence of intervals, running on a
 * CPU, runnable, or blocked, from the thread's birth (or the window's start) to its
 * end (or the window's).  Each instant of a thread belongs to exactly one interval;
 * where events were lost it is one of state "unknown", never a guess.
 *
 * Threads are told from switches and wake-ups (exact), and of the followed ones only:
 * those that a task_state or a fork named.  Others appear as wakers and as who ran
 * instead.  An interval is handed out when it is closed; nothing of it is kept.
 */
#ifndef MODEL_SCHED_H
#define MODEL_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"

enum sched_state {
	SCHED_UNKNOWN,
	SCHED_RUNNING,
	SCHED_RUNNABLE, /* waits for a CPU */
	SCHED_BLOCKED,
	SCHED_N_STATES
};

struct sched_wait {      /* of a blocked interval */
	uint32_t why;    /* enum wait_class */
	uint32_t nr;     /* as of wait_stack events */
	uint32_t object; /* string id */
	uint32_t stack;
	uint64_t address;
	uint32_t period; /* this wait was one of so many; 0: it was not sampled */
	bool is_disk;    /* not even a signal ends it */
};

struct sched_wake {       /* what ended a blocked interval, or made a thread runnable */
	uint32_t tid;     /* the waker's; 0: an interrupt, or not seen */
	uint32_t task;    /* the waker's in the model; 0: as above, or never heard of */
	uint32_t stack;   /* the waker's; 0: not sampled */
	uint32_t cpu;     /* where the waker ran */
	bool is_seen;     /* the wake-up itself was */
	uint32_t period;  /* the stack and what follows are of one in so many; 0: not sampled */
	uint64_t address; /* of the futex that the waker's call was about; or 0 */
};

struct sched_interval {
	uint32_t task;
	enum sched_state state;
	uint64_t start_ns, end_ns;
	bool is_cut_at_start; /* it began before the window */
	bool is_cut_at_end;   /* it goes on behind the window */
	uint32_t cpu;         /* where it runs; of a runnable one: where it ran next */
	uint32_t left_as;  /* of a running one: enum task_state after it; 0 also: not seen to end */
	bool is_preempted; /* runnable because it lost its CPU, not woken or born */
	uint32_t instead_tid; /* of a runnable one: who ran on that CPU last, before it */
	struct sched_wait wait;
	struct sched_wake wake;
};

struct sched_observer {
	void (*interval)(struct sched_observer *observer, const struct sched_interval *interval);
};

struct sched_flaws {               /* why totals are lower bounds, if any is not 0 */
	uint64_t n_gaps;           /* of the exact stream */
	uint64_t lost_ns;          /* in those, summed over CPUs */
	uint64_t n_contradictions; /* threads seen where they cannot have been */
	uint64_t n_unseen_wakes;   /* blocked threads that ran without a wake-up */
};

struct sched;

struct sched *sched_new(struct model *model); /* follows @model from now on; borrowed */
void sched_free(struct sched *sched);

/* @observer: borrowed until sched_free(). */
void sched_observe(struct sched *sched, struct sched_observer *observer);

/*
 * What the living thread that has @tid is doing: the interval that is still open, as far
 * as known by now; end_ns is UINT64_MAX.  False: none is followed under that tid.
 */
bool sched_now(struct sched *sched, uint32_t tid, struct sched_interval *ret);

/* Everything has passed: close what is open, at the end of the window. */
void sched_finish(struct sched *sched);

struct sched_flaws sched_flaws(const struct sched *sched);

struct sched_clocks { /* of the stacks of waits, and of the switches they belong to */
	uint64_t n_stacks;
	uint64_t n_apart;  /* of them: far from any switch of their thread, which is there */
	uint64_t apart_ns; /* how far from the nearest, in the middle of these */
};
struct sched_clocks sched_clocks(const struct sched *sched);

/*
 * The recording tells of time off the CPU: it holds switches, or states of threads, which
 * may have blocked all the time.
 */
bool sched_has_switches(const struct sched *sched);

/*
 * Wake-ups are recorded.  Without, blocked intervals last until the thread runs again, and
 * of runnable ones there are only those after a preemption.
 */
bool sched_has_wakeups(const struct sched *sched);

#endif /* MODEL_SCHED_H */
