/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All waits, added up by what is known of them; block, threads and diagnose begin
 * with it.
 *
 * How long each thread waited is exact, and so is who ended each wait.  Where and why may
 * be known of a sample of the waits only (one in `period`).  Waits known one by one (period
 * 1) stand for themselves; the others are shared out over the samples (strata.h).  A
 * stratum without a sample stays apart, as "not sampled".  Where it is asked who ended
 * waits, strata are told apart by it, so that the sums of who waited for whom are exact.
 */
#ifndef ANALYSIS_WAITS_H
#define ANALYSIS_WAITS_H

#include "analysis/analysis.h"

enum waits_detail {
	WAITS_PLACES, /* where and why */
	WAITS_WAKERS, /* and who ended it */
	WAITS_CHAINS, /* and what that one did meanwhile: see chain.h */
	WAITS_ENDS,   /* the same without those in queues: see chain_new() */
};

enum wait_end {
	WAIT_END_UNASKED,
	WAIT_END_THREAD,
	WAIT_END_INTERRUPT,
	WAIT_END_UNSEEN, /* it lasts, or its wake-up is missing */
};

/* Nothing but numbers of 32 bits in these two, which are hashed as such. */
struct wait_ender {
	uint32_t how;  /* enum wait_end */
	uint32_t task; /* of a thread; 0: one never heard of */
	uint32_t tid;
};

struct wait_place { /* where, why and on what; by whom it was ended, if asked for */
	uint32_t stack;
	uint32_t why;    /* enum wait_class; of a futex, as its stack tells it */
	uint32_t nr;     /* number of the system call + 1; 0: none */
	uint32_t object; /* string id */
	struct wait_ender ender;
	uint32_t waker_stack;
	uint32_t chain; /* a node of waits_chain(); 0: none */
	struct slot_span when;
};

struct wait_row {
	uint32_t task;
	struct wait_place place; /* nothing but the ender where it was not sampled */
	bool is_sampled;
	bool is_idle; /* the thread had nothing to do: see idle.c */
	int64_t n, ns;
	int64_t max_ns; /* of those known one by one or sampled; of others, their stratum's limit */
};

struct waits;

struct waits *waits_begin(const struct analysis_input *input, enum waits_detail detail);

/* Who ended the wait @interval. */
struct wait_ender wait_ender_of(const struct sched_interval *interval);

/* What wait_place.chain refers to; NULL unless chains were asked for. */
struct chain;
struct chain *waits_chain(const struct waits *waits);

/* Everything has passed: the rows, borrowed until waits_free(). */
const struct wait_row *waits_rows(struct waits *waits, size_t *ret_n);

struct waits_totals {
	int64_t n, ns;                       /* exact, of all waits that the filter's time leaves */
	int64_t unfiltered_n, unfiltered_ns; /* and of the whole window */
	int64_t n_known;                     /* so many of n were sampled */
};
struct waits_totals waits_totals(const struct waits *waits);

/* How long the threads of @task ran and were blocked, within the filter's time. */
struct waits_life {
	int64_t running_ns, blocked_ns;
};
struct waits_life waits_life(const struct waits *waits, uint32_t task);

/* Why there is nothing to add up, as a sentence; or NULL. */
const char *waits_lack(const struct waits *waits);

void waits_free(struct waits *waits);

/* Marks the rows that are idle. */
void idle_mark(const struct waits *waits, const struct model *model, struct wait_row *rows,
	       size_t n);

#endif /* ANALYSIS_WAITS_H */
