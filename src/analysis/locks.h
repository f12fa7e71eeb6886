/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All contention, added up by lock, by who waited and by who ended it; mutex and its
 * sheets begin with it.
 *
 * How long each thread waited and who woke it is exact.  What for, and where the other
 * one unlocked, may be known of a sample only, of either side: a wait is told by the
 * stack of the thread that waited or by that of its waker, and what neither tells is
 * shared out over the others (strata.h).
 */
#ifndef ANALYSIS_LOCKS_H
#define ANALYSIS_LOCKS_H

#include "analysis/analysis.h"
#include "lock_kind.h"
#include "lock_owners.h"
#include "lock_parts.h"
#include "lock_words.h"
#include "strata.h"

#define LOCK_LEAST_COVER 90 /* percent of the waiting that hold-ups explain, if all is sampled */

enum lock_end {
	LOCK_END_THREAD,    /* woke it: unlocked */
	LOCK_END_OPEN,      /* the window closed before it got the lock */
	LOCK_END_UNSEEN,    /* the wake-up was lost */
	LOCK_END_INTERRUPT, /* no thread did: the time was up */
	LOCK_END_SIGNAL,
	LOCK_N_ENDS
};

static inline bool lock_end_counts(enum lock_end end)
{
	return end < LOCK_END_INTERRUPT;
}

struct lock {
	enum lock_kind kind;
	uint32_t task;        /* who waited first */
	uint32_t object;      /* string id: what the recorder said it is */
	uint64_t address;     /* of the word; 0: it says nothing of the lock */
	uint32_t name;        /* text id */
	uint32_t word;        /* of lock_words.h; 0: none */
	struct amount waited; /* that count */
	int64_t max_ns;
	struct amount gave_up;
};

struct lock_row {
	uint32_t lock; /* from 0 */
	enum lock_end end;
	uint32_t waiter, wait_stack; /* task; stack: 0 where not sampled */
	uint32_t holder, wake_stack; /* who ended it */
	uint32_t owner;              /* of one that nobody ended: who has the lock; 0: not known */
	struct slot_span when;       /* if it was asked for; a part of the waiting, then */
	bool has_wake;               /* wake_stack was sampled */
	struct amount waited;
	int64_t n_waits, runnable_ns, max_ns;
};

struct locks_totals {
	struct amount all;     /* waits of any kind, a contention as one */
	int64_t n_known;       /* so many of them were sampled, on either side */
	struct amount unknown; /* of which nothing like them was */
};

struct locks;

/* @chain: borrowed; NULL: what holders did meanwhile is not asked for. */
struct locks *locks_begin(const struct analysis_input *input, struct chain *chain);
const char *locks_lack(const struct locks *locks);

/* Everything has passed: make locks and rows, calling things as @names does. */
void locks_resolve(struct locks *locks, struct names *names);

/* Borrowed until locks_free().  @ret_n may be NULL. */
const struct lock *locks_items(const struct locks *locks, size_t *ret_n);
const struct lock_row *locks_rows(const struct locks *locks, size_t *ret_n);
/* What the delays of the rows consist of, where that was asked for. */
const struct lock_part *locks_parts(const struct locks *locks, size_t *ret_n);

/* Whether the filter leaves a lock and a task. */
bool locks_is_wanted(const struct locks *locks, uint32_t lock, uint32_t task);

/* Whether the filter leaves @row: its lock, and who ended it, or else who waited. */
bool locks_wanted(const struct locks *locks, const struct lock_row *row);

struct lock_words *locks_words(struct locks *locks);
const struct lock_owners *locks_owners(const struct locks *locks);
struct locks_totals locks_totals(const struct locks *locks);

/* What @stack's functions tell, of a waiter's or waker's. */
struct lock_site locks_site(struct locks *locks, uint32_t stack);

void locks_free(struct locks *locks);

#endif /* ANALYSIS_LOCKS_H */
