/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a stream must begin with so that its beginning can be left out: takes the events
 * that are left out, and puts those that make up for them: facts, the start of the window,
 * which threads there are, what they are called and what each of them does just then.
 *
 * Counters count from the start of the stream: from what follows, prelude_rebase() takes
 * what was counted before.
 */
#ifndef EVENT_PRELUDE_H
#define EVENT_PRELUDE_H

#include <stdint.h>

#include "event/definer.h"
#include "event/event.h"

struct prelude;

struct prelude *prelude_new(void);
void prelude_free(struct prelude *prelude);

/*
 * Take an event that is left out; of definitions, only facts are of interest, and these are
 * to be taken whether left out or not.  @text: that of a string id; borrowed for the call.
 */
typedef const char *prelude_text_fn(void *arg, uint32_t string);
void prelude_take(struct prelude *prelude, const struct event *event, prelude_text_fn *text,
		  void *arg);

/*
 * Put the events for a stream that goes on from @time_ns, which is not before any that was
 * taken.  Facts always; the others where timed events were taken.  0 or -errno of the sink.
 */
int prelude_put(const struct prelude *prelude, uint64_t time_ns, struct definer *definer,
		struct event_sink *sink);

/* Make @event, which follows, one of a stream that begins at @time_ns. */
void prelude_rebase(const struct prelude *prelude, uint64_t time_ns, prelude_text_fn *text,
		    void *arg, struct event *event);

/* Ids above @skip, @n_ids of each kind, will mean something else: forget them. */
void prelude_forget_ids(struct prelude *prelude, const struct definer_skip *skip, uint32_t n_ids);

#endif /* EVENT_PRELUDE_H */
