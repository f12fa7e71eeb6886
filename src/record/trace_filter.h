/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Filters of ftrace events by thread id.  The kernel evaluates one for every event of
 * the machine, so that it must be short: the ids are gathered into few ranges, which
 * let some strangers pass and none of the targets out.
 *
 * Ids are given out in rising order, and start again behind the highest: so those of
 * threads born after a filter was written are known beforehand to lie above the last
 * one given, and one more range lets them all pass.  No birth is missed by a filter
 * that is written too late, and none has to be written at a birth.
 */
#ifndef RECORD_TRACE_FILTER_H
#define RECORD_TRACE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/buf.h"

struct trace_range {
	uint32_t first, last;
};

struct trace_filter {                     /* all-zero: nobody passes */
	ARRAY(struct trace_range) ranges; /* ascending, apart */
};

/*
 * Make the ranges for @tids and for the next @n_births ids after
 * @last_id, ids being at most @max_id: at most @max_ranges, more than 2, by letting pass
 * what stands in the smallest gaps.
 */
struct trace_filter_options {
	uint32_t last_id, max_id, n_births;
	uint32_t max_ranges;
};
void trace_filter_make(struct trace_filter *filter, const uint32_t *tids, size_t n_tids,
		       const struct trace_filter_options *options);

/*
 * Half of the births that were let pass have been used up when @id was the last one given
 * out: time to make the filter anew, while the other half lasts.
 */
bool trace_filter_is_stale(const struct trace_filter_options *options, uint32_t id);

bool trace_filter_passes(const struct trace_filter *filter, uint32_t tid);

/* "field!=1&&field!=2", of the threads that this process has now. */
void trace_filter_not_ours(const char *field, struct buf *ret);

/* "(field>=1&&field<=9)||…" for each of the fields (the list ends with NULL). */
void trace_filter_text(const struct trace_filter *filter, const char *const *fields,
		       struct buf *ret);
void trace_filter_release(struct trace_filter *filter);

#endif /* RECORD_TRACE_FILTER_H */
