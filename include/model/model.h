/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of the recorded world over time: a sink that keeps what the ids stand
 * for, which threads there were and what they were called when, the window, and
 * what the recorder says of itself.  It keeps open states and aggregates, no
 * history: analyses observe events as they pass.
 *
 * The kernel gives a tid out again after its thread has exited, so a thread here
 * is an id of the model's own (1, 2, 3 …), never a tid.  A process is its main
 * thread.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/definer.h"
#include "event/dictionary.h"
#include "event/event.h"
#include "event/sink.h"

struct model;

struct model_thread {
	uint32_t pid, tid;
	uint32_t leader;   /* its process's main thread; its own id if it is that */
	uint32_t name;     /* string id of the last comm; 0: never heard */
	uint64_t first_ns; /* first and last time it was heard of */
	uint64_t last_ns;
	bool has_exited;
	uint32_t priority; /* the last level that was told + 1; 0: none was */
};

/*
 * A thread as it was called at some time: a thread that changes its name, or whose
 * process does, is several tasks.  What rows of profiles refer to.
 */
struct model_task {
	uint32_t thread;
	uint32_t name; /* string ids; 0: not heard by then */
	uint32_t process_name;
};

/* Sees every timed event after the model took it. */
struct model_observer {
	void (*event)(struct model_observer *observer, const struct event *event);
};

struct model *model_new(void);
void model_free(struct model *model);
struct event_sink *model_sink(struct model *model);

/* Ids after those that @model has of each kind, defined in it; owned by the caller. */
struct definer *model_definer(struct model *model);

/* @observer: borrowed until model_ignore() or model_free(). */
void model_observe(struct model *model, struct model_observer *observer);
void model_ignore(struct model *model, struct model_observer *observer);

struct dictionary *model_dictionary(const struct model *model);

/* The thread that has @tid now, made if need be, as it is called now; for observers. */
uint32_t model_task_now(struct model *model, uint32_t pid, uint32_t tid);

/* The same by tid alone: the one that was last heard of under it; 0 if none was. */
uint32_t model_task_of(struct model *model, uint32_t tid);

/* As long as this stays what it is, so does what model_task_now() said of a living thread. */
uint32_t model_n_changes(const struct model *model);

/* The process of the thread that has @tid now; 0: nobody was heard of under it. */
uint32_t model_pid_of(const struct model *model, uint32_t tid);

/* Unknown ids give all-zero ones. */
struct model_task model_task(const struct model *model, uint32_t task);
struct model_thread model_thread(const struct model *model, uint32_t thread);
uint32_t model_n_tasks(const struct model *model);
uint32_t model_n_threads(const struct model *model);

/*
 * String ids of what a task was called: its name at the time; if none was heard by
 * then, the thread's later one.  A process is called as its main thread, or, if
 * that was never heard of, as the thread asked about.  0: no name at all.
 */
uint32_t model_task_name(const struct model *model, uint32_t task);
uint32_t model_task_process_name(const struct model *model, uint32_t task);

struct model_window {
	uint64_t start_ns, end_ns; /* CLOCK_MONOTONIC */
	uint64_t wall_ns;          /* CLOCK_REALTIME at start_ns; 0: unknown */
	bool has_start;            /* false: no START; start_ns is the first event's */
	bool has_end;              /* false: the recorder was killed; end_ns is the last event's */
};
struct model_window model_window(const struct model *model);

/* What ended the recording, or made it to be written: the last TRIGGER. */
struct model_trigger {
	uint64_t time_ns; /* 0: there was none */
	uint64_t duration_ns;
	uint32_t task;      /* whom it happened to; 0: nobody */
	uint32_t condition; /* string id */
};
struct model_trigger model_trigger(const struct model *model);

/* What was lost and what failed: shown under every report. */
struct model_losses {
	uint64_t n_samples;
	uint64_t n_lost;      /* records, of any kind */
	uint64_t n_throttled; /* times a sampler was stopped */
	uint64_t n_gaps;      /* in the exact stream of switches, over all CPUs, and their length */
	uint64_t gap_ns;
};
struct model_losses model_losses(const struct model *model);

/* The last COUNTER called @name, or 0; whether there was one; all of them as first seen. */
uint64_t model_counter(const struct model *model, const char *name);
bool model_has_counter(const struct model *model, const char *name);
void model_each_counter(const struct model *model,
			void (*fn)(void *arg, const char *name, uint64_t value), void *arg);

#endif /* MODEL_MODEL_H */
