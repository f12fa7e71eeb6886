/* SPDX-License-Identifier: GPL-2.0-only */
#include "wait_filter.h"

#include <stdlib.h>

#include "base/mem.h"
#include "trace.h"

#define LOOK_NS 50000000u /* between looks */

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int compare_down(const void *a, const void *b)
{
	return compare(b, a);
}

/* A gap between neighbours this wide, or wider, parts two ranges: WAIT_FILTER_RANGES at most. */
static uint32_t parting_gap(const uint32_t *tids, size_t n)
{
	uint32_t *gaps, gap = 2;

	if (n <= WAIT_FILTER_RANGES)
		return gap;
	gaps = xcalloc(n, sizeof(*gaps));
	for (size_t i = 1; i < n; i++)
		gaps[i - 1] = tids[i] - tids[i - 1];
	qsort(gaps, n - 1, sizeof(*gaps), compare_down);
	if (gaps[WAIT_FILTER_RANGES - 1] >= gap)
		gap = gaps[WAIT_FILTER_RANGES - 1] + 1;
	free(gaps);
	return gap;
}

static void add_range(struct buf *out, const char *field, uint32_t first, uint32_t last)
{
	if (first == last)
		buf_printf(out, "%s==%u||", field, first);
	else
		buf_printf(out, "%s>=%u&&%s<=%u||", field, first, field, last);
}

void wait_filter_add_tids(struct buf *out, const char *field, uint32_t *tids, size_t n,
			  uint32_t last)
{
	uint32_t gap;
	size_t first = 0;

	if (n)
		qsort(tids, n, sizeof(*tids), compare);
	gap = parting_gap(tids, n);
	buf_puts(out, "(");
	for (size_t i = 1; i <= n; i++) {
		if (i < n && tids[i] - tids[i - 1] < gap)
			continue;
		add_range(out, field, tids[first], tids[i - 1]);
		first = i;
	}
	if (last)
		buf_printf(out, "%s>%u&&%s<=%u)", field, last, field, last + WAIT_FILTER_NEWBORNS);
	else
		buf_printf(out, "%s<0)", field);
}

void wait_newborns_look(struct wait_newborns *newborns, uint64_t now_ns)
{
	if (now_ns - newborns->looked_ns < LOOK_NS)
		return;
	newborns->looked_ns = now_ns;
	newborns->last_ids[1] = newborns->last_ids[0];
	newborns->last_ids[0] = trace_last_id();
}
