/* SPDX-License-Identifier: GPL-2.0-only */
/* What holders of locks did while others waited, added up, and what that is called. */
#ifndef ANALYSIS_LOCK_MEANWHILE_H
#define ANALYSIS_LOCK_MEANWHILE_H

#include "locks.h"

struct lock_meanwhile { /* of a lock, or of several; all-zero is valid */
	int64_t all_ns; /* their delay: what follows sums up to it */
	int64_t ns[LOCK_N_PARTS];
	int64_t blocked_ns[WAIT_N_CLASSES]; /* of those blocked */
	int64_t behind_ns;                  /* of all: the holder did not end the wait */
};

/*
 * Of each of @locks, which are resolved and were begun with a chain, and behind them of all
 * together: contention that the filter leaves.  Owned.
 */
struct lock_meanwhile *lock_meanwhile_all(struct locks *locks);

/*
 * Append what stands out: "held across disk I/O (62%), lock convoy (80%)"; nothing where
 * nothing does.
 */
void lock_meanwhile_name(struct buf *out, const struct lock_meanwhile *meanwhile);

/* A sheet of what the holders of the locks that the filter leaves did, for @ret. */
void lock_meanwhile_sheet(struct sheets *ret, struct locks *locks, const struct model *model,
			  struct names *names);

#endif /* ANALYSIS_LOCK_MEANWHILE_H */
