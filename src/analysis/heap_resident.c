/* SPDX-License-Identifier: GPL-2.0-only */
#include "heap_objects.h"

#include "event/values.h"

#define PAGE_BYTES 4096.

static struct heap_looked *process_of(struct heap_resident *resident, uint32_t pid)
{
	uint64_t *index = map_insert(&resident->process_of, pid);

	if (!*index) {
		array_add(&resident->processes);
		*index = resident->processes.n;
	}
	return &resident->processes.items[*index - 1];
}

/* What was last said of the same as @now. */
static struct heap_slot *slot_of(struct heap_resident *resident, const struct event_resident *now)
{
	struct heap_looked *process = process_of(resident, now->pid);
	uint32_t which = now->mapping * RESIDENT_N_ORIGINS + now->origin;
	uint64_t *index = map_insert(&process->slot_of, (uint64_t)now->stack << 32 | which);

	if (!*index) {
		array_add(&process->slots);
		*index = process->slots.n;
	}
	return &process->slots.items[*index - 1];
}

static struct heap_sum sum_of(const struct event_resident *event)
{
	double error = (double)event->error;

	return (struct heap_sum){
		.n = event->samples,
		.bytes = event->bytes > INT64_MAX ? INT64_MAX : (int64_t)event->bytes,
		.objects = (double)event->bytes / PAGE_BYTES,
		.variance = error * error,
	};
}

/* What was touched between two looks.  A sample stands for a mean part of the bytes. */
static struct heap_sum touched(const struct event_resident *last, const struct event_resident *now)
{
	uint64_t n = now->faults > last->faults ? now->faults - last->faults : 0;
	uint64_t bytes = now->faulted > last->faulted ? now->faulted - last->faulted : 0;
	double weight = n ? (double)bytes / (double)n : 0;

	return (struct heap_sum){
		.n = n,
		.bytes = bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes,
		.objects = (double)bytes / PAGE_BYTES,
		.variance = weight > PAGE_BYTES ? (double)bytes * (weight - PAGE_BYTES) : 0,
	};
}

static void take_row(struct heap_objects *heap, const struct event *event)
{
	struct event_resident now = event->resident;
	struct heap_slot *slot;
	struct heap_row *row;

	if (now.mapping >= MAPPING_N_KINDS)
		now.mapping = MAPPING_ANONYMOUS;
	if (now.origin >= RESIDENT_N_ORIGINS)
		now.origin = RESIDENT_UNSEEN;
	slot = slot_of(&heap->resident, &now);
	slot->row =
		heap_row_index(heap, &(struct heap_row_key){
					     .stack = now.stack,
					     .task = model_task_now(heap->model, now.pid, now.pid),
					     .mapping = now.mapping,
					     .origin = now.origin,
				     });
	heap_row_change(heap, slot->row, sum_of(&slot->last), -1);
	heap_row_change(heap, slot->row, sum_of(&now), 1);
	row = &heap->rows.items[slot->row];
	if (filter_has_time(heap->filter, event->time_ns))
		row->allocated = heap_sum_add(row->allocated, touched(&slot->last, &now), 1);
	slot->last = now;
}

/* What was there when a process was found is not what it grew by. */
static void take_first_look(struct heap_objects *heap, const struct heap_looked *process)
{
	const struct heap_slot *slot;

	array_for_each(slot, &process->slots) {
		struct heap_row *row = &heap->rows.items[slot->row];

		if (slot->last.origin != RESIDENT_BEFORE)
			continue;
		heap_row_change(heap, slot->row, (struct heap_sum){ 0 }, 1);
		row->marked = heap_sum_add(row->marked, sum_of(&slot->last), 1);
	}
}

void heap_resident_take(struct heap_objects *heap, const struct event *event)
{
	struct heap_looked *process;

	if (event->kind == EVENT_RESIDENT) {
		take_row(heap, event);
		return;
	}
	process = process_of(&heap->resident, event->resident_totals.pid);
	process->totals = event->resident_totals;
	if (!process->has_looks && heap->mark == HEAP_MARK_START && heap->has_started)
		take_first_look(heap, process);
	process->has_looks = true;
}

void heap_resident_end(struct heap_objects *heap, uint32_t pid, bool is_exit)
{
	struct heap_looked *process;
	struct heap_slot *slot;

	if (!map_find(&heap->resident.process_of, pid))
		return;
	process = process_of(&heap->resident, pid);
	array_for_each(slot, &process->slots) {
		struct heap_sum sum = sum_of(&slot->last);
		struct heap_row *row;

		heap_row_change(heap, slot->row, sum, -1);
		row = &heap->rows.items[slot->row];
		if (is_exit)
			row->ended = heap_sum_add(row->ended, sum, 1);
		slot->last.bytes = slot->last.error = slot->last.samples = 0;
	}
	if (!is_exit) {
		process->totals = (struct event_resident_totals){ .pid = pid };
		return;
	}
	array_release(&process->slots); /* of who ends there are ever more */
	map_release(&process->slot_of);
}

void heap_resident_release(struct heap_resident *resident)
{
	struct heap_looked *process;

	array_for_each(process, &resident->processes) {
		array_release(&process->slots);
		map_release(&process->slot_of);
	}
	array_release(&resident->processes);
	map_release(&resident->process_of);
}
