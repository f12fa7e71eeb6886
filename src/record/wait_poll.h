/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Long waits of which no sample told: threads that have been blocked for some milliseconds
 * by the exact stream's account are looked up while they still are, and their stacks put as
 * WAIT_STACK events.
 *
 * Whether a wait is looked up depends on the time only, never on what it waits for: so it
 * stands for itself alone, and so does a sampled one that the look-up would have caught.
 *
 * Who of them waits for a lock is asked again now and then who owns that: LOCK_OWNER events.
 *
 * Where nothing is sampled at all, a glance now and then at whatever thread stands in for it:
 * what is found blocked is one of some waits of about its length.
 */
#ifndef RECORD_WAIT_POLL_H
#define RECORD_WAIT_POLL_H

#include <stddef.h>
#include <stdint.h>

#include "event/event.h"
#include "event/sink.h"
#include "streams.h"

#define WAIT_POLL_AGE_NS 5000000u /* how long who is looked up has been blocked */
#define WAIT_POLL_SOME   2        /* the period of a glance: it is not known */

struct wait_poll;

/*
 * Finds out how @wait's thread waits now.  0; -ENXIO: it can never be found out, it is a
 * thread of the kernel's; -EBUSY: too much is asked, go on in the next step; -errno: not
 * this time.
 */
typedef int wait_poll_fn(void *arg, struct event_wait_stack *wait);

/*
 * Finds out who owns the lock that @wait's thread waits for.  0: nobody, as far as is known;
 * -EBUSY as above.
 */
typedef int wait_poll_owner_fn(void *arg, const struct event_wait_stack *wait, uint32_t *ret);

struct wait_poll_ops {
	wait_poll_fn *look_up;
	wait_poll_owner_fn *owner; /* NULL: is not asked for */
};

/* Everything is borrowed; what was found out becomes a stream of @streams. */
struct wait_poll *wait_poll_new(struct streams *streams, struct event_sink *sink,
				const struct wait_poll_ops *ops, void *arg);
void wait_poll_free(struct wait_poll *poll);
void wait_poll_forget_ids(struct wait_poll *poll); /* between events */

/* SCHED_SWITCH, SCHED_WAKING and sampled WAIT_STACK events, in the order of time. */
void wait_poll_take(struct wait_poll *poll, const struct event *event);

/* @wait's thread was found blocked at @time_ns, before any event told of it. */
void wait_poll_meet(struct wait_poll *poll, const struct event_wait_stack *wait, uint64_t time_ns);

/* After the streams were drained: look up whom it is time for. */
void wait_poll_step(struct wait_poll *poll);

/* Look at some @n threads in turn, blocked or not. */
void wait_poll_glance(struct wait_poll *poll, size_t n);

uint64_t wait_poll_n_put(const struct wait_poll *poll);

#endif /* RECORD_WAIT_POLL_H */
