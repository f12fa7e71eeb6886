/* SPDX-License-Identifier: GPL-2.0-only */
#include "trace_filter.h"

#include <stdlib.h>
#include <unistd.h>

#include "targets.h"

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int compare_ranges(const void *a, const void *b)
{
	const struct trace_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static void add(struct trace_filter *filter, uint32_t first, uint32_t last)
{
	*array_add(&filter->ranges) = (struct trace_range){ first, last };
}

/* Those that will be given out next; at the end of all ids they start again from the lowest. */
static void add_births(struct trace_filter *filter, const struct trace_filter_options *options)
{
	uint32_t left = options->max_id > options->last_id ? options->max_id - options->last_id : 0;

	if (options->n_births <= left) {
		add(filter, options->last_id + 1, options->last_id + options->n_births);
		return;
	}
	if (left)
		add(filter, options->last_id + 1, options->max_id);
	add(filter, 1, options->n_births);
}

/* Makes one of ranges, in their order, that touch or overlap. */
static void join_touching(struct trace_filter *filter)
{
	struct trace_range *ranges = filter->ranges.items;
	size_t n = 0;

	qsort(ranges, filter->ranges.n, sizeof(*ranges), compare_ranges);
	for (size_t i = 1; i < filter->ranges.n; i++) {
		if (ranges[i].first <= ranges[n].last + 1) {
			if (ranges[i].last > ranges[n].last)
				ranges[n].last = ranges[i].last;
		} else {
			ranges[++n] = ranges[i];
		}
	}
	filter->ranges.n = n + 1;
}

/* The gap that exactly @n gaps are larger than, or as large. */
static uint32_t nth_largest_gap(const struct trace_filter *filter, uint32_t n)
{
	const struct trace_range *ranges = filter->ranges.items;
	ARRAY(uint32_t) gaps = { 0 };
	uint32_t gap;

	for (size_t i = 1; i < filter->ranges.n; i++)
		*array_add(&gaps) = ranges[i].first - ranges[i - 1].last;
	qsort(gaps.items, gaps.n, sizeof(*gaps.items), compare_ids);
	gap = gaps.items[gaps.n - n];
	array_release(&gaps);
	return gap;
}

/* Closes all gaps but the @max - 1 largest. */
static void close_gaps(struct trace_filter *filter, uint32_t max)
{
	struct trace_range *ranges = filter->ranges.items;
	uint32_t least;
	size_t n = 0;

	if (filter->ranges.n <= max)
		return;
	least = nth_largest_gap(filter, max - 1);
	for (size_t i = 1; i < filter->ranges.n; i++) {
		if (n + 1 < max && ranges[i].first - ranges[n].last >= least)
			ranges[++n] = ranges[i];
		else
			ranges[n].last = ranges[i].last;
	}
	filter->ranges.n = n + 1;
}

void trace_filter_make(struct trace_filter *filter, const uint32_t *tids, size_t n_tids,
		       const struct trace_filter_options *options)
{
	filter->ranges.n = 0;
	for (size_t i = 0; i < n_tids; i++)
		add(filter, tids[i], tids[i]);
	add_births(filter, options);
	join_touching(filter);
	close_gaps(filter, options->max_ranges);
}

bool trace_filter_is_stale(const struct trace_filter_options *options, uint32_t id)
{
	uint32_t n_used = id - options->last_id;

	if (id < options->last_id)
		n_used += options->max_id;
	return n_used > options->n_births / 2;
}

bool trace_filter_passes(const struct trace_filter *filter, uint32_t tid)
{
	const struct trace_range *range;

	array_for_each(range, &filter->ranges) {
		if (tid >= range->first && tid <= range->last)
			return true;
	}
	return false;
}

void trace_filter_text(const struct trace_filter *filter, const char *const *fields,
		       struct buf *ret)
{
	const struct trace_range *range;
	const char * or = "";

	for (; *fields; fields++) {
		array_for_each(range, &filter->ranges) {
			if (range->first == range->last)
				buf_printf(ret, "%s%s==%u", or, *fields, range->first);
			else
				buf_printf(ret, "%s(%s>=%u&&%s<=%u)", or, *fields, range->first,
					   *fields, range->last);
			or = "||";
		}
	}
}

struct not_ours {
	const char *field;
	struct buf *to;
	const char *and;
};

static void add_not_ours(void *arg, pid_t pid, pid_t tid)
{
	struct not_ours *not_ours = arg;

	(void)pid;
	buf_printf(not_ours->to, "%s%s!=%d", not_ours->and, not_ours->field, tid);
	not_ours->and = "&&";
}

void trace_filter_not_ours(const char *field, struct buf *ret)
{
	threads_of(getpid(), add_not_ours, &(struct not_ours){ field, ret, "" });
}

void trace_filter_release(struct trace_filter *filter)
{
	array_release(&filter->ranges);
}
