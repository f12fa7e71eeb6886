/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intervals of addresses that may nest and overlap, made into disjoint ones that
 * are found by binary search.  Where several hold, the highest rank wins.
 */
#ifndef SYMBOL_SPAN_H
#define SYMBOL_SPAN_H

#include <stdint.h>

#include "base/array.h"

struct span { /* [start, end) */
	uint64_t start, end;
	uint64_t rank;
	uint32_t value;
};

struct spans { /* all-zero is a valid empty one */
	ARRAY(struct span) list;
};

/* An empty interval is left out. */
void spans_add(struct spans *spans, const struct span *span);

/* Make them disjoint and sorted; after this nothing is added.  Equal rank: the later start. */
void spans_flatten(struct spans *spans);

/* Of flattened ones: the one that holds @address, or NULL. */
const struct span *spans_find(const struct spans *spans, uint64_t address);

void spans_release(struct spans *spans);

#endif /* SYMBOL_SPAN_H */
