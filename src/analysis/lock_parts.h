/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What delays of locks consist of: what the lock's holder did meanwhile, or why nobody
 * held it.
 *
 * At any time of a wait the holder is the thread that ended it, unless that one waited for
 * the same lock itself then: then it is the one that ended this other wait, and so on.
 * The parts of a delay sum up to it exactly.
 */
#ifndef ANALYSIS_LOCK_PARTS_H
#define ANALYSIS_LOCK_PARTS_H

#include "base/array.h"
#include "chain.h"
#include "contention.h"

/* What the holder did; from LOCK_PART_OPEN on there was none, or none is known. */
enum lock_part_what {
	LOCK_PART_RUNNING,
	LOCK_PART_RUNNABLE,
	LOCK_PART_OUTRANKED, /* runnable, of a lower priority than who waited */
	LOCK_PART_BLOCKED,
	LOCK_PART_UNRECORDED, /* no target of the recording */
	LOCK_PART_UNKNOWN,    /* events are missing, or the wait was not sampled */
	LOCK_PART_OPEN,       /* the window ended before anybody unlocked */
	LOCK_PART_WOKEN,      /* nothing: who waited was awake, and waited for a CPU */
	LOCK_PART_RETRY,      /* nothing: who waited was awake, and found the lock taken again */
	LOCK_N_PARTS
};

struct lock_part {
	uint32_t row; /* of locks_rows() */
	enum lock_part_what what;
	struct chain_node node; /* of the holder; all-zero: no thread */
	int64_t ns;
};

const char *lock_part_name(enum lock_part_what what);

struct lock_raw_part {
	uint64_t key; /* entry, what, node */
	int64_t ns;
};

struct lock_parts {                /* all-zero but for the model is valid */
	const struct model *model; /* borrowed: whose threads they are about */
	struct map by_key;         /* to an index + 1; of no use any more when sorted */
	ARRAY(struct lock_raw_part) raw;
	bool is_sorted;
	ARRAY(struct lock_part) items;
};

/*
 * @contention's delay is @ns long.  @chain, which divided it, skips queues.  @entry: whatever its
 * parts are asked for by.
 */
void lock_parts_add(struct lock_parts *parts, const struct chain *chain, uint32_t entry,
		    const struct contention *contention, int64_t ns);

/* What was added for @entry stands for @ns in @row. */
void lock_parts_take(struct lock_parts *parts, const struct chain *chain, uint32_t entry,
		     uint32_t row, int64_t ns);
void lock_parts_release(struct lock_parts *parts);

#endif /* ANALYSIS_LOCK_PARTS_H */
