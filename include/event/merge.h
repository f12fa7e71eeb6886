/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which of several streams, each in the order of its own time, comes next: a
 * binary heap of (time, stream).  Streams with equal times come lowest first.
 */
#ifndef EVENT_MERGE_H
#define EVENT_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"

struct merge_item {
	uint64_t time_ns;
	uint32_t stream;
};

struct merge { /* all-zero is a valid empty one */
	ARRAY(struct merge_item) heap;
};

void merge_push(struct merge *merge, uint64_t time_ns, uint32_t stream);
bool merge_is_empty(const struct merge *merge);
struct merge_item merge_first(const struct merge *merge); /* not of an empty one */

/* The first stream went on to @time_ns, or ended. */
void merge_replace_first(struct merge *merge, uint64_t time_ns);
void merge_drop_first(struct merge *merge);
void merge_release(struct merge *merge);

#endif /* EVENT_MERGE_H */
