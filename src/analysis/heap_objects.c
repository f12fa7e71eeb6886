/* SPDX-License-Identifier: GPL-2.0-only */
#include "heap_objects.h"

#include <math.h>

#define SECOND_NS 1000000000u
#define LATE_PART 10 /* the last tenth of the time: what it left may be freed yet */

/* The library that sees allocations is not who allocates: a file, or in memory. */
#define SHIM "libsysprof-heap.so"

static int64_t clamp(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

struct heap_sum heap_sum_add(struct heap_sum a, struct heap_sum b, int sign)
{
	a.n += sign < 0 ? 0 - b.n : b.n;
	a.bytes = value_add(a.bytes, sign < 0 ? -b.bytes : b.bytes);
	a.objects += sign * b.objects;
	a.variance += sign * b.variance;
	return a;
}

int64_t heap_sum_error(const struct heap_sum *sum)
{
	double error = sum->variance > 0 ? sqrt(sum->variance) : 0;

	return error < 9e18 ? llround(error) : INT64_MAX;
}

static struct heap_sum sum_of(const struct heap_object *object)
{
	double size = (double)object->size, weight = (double)object->weight;

	return (struct heap_sum){
		.n = 1,
		.bytes = clamp(object->weight),
		.objects = object->size && object->weight ? weight / size : 1,
		.variance = weight > size ? (weight - size) * weight : 0,
	};
}

static bool is_shim(const struct dictionary *dict, uint32_t frame)
{
	const char *path = dictionary_module(dict, dictionary_frame(dict, frame).module).path;
	const char *name = strrchr(path, '/');

	return !strcmp(path, "/memfd:" SHIM) || !strcmp(name ? name + 1 : path, SHIM);
}

static uint32_t caller_of_allocator(const struct heap_objects *heap, uint32_t stack)
{
	const struct dictionary *dict = model_dictionary(heap->model);
	struct dict_stack node = dictionary_stack(dict, stack);

	for (; stack && is_shim(dict, node.frame); node = dictionary_stack(dict, stack))
		stack = node.parent;
	return stack;
}

uint32_t heap_row_index(struct heap_objects *heap, const struct heap_row_key *key)
{
	struct map *row_of = &heap->row_of[key->mapping * RESIDENT_N_ORIGINS + key->origin];
	uint64_t who = (uint64_t)key->stack << 32 | key->task;
	uint64_t *index =
		map_insert(row_of, key->when.n ? hash_u64(hash_u64(who) ^ key->when.first) : who);

	if (!*index) {
		struct heap_row *row = array_add(&heap->rows);

		row->key = *key;
		row->marks = heap->marks;
		*index = heap->rows.n;
	}
	return (uint32_t)*index - 1;
}

/* Marking is but a number more: a row notes what it was when it changes next. */
static void look_at(const struct heap_objects *heap, struct heap_row *row)
{
	if (row->marks != heap->marks)
		row->marked = row->live;
	row->marks = heap->marks;
}

void heap_row_change(struct heap_objects *heap, uint32_t index, struct heap_sum sum, int sign)
{
	struct heap_row *row = &heap->rows.items[index];

	look_at(heap, row);
	row->live = heap_sum_add(row->live, sum, sign);
	heap->live_bytes = value_add(heap->live_bytes, sign < 0 ? -sum.bytes : sum.bytes);
}

static void look_for_peak(struct heap_objects *heap, uint64_t time_ns)
{
	if (heap->live_bytes <= heap->peak_bytes || !filter_has_time(heap->filter, time_ns))
		return;
	heap->peak_bytes = heap->live_bytes;
	heap->peak_ns = time_ns;
	if (heap->mark == HEAP_MARK_PEAK)
		heap->marks++;
}

static struct heap_process *process_of(struct heap_objects *heap, uint32_t pid)
{
	uint64_t *index = map_insert(&heap->process_of, pid);

	if (!*index) {
		array_add(&heap->processes);
		*index = heap->processes.n;
	}
	return &heap->processes.items[*index - 1];
}

static uint64_t key_of(uint32_t pid, uint64_t address)
{
	return hash_u64(address ^ hash_u64(pid));
}

static void forget(struct heap_objects *heap, struct heap_object *object)
{
	heap_row_change(heap, object->row, sum_of(object), -1);
	map_remove(&heap->object_of, key_of(object->pid, object->address));
	process_of(heap, object->pid)->n_objects--;
}

static void vacate(struct heap_objects *heap, struct heap_object *object)
{
	object->is_free = true;
	*array_add(&heap->vacant) = (uint32_t)(object - heap->objects.items);
}

static struct heap_object *find_object(struct heap_objects *heap, uint32_t pid, uint64_t address)
{
	const uint64_t *index = map_find(&heap->object_of, key_of(pid, address));

	return index ? &heap->objects.items[*index - 1] : NULL;
}

static void take_free(struct heap_objects *heap, uint32_t pid, uint64_t address, uint64_t time_ns)
{
	struct heap_object *object = find_object(heap, pid, address);
	struct heap_row *row;
	uint64_t age_ns;

	if (!object)
		return;
	row = &heap->rows.items[object->row];
	age_ns = time_ns > object->time_ns ? time_ns - object->time_ns : 0;
	if (filter_has_time(heap->filter, object->time_ns) && age_ns < SECOND_NS)
		row->freed_1s = value_add(row->freed_1s, clamp(object->weight));
	if (filter_has_time(heap->filter, object->time_ns) && age_ns < SECOND_NS / 1000)
		row->freed_1ms = value_add(row->freed_1ms, clamp(object->weight));
	forget(heap, object);
	vacate(heap, object);
}

static struct heap_object *new_object(struct heap_objects *heap)
{
	if (!heap->vacant.n)
		return array_add(&heap->objects);
	return &heap->objects.items[heap->vacant.items[--heap->vacant.n]];
}

static void take_alloc(struct heap_objects *heap, const struct event *event)
{
	const struct event_alloc *from = &event->alloc;
	uint32_t task = model_task_now(heap->model, from->pid, from->tid);
	struct heap_object *object = find_object(heap, from->pid, from->address);
	struct heap_row_key key = { .task = task, .when = slots_at(heap->slots, event->time_ns) };
	struct heap_row *row;

	if (object) {
		heap->n_replaced++;
		forget(heap, object);
		vacate(heap, object);
	}
	key.stack = caller_of_allocator(heap, from->stack);
	object = new_object(heap);
	*object = (struct heap_object){
		.address = from->address,
		.size = from->size,
		.weight = from->weight,
		.time_ns = event->time_ns,
		.row = heap_row_index(heap, &key),
		.pid = from->pid,
	};
	*map_insert(&heap->object_of, key_of(from->pid, from->address)) =
		(uint64_t)(object - heap->objects.items) + 1;
	process_of(heap, from->pid)->n_objects++;
	heap_row_change(heap, object->row, sum_of(object), 1);
	row = &heap->rows.items[object->row];
	if (filter_has_time(heap->filter, event->time_ns))
		row->allocated = heap_sum_add(row->allocated, sum_of(object), 1);
}

/*
 * The memory of a process is gone when it exits or becomes another program by exec.  What it
 * held when it exited is what a report of the end is about, all the same.
 */
static void end_process(struct heap_objects *heap, uint32_t pid, bool is_exit)
{
	struct heap_process *process = process_of(heap, pid);
	struct heap_object *object;

	heap_resident_end(heap, pid, is_exit);
	if (!process->n_objects)
		return;
	array_for_each(object, &heap->objects) {
		if (object->is_free || object->has_ended || object->pid != pid)
			continue;
		forget(heap, object);
		object->has_ended = is_exit;
		if (!is_exit)
			vacate(heap, object);
	}
}

/* True: the figures of a moment are as a whole. */
static bool take_figures(struct heap_objects *heap, const struct event *event)
{
	switch (event->kind) {
	case EVENT_ALLOC:
		take_alloc(heap, event);
		return true;
	case EVENT_FREE:
		take_free(heap, event->free.pid, event->free.address, event->time_ns);
		return true;
	case EVENT_RESIDENT:
	case EVENT_RESIDENT_TOTALS:
		heap_resident_take(heap, event);
		return event->kind == EVENT_RESIDENT_TOTALS;
	case EVENT_EXIT:
		if (event->exit.pid == event->exit.tid)
			end_process(heap, event->exit.pid, true);
		return true;
	case EVENT_COMM:
		if (event->comm.exec)
			end_process(heap, event->comm.pid, false);
		return true;
	default:
		return false;
	}
}

static void take(struct model_observer *observer, const struct event *event)
{
	struct heap_objects *heap = (struct heap_objects *)observer;
	const struct filter *filter = heap->filter;

	if (event->kind == EVENT_HEAP_TOTALS)
		process_of(heap, event->heap_totals.pid)->totals = event->heap_totals;
	heap->is_resident |= event->kind == EVENT_RESIDENT_TOTALS;
	heap->has_any |= heap->is_resident || event->kind == EVENT_ALLOC ||
			 event->kind == EVENT_HEAP_TOTALS;
	if (filter->has_until && event->time_ns >= filter->to_ns)
		return;
	if (!heap->has_started && heap->mark == HEAP_MARK_START &&
	    filter_has_time(filter, event->time_ns)) {
		heap->has_started = true;
		heap->marks++;
	}
	if (take_figures(heap, event))
		look_for_peak(heap, event->time_ns);
}

void heap_objects_init(struct heap_objects *heap, const struct analysis_input *input,
		       enum heap_mark mark)
{
	*heap = (struct heap_objects){
		.observer.event = take,
		.model = input->model,
		.filter = input->filter,
		.slots = input->slots,
		.mark = mark,
	};
	model_observe(input->model, &heap->observer);
}

static unsigned int age_of(uint64_t age_ns)
{
	static const uint64_t limits[N_AGES - 1] = { 1, 10, 60, 600 };
	unsigned int age = 0;

	while (age < N_AGES - 1 && age_ns >= limits[age] * SECOND_NS)
		age++;
	return age;
}

/* The time that the filter leaves of the window. */
static void span(const struct heap_objects *heap, uint64_t *ret_start_ns, uint64_t *ret_end_ns)
{
	struct model_window window = model_window(heap->model);

	*ret_start_ns = window.start_ns;
	*ret_end_ns = window.end_ns;
	filter_clip(heap->filter, ret_start_ns, ret_end_ns);
}

static double lesser(double a, double b)
{
	return a < b ? a : b;
}

/* What is resident is known as a whole only: what stayed is as much as can have. */
static void finish_resident(struct heap_objects *heap)
{
	struct heap_row *row;

	array_for_each(row, &heap->rows) {
		row->held = row->live;
		if (!heap->filter->has_until)
			row->held = heap_sum_add(row->held, row->ended, 1);
		row->kept.n = row->held.n < row->marked.n ? row->held.n : row->marked.n;
		row->kept.variance = lesser(row->held.variance, row->marked.variance);
	}
}

void heap_objects_finish(struct heap_objects *heap)
{
	const struct heap_object *object;
	uint64_t start_ns, end_ns, late_ns;
	struct heap_row *row;

	model_ignore(heap->model, &heap->observer);
	span(heap, &start_ns, &end_ns);
	late_ns = end_ns - (end_ns - start_ns) / LATE_PART;
	array_for_each(object, &heap->objects) {
		struct heap_sum sum = sum_of(object);
		uint64_t age_ns = end_ns > object->time_ns ? end_ns - object->time_ns : 0;
		int64_t *by_age;

		if (object->is_free || (object->has_ended && heap->filter->has_until))
			continue;
		row = &heap->rows.items[object->row];
		row->held = heap_sum_add(row->held, sum, 1);
		by_age = &row->by_age[age_of(age_ns)];
		*by_age = value_add(*by_age, sum.bytes);
		if (object->time_ns < late_ns)
			row->old = heap_sum_add(row->old, sum, 1);
		if (object->time_ns < start_ns)
			row->kept = heap_sum_add(row->kept, sum, 1);
	}
	array_for_each(row, &heap->rows)
		look_at(heap, row);
	if (heap->is_resident)
		finish_resident(heap);
}

void heap_objects_release(struct heap_objects *heap)
{
	array_release(&heap->rows);
	for (size_t i = 0; i < sizeof(heap->row_of) / sizeof(heap->row_of[0]); i++)
		map_release(&heap->row_of[i]);
	heap_resident_release(&heap->resident);
	array_release(&heap->objects);
	map_release(&heap->object_of);
	array_release(&heap->vacant);
	array_release(&heap->processes);
	map_release(&heap->process_of);
}
