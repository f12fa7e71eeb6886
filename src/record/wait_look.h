/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks up how threads wait that are blocked now, where no sample told: those that block for
 * long (wait_poll.h), and those that were found blocked at first.  And who owns the locks that
 * they wait for.  It takes no longer than it may.
 */
#ifndef RECORD_WAIT_LOOK_H
#define RECORD_WAIT_LOOK_H

#include <stdint.h>

#include "event/event.h"
#include "record/perf_record.h"
#include "wait_reason.h"

struct wait_context;
struct wait_look;

/* Borrowed, both. */
struct wait_look *wait_look_new(const struct wait_context *context, struct wait_reasons *reasons);
void wait_look_free(struct wait_look *look);
void wait_look_forget_ids(struct wait_look *look); /* the definer gives out new ones */

/* The stack that a thread has when it blocks here: for when it is found blocked later. */
void wait_look_remember(struct wait_look *look, const struct perf_record *record, uint32_t stack);

/* As wait_poll_take(). */
void wait_look_take(struct wait_look *look, const struct event *event);

/* As wait_source_explain(). */
void wait_look_explain(struct wait_look *look, struct event_task_state *state, uint64_t now_ns);

/*
 * Look up whom it is time for; it may take so much of the time as @limit, the recorder's budget,
 * leaves for it.  How long it took, ns.
 */
uint64_t wait_look_step(struct wait_look *look, double limit, uint64_t now_ns);

uint64_t wait_look_n_put(const struct wait_look *look);       /* long waits */
uint64_t wait_look_n_explained(const struct wait_look *look); /* threads that were found blocked */

#endif /* RECORD_WAIT_LOOK_H */
