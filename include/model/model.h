/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of the recorded world over time: a sink that keeps what the ids stand
 * for, which threads there were and what they were called, the window, and what
 * the recorder says of itself.  It keeps open states and aggregates, no history:
 * analyses observe events as they pass.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/dictionary.h"
#include "event/event.h"
#include "event/sink.h"

struct model;

struct model_thread {
	uint32_t pid, tid;
	uint32_t name;        /* string id of the comm; 0: never heard */
	uint64_t first_ns;    /* first and last time it was heard of */
	uint64_t last_ns;
	bool has_exited;
};

/* Sees every timed event after the model took it. */
struct model_observer {
	void (*event)(struct model_observer *observer, const struct event *event);
};

struct model *model_new(void);
void model_free(struct model *model);
struct event_sink *model_sink(struct model *model);
void model_observe(struct model *model, struct model_observer *observer); /* borrowed */

struct dictionary *model_dictionary(const struct model *model);

/* NULL if never heard of. */
const struct model_thread *model_thread(const struct model *model, uint32_t tid);
const char *model_thread_name(const struct model *model, uint32_t tid);   /* never NULL */
const char *model_process_name(const struct model *model, uint32_t pid);  /* never NULL */

struct model_window {
	uint64_t start_ns, end_ns; /* CLOCK_MONOTONIC */
	uint64_t wall_ns;          /* CLOCK_REALTIME at start_ns; 0: unknown */
	bool has_end;              /* false: the recorder was killed; end_ns is the last event's */
};
struct model_window model_window(const struct model *model);

/* What was lost and what failed: shown under every report. */
struct model_audit {
	uint64_t n_samples;
	uint64_t n_lost;
	uint64_t n_throttled; /* times a sampler was stopped */
};
struct model_audit model_audit(const struct model *model);

/* The recorder's last COUNTER called @name, or 0; and all of them. */
uint64_t model_counter(const struct model *model, const char *name);
void model_each_counter(const struct model *model,
			void (*fn)(void *arg, const char *name, uint64_t value), void *arg);

#endif /* MODEL_MODEL_H */
