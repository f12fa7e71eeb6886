/* SPDX-License-Identifier: GPL-2.0-only */
#include "span.h"

#include <stdbool.h>

void spans_add(struct spans *spans, const struct span *span)
{
	if (span->start < span->end)
		*array_add(&spans->list) = *span;
}

static int compare_start(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->value < y->value ? -1 : x->value > y->value;
}

/* The heap holds indices into the sorted input; the highest (rank, index) is on top. */
struct heap {
	const struct span *spans;
	uint32_t *items;
	size_t n;
};

static bool above(const struct heap *heap, uint32_t a, uint32_t b)
{
	if (heap->spans[a].rank != heap->spans[b].rank)
		return heap->spans[a].rank > heap->spans[b].rank;
	return a > b;
}

static void heap_push(struct heap *heap, uint32_t item)
{
	size_t at = heap->n++;

	while (at && above(heap, item, heap->items[(at - 1) / 2])) {
		heap->items[at] = heap->items[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap->items[at] = item;
}

static void heap_pop(struct heap *heap)
{
	uint32_t item = heap->items[--heap->n];
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= heap->n)
			break;
		if (child + 1 < heap->n && above(heap, heap->items[child + 1], heap->items[child]))
			child++;
		if (!above(heap, heap->items[child], item))
			break;
		heap->items[at] = heap->items[child];
		at = child;
	}
	heap->items[at] = item;
}

static void emit(struct spans *out, uint64_t start, uint64_t end, const struct span *from)
{
	struct span *last = out->list.n ? &out->list.items[out->list.n - 1] : NULL;

	if (last && last->end == start && last->value == from->value)
		last->end = end;
	else
		spans_add(out, &(struct span){ start, end, from->rank, from->value });
}

/*
 * Sweep upwards.  At every step the heap holds what has begun; what has ended is
 * dropped only when it comes to the top, so each interval enters and leaves once.
 */
void spans_flatten(struct spans *spans)
{
	const struct span *in = spans->list.items;
	size_t n = spans->list.n, next = 0;
	struct heap heap = { in, xcalloc(n + 1, sizeof(uint32_t)), 0 };
	struct spans out = { 0 };
	uint64_t at = 0;

	if (n)
		qsort(spans->list.items, n, sizeof(*in), compare_start);
	while (next < n || heap.n) {
		const struct span *top;
		uint64_t end;

		if (!heap.n)
			at = in[next].start;
		while (next < n && in[next].start <= at)
			heap_push(&heap, (uint32_t)next++);
		top = &in[heap.items[0]];
		if (top->end <= at) {
			heap_pop(&heap);
			continue;
		}
		end = next < n && in[next].start < top->end ? in[next].start : top->end;
		emit(&out, at, end, top);
		at = end;
	}
	free(heap.items);
	spans_release(spans);
	*spans = out;
}

const struct span *spans_find(const struct spans *spans, uint64_t address)
{
	size_t low = 0, high = spans->list.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (spans->list.items[mid].end <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < spans->list.n && spans->list.items[low].start <= address)
		return &spans->list.items[low];
	return NULL;
}

void spans_release(struct spans *spans)
{
	array_release(&spans->list);
}
