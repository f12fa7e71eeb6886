/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who has the locks that threads wait for to the end of the recording, by what memory said of
 * them while they waited.
 */
#ifndef ANALYSIS_LOCK_OWNERS_H
#define ANALYSIS_LOCK_OWNERS_H

#include "analysis/analysis.h"

struct lock_wait { /* of a thread, to the end; all-zero: it does not wait for a lock */
	uint32_t task;
	uint64_t since_ns;
	struct sched_wait wait;
	uint32_t owner;   /* task; 0: not known */
	uint64_t told_ns; /* when it had the lock */
	bool has_still;   /* it has been blocked since, or had ended before: so it has it still */
	uint32_t stack;   /* of an owner that has it still: where it is blocked; or 0 */
};

struct lock_owners;

struct lock_owners *lock_owners_begin(const struct analysis_input *input);
void lock_owners_free(struct lock_owners *owners);

/* Everything has passed: what @task's thread waits for. */
struct lock_wait lock_owners_wait(const struct lock_owners *owners, uint32_t task);

#endif /* ANALYSIS_LOCK_OWNERS_H */
