/* SPDX-License-Identifier: GPL-2.0-only */
/* Sums of contention by whatever tells rows apart. */
#ifndef ANALYSIS_LOCK_SHEETS_H
#define ANALYSIS_LOCK_SHEETS_H

#include "locks.h"

struct lock_sum {
	uint32_t id; /* in the order of first sight */
	uint32_t lock, task, function, stack;
	uint32_t owner; /* of what nobody ended; as in rows */
	struct amount waited;
	int64_t n_waits, max_ns;
};

struct lock_sums { /* all-zero is valid */
	ARRAY(struct lock_sum) items;
	struct map by_key; /* to an index + 1; of no use any more when sorted */
};

/* Add @row to the sum of the same lock, task, function and stack as @like. */
void lock_sums_add(struct lock_sums *sums, const struct lock_sum *like, const struct lock_row *row);
void lock_sums_sort(struct lock_sums *sums); /* largest first */
void lock_sums_release(struct lock_sums *sums);

/* "hold_a < run_a < start_thread": from who took the lock outwards; owned; NULL: no stack. */
char *lock_path(struct locks *locks, const struct model *model, struct names *names,
		uint32_t stack);

/* All about the locks that the filter leaves: more sheets for @ret. */
void lock_story(struct sheets *ret, struct locks *locks, const struct model *model,
		struct names *names);

#endif /* ANALYSIS_LOCK_SHEETS_H */
