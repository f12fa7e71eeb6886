/* SPDX-License-Identifier: GPL-2.0-only */
#include "event/merge.h"

static bool is_before(struct merge_item a, struct merge_item b)
{
	return a.time_ns != b.time_ns ? a.time_ns < b.time_ns : a.stream < b.stream;
}

/* Carry the item at @i down to where no child comes before it. */
static void sink_down(struct merge *merge, size_t i)
{
	struct merge_item *heap = merge->heap.items, moving = heap[i];
	size_t n = merge->heap.n;

	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && is_before(heap[child + 1], heap[child]))
			child++;
		if (!is_before(heap[child], moving))
			break;
		heap[i] = heap[child];
	}
	heap[i] = moving;
}

void merge_push(struct merge *merge, uint64_t time_ns, uint32_t stream)
{
	struct merge_item item = { .time_ns = time_ns, .stream = stream };
	size_t i = merge->heap.n;
	struct merge_item *heap;

	array_add(&merge->heap);
	heap = merge->heap.items;
	for (; i && is_before(item, heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = item;
}

bool merge_is_empty(const struct merge *merge)
{
	return !merge->heap.n;
}

struct merge_item merge_first(const struct merge *merge)
{
	return merge->heap.items[0];
}

void merge_replace_first(struct merge *merge, uint64_t time_ns)
{
	merge->heap.items[0].time_ns = time_ns;
	sink_down(merge, 0);
}

void merge_drop_first(struct merge *merge)
{
	merge->heap.items[0] = merge->heap.items[--merge->heap.n];
	if (merge->heap.n)
		sink_down(merge, 0);
}

void merge_release(struct merge *merge)
{
	array_release(&merge->heap);
}
