/* SPDX-License-Identifier: GPL-2.0-only */
#include "page_set.h"

void page_set_release(struct page_set *set)
{
	array_release(&set->ranges);
}

void page_set_append(struct page_set *set, struct page_range range)
{
	struct page_range *last = set->ranges.n ? &set->ranges.items[set->ranges.n - 1] : NULL;

	if (last && range.start < last->end)
		range.start = last->end;
	if (range.start >= range.end)
		return;
	if (last && range.start == last->end)
		last->end = range.end;
	else
		*array_add(&set->ranges) = range;
}

/* The index of the first range that ends behind @page. */
static size_t lower_bound(const struct page_set *set, uint64_t page)
{
	size_t low = 0, high = set->ranges.n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (set->ranges.items[mid].end <= page)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool page_set_has(const struct page_set *set, uint64_t page)
{
	size_t i = lower_bound(set, page);

	return i < set->ranges.n && set->ranges.items[i].start <= page;
}

static struct page_range common(struct page_range a, struct page_range b)
{
	return (struct page_range){
		.start = a.start > b.start ? a.start : b.start,
		.end = a.end < b.end ? a.end : b.end,
	};
}

uint64_t page_set_count(const struct page_set *set, struct page_range range)
{
	uint64_t n = 0;

	for (size_t i = lower_bound(set, range.start); i < set->ranges.n; i++) {
		struct page_range both = common(set->ranges.items[i], range);

		if (both.start >= both.end)
			break;
		n += both.end - both.start;
	}
	return n;
}

/* Append to @out what is in @set and in @range. */
static void append_common(struct page_set *out, const struct page_set *set, struct page_range range)
{
	for (size_t i = lower_bound(set, range.start); i < set->ranges.n; i++) {
		struct page_range both = common(set->ranges.items[i], range);

		if (both.start >= both.end)
			break;
		page_set_append(out, both);
	}
}

void page_set_keep(struct page_set *set, const struct page_set *other)
{
	struct page_set kept = { 0 };
	const struct page_range *range;

	array_for_each(range, &set->ranges)
		append_common(&kept, other, *range);
	page_set_release(set);
	*set = kept;
}

void page_set_move(struct page_set *set, struct page_range from, uint64_t to)
{
	struct page_range goal = { to, to + (from.end - from.start) };
	struct page_range first = from.start < to ? from : goal;
	struct page_range second = from.start < to ? goal : from;
	struct page_set moved = { 0 }, out = { 0 };
	struct page_range *range;

	if (from.start == to || from.start >= from.end)
		return;
	append_common(&moved, set, from);
	array_for_each(range, &moved.ranges) {
		range->start += to - from.start;
		range->end += to - from.start;
	}
	append_common(&out, set, (struct page_range){ 0, first.start });
	if (goal.start == first.start)
		append_common(&out, &moved, goal);
	append_common(&out, set, (struct page_range){ first.end, second.start });
	if (goal.start == second.start)
		append_common(&out, &moved, goal);
	append_common(&out, set, (struct page_range){ second.end, UINT64_MAX });
	page_set_release(&moved);
	page_set_release(set);
	*set = out;
}
