/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording that is kept in memory, and of that the last seconds only: a sink that
 * forgets the oldest whole second once the next is older than the span, and earlier what
 * is above the bound in bytes.  What is left can be put at any time, as a stream that
 * stands by itself: definitions, the states that it begins with (event/prelude.h), events.
 *
 * Definitions grow with all that ever happened.  So ids are given out anew from time to time,
 * in turn from two ranges: those of one mean something until the events that use them are
 * forgotten.
 */
#ifndef DATA_RING_H
#define DATA_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/definer.h"
#include "event/sink.h"

#define RING_MIN_BYTES ((size_t)4 << 20)

struct ring;

struct ring_options {
	uint64_t span_ns;
	size_t max_bytes; /* RING_MIN_BYTES at least, for events and definitions */
};

struct ring *ring_new(const struct ring_options *options);
void ring_free(struct ring *ring);

/* What makes the events, and their ids: borrowed.  Before the first event. */
void ring_set_definer(struct ring *ring, struct definer *definer);

struct event_sink *ring_sink(struct ring *ring); /* its put never fails */

/*
 * Between events, often: renews the ids if there are many.  True: whoever keeps ids must
 * forget them now.
 */
bool ring_renew_ids(struct ring *ring);

/* Put what says what the frames are into @sink, as definer_describe() does. */
int ring_describe(const struct ring *ring, struct event_sink *sink);

/*
 * Put everything into @sink, which the definer's definitions go to as well by now.  Unless
 * the window was closed by an END, it is at @end_ns.  0 or -errno of the sink.
 */
int ring_put_all(struct ring *ring, uint64_t end_ns, struct event_sink *sink);

/* Forget now what is of whole seconds before @time_ns, as if the span were that short. */
void ring_forget(struct ring *ring, uint64_t time_ns);

struct ring_state {
	size_t size_bytes;
	uint64_t start_ns; /* where what is kept begins */
	uint64_t end_ns;   /* time of the latest event */
	bool is_short;     /* it begins there for want of memory */
};
struct ring_state ring_state(const struct ring *ring);

#endif /* DATA_RING_H */
