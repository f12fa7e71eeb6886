/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is one try to get a lock: the waits of a thread from the first until it runs again
 * and does not wait for the same at once.
 *
 * A thread that is woken may find that another one was quicker, and wait again: that is
 * the same contention.  The thread has then run for no longer than it takes to find that
 * out, and has woken nobody.
 */
#ifndef ANALYSIS_CONTENTION_H
#define ANALYSIS_CONTENTION_H

#include "analysis/analysis.h"
#include "chain.h"

struct contention {
	uint32_t task;
	uint64_t start_ns, end_ns; /* from the first switch to running again */
	uint64_t runnable_ns;      /* of it, as the filter leaves it: woken and waiting for a CPU */
	uint64_t ran_ns;           /* the same, running, and too late for the lock */
	uint32_t n_waits;
	uint64_t longest_ns;    /* of the waits, which need not be one try for a lock */
	struct sched_wait wait; /* the last one, as far as it was sampled */
	struct sched_wake wake; /* what ended that */
	bool is_open;           /* nothing did: the window ended */

	/* What those who ended the waits did meanwhile: chain_split() of each; until the next. */
	const struct chain_part *parts;
	size_t n_parts;
};

struct contentions;

/*
 * Waits of all kinds are handed to @take: why they are is for it to see.  @chain: borrowed, and
 * older; NULL: what others did meanwhile is not asked for.
 */
struct contentions *contentions_begin(const struct analysis_input *input, struct chain *chain,
				      void (*take)(void *arg, const struct contention *contention),
				      void *arg);

/* Everything has passed: hand over the last ones. */
void contentions_finish(struct contentions *contentions);
void contentions_free(struct contentions *contentions);

/* The word of a futex that was waited for, or 0. */
uint64_t contention_address(const struct model *model, const struct sched_wait *wait);

/* futex_waitv(): for any of several words; whoever wakes tells which it was. */
bool contention_is_for_any(const struct model *model, const struct sched_wait *wait);

#endif /* ANALYSIS_CONTENTION_H */
