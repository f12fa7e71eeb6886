/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Of the steps of runtimes' pauses, told one by one, the pauses.  What began before the
 * recording, or lost a step that it needs, is counted and is none.
 */
#ifndef ANALYSIS_PAUSE_H
#define ANALYSIS_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "event/event.h"

struct pause {
	uint32_t pid, tid;        /* who stops others */
	uint32_t runtime, reason; /* string ids; 0: not told */
	enum pause_scope scope;
	uint64_t begin_ns, end_ns;
	uint64_t stopped_ns, resume_ns; /* 0: not told */
	uint32_t stack;                 /* where it began; or 0 */
	uint32_t n_reached;             /* threads that others waited for */
	uint32_t last_tid, last_stack;  /* of these the last; 0: none */
	uint64_t last_ns;               /* when that one did stop */
	bool is_cut; /* it had not ended when its thread, or the recording, did */
};

struct pause_pairs { /* all-zero: no pause is on */
	ARRAY(struct pause) open;
	uint64_t n_broken;
};

/*
 * Take any event; true: @ret has ended with it.  Events that end several, as the loss of some,
 * end them without telling.
 */
bool pause_pairs_take(struct pause_pairs *pairs, const struct event *event, struct pause *ret);

/* Everything has passed: the next of those that are on at @end_ns; false: there is none. */
bool pause_pairs_finish(struct pause_pairs *pairs, uint64_t end_ns, struct pause *ret);
void pause_pairs_release(struct pause_pairs *pairs);

/* From its beginning until all had stopped, and so on: they add up to all of it. */
struct pause_parts {
	uint64_t stopping_ns, stopped_ns, resuming_ns; /* 0, too: not told */
};
struct pause_parts pause_parts(const struct pause *pause);

#endif /* ANALYSIS_PAUSE_H */
