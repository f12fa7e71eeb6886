/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose are the pages of one process: sampled page faults say who touched a page first, looks
 * at the page tables say which pages are there.  What was unmapped need not be traced.
 *
 * One fault in so many is sampled, and a page that has one stands for as many.  How many pages are
 * there, and how many of them were at the first look, is exact; the samples say how to divide the
 * rest among stacks.  Where it is more than they and chance explain, it stays unseen.
 *
 *  - Who touches a page first, of those that were sampled, has it until it is gone, also when it is
 *    copied after a fork.  What was there at the first look stays that.
 *  - A fault that the kernel answered with a huge page stands for all 512, as far as they are
 *    there.
 *  - Faults may come after a look that they are older than: it can be taken in a look that ended
 *    before all faults until then were told, and nothing younger than its beginning is forgotten.
 */
#ifndef RECORD_RESIDENT_PAGES_H
#define RECORD_RESIDENT_PAGES_H

#include "base/map.h"
#include "page_scan.h"

struct resident_fault {
	uint64_t page;
	uint64_t time_ns;
	uint32_t stack;
	uint32_t period; /* one of so many was sampled */
};

struct resident_page { /* that was sampled */
	struct resident_fault first;
	bool is_known; /* a look has been at it since */
	bool is_huge;
};

struct resident_sum { /* of a stack, mapping and origin */
	uint32_t stack;
	enum mapping_kind mapping;
	double bytes;
	double variance; /* of bytes */
	uint64_t samples;
	double faulted; /* bytes, since the start */
	uint64_t faults;
};

struct resident_name {    /* what was there at the first look and still is, by mapping */
	const char *name; /* borrowed from the scan; empty: it has none */
	enum mapping_kind mapping;
	uint64_t bytes;
};

struct resident_pages { /* all-zero: a process that has just begun to run a program */
	ARRAY(struct resident_page) pages;
	struct map page_of;                  /* page → index + 1 */
	ARRAY(struct resident_fault) faults; /* since the last look */
	struct page_set before;
	bool has_before; /* before is what there was at the first look; false: nothing was */
	/* What the last resident_pages_settle() found: */
	ARRAY(struct resident_sum) sums;
	struct map sum_of[MAPPING_N_KINDS]; /* stack → index + 1 */
	ARRAY(struct resident_name) names;
	uint64_t present[MAPPING_N_KINDS]; /* bytes; all that is there */
	uint64_t unseen[MAPPING_N_KINDS];  /* of that, neither before nor the sums' */
};

void resident_pages_release(struct resident_pages *resident);

/* What is there at a first look is of before. */
void resident_pages_begin(struct resident_pages *resident, const struct page_scan *scan);

/* In the order of time. */
void resident_pages_fault(struct resident_pages *resident, const struct resident_fault *fault);

/* mremap(): what was in @from is at @to now. */
void resident_pages_move(struct resident_pages *resident, struct page_range from, uint64_t to);

/*
 * Divide what @scan, which was begun at @start_ns, found.  All faults and moves until its end
 * have been told.  The names are good as long as @scan is.
 */
void resident_pages_settle(struct resident_pages *resident, const struct page_scan *scan,
			   uint64_t start_ns);

#endif /* RECORD_RESIDENT_PAGES_H */
