/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of pages of an address space, as ranges in ascending order that do not overlap. */
#ifndef RECORD_PAGE_SET_H
#define RECORD_PAGE_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"

#define PAGE_BYTES UINT64_C(4096)

struct page_range {
	uint64_t start, end; /* numbers of pages: address / PAGE_BYTES; end is not in it */
};

struct page_set { /* all-zero is a valid empty one */
	ARRAY(struct page_range) ranges;
};

void page_set_release(struct page_set *set);

/* Add what of @range lies behind all that is there: ranges come in ascending order. */
void page_set_append(struct page_set *set, struct page_range range);

bool page_set_has(const struct page_set *set, uint64_t page);

/* How many pages of @range are in it. */
uint64_t page_set_count(const struct page_set *set, struct page_range range);

/* Leave in @set only what is in @other, too. */
void page_set_keep(struct page_set *set, const struct page_set *other);

/* What is in @from is moved to as many pages from @to on, and replaces what is there. */
void page_set_move(struct page_set *set, struct page_range from, uint64_t to);

#endif /* RECORD_PAGE_SET_H */
