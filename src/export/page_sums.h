/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a page shows of a timeline before it has read its slices, which may be millions: of
 * each thread how many there are and how long it was in each kind of them; and over time,
 * how many threads ran, and how many could have.  Two tables, "tracks" and "overview".
 */
#ifndef EXPORT_PAGE_SUMS_H
#define EXPORT_PAGE_SUMS_H

#include <stdint.h>
#include <stdio.h>

#include "base/array.h"

/* What a slice is: a state; of a blocked one why it is, after these. */
enum {
	SLICE_UNKNOWN,
	SLICE_RUNNING,
	SLICE_RUNNABLE,
	SLICE_BLOCKED, /* not sampled: not known why */
	SLICE_WAITS,   /* + enum wait_class */
	SLICE_KIND = 0x0f,
	SLICE_GOES_ON = 0x10, /* the slice before was cut by a system call, this is its rest */
	SLICE_CUT_START = 0x20,
	SLICE_CUT_END = 0x40,
	SLICE_PREEMPTED = 0x80,
};

#define PAGE_SUMS_PARTS 2048 /* of the time, at most: more than a screen is wide */

struct page_sums_track {
	uint64_t first_ns; /* since the start: where its first slice begins */
	uint64_t n_slices; /* what goes on is none of its own */
	uint64_t n_waits;  /* of these, blocked ones */
	uint64_t ns[SLICE_KIND + 1];
};

struct page_sums_part {  /* running, runnable */
	uint64_t ns[2];  /* of slices that begin or end in it */
	int64_t more[2]; /* slices that cover it, less those that cover the part before */
};

struct page_sums {
	uint64_t start_ns, part_ns;
	ARRAY(struct page_sums_track) tracks; /* by reference of a thread, which is not 0 */
	struct page_sums_part parts[PAGE_SUMS_PARTS + 1];
};

void page_sums_init(struct page_sums *ret, uint64_t start_ns, uint64_t end_ns);

/* Thread @ref has a slice of @kind, with flags as above; within the times that init had. */
void page_sums_add(struct page_sums *sums, uint32_t ref, uint64_t kind, uint64_t start_ns,
		   uint64_t end_ns);

/* Write the tables and free what was kept.  0 or -errno. */
int page_sums_finish(struct page_sums *sums, FILE *out);

#endif /* EXPORT_PAGE_SUMS_H */
