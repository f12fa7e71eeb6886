/* SPDX-License-Identifier: GPL-2.0-only */
#include "memory_curve.h"

#include <stdlib.h>

#include "analyses.h"
#include "base/array.h"
#include "heap.h"
#include "leaf.h"

#define LEAST_STEP_NS 10000000u
#define MAX_STEPS     1000u
#define STACKS_SHOWN  5
#define CALLS_SHOWN   3

struct point {
	uint64_t time_ns;
	int64_t bytes;
};

struct series { /* of a stack; the first is of all */
	uint32_t stack;
	int64_t bytes, most;
	bool is_shown;
	ARRAY(struct point) points; /* where it changed */
};

struct memory_curve {
	struct model_observer observer; /* first */
	struct heap_report *report;     /* owned */
	ARRAY(struct series) series;
	struct map series_of;   /* stack → index */
	ARRAY(uint32_t) of_row; /* index of the series of each row */
	uint64_t start_ns, end_ns;
	uint64_t step_ns, next_ns; /* not before then is there another point */
	uint64_t last_ns;          /* when something changed last */
	bool has_changed;          /* since the last point */
};

static struct series *new_series(struct memory_curve *curve, uint32_t stack)
{
	struct series *series = array_add(&curve->series);

	series->stack = stack;
	return series;
}

/* Those of rows that came since the last time. */
static void find_series(struct memory_curve *curve)
{
	const struct heap_objects *heap = &curve->report->objects;

	while (curve->of_row.n < heap->rows.n) {
		uint32_t stack = heap->rows.items[curve->of_row.n].key.stack;
		uint64_t *index = map_insert(&curve->series_of, stack);

		if (!*index) {
			*index = curve->series.n;
			new_series(curve, stack);
		}
		*array_add(&curve->of_row) = (uint32_t)*index;
	}
}

/* What @series has now, if that is not what it had. */
static void add_point(struct series *series, uint64_t time_ns)
{
	const struct point *last = series->points.n ? &series->points.items[series->points.n - 1] :
						      NULL;

	if (series->bytes == (last ? last->bytes : 0))
		return;
	*array_add(&series->points) = (struct point){ time_ns, series->bytes };
	if (series->bytes > series->most)
		series->most = series->bytes;
}

static void add_points(struct memory_curve *curve)
{
	const struct heap_objects *heap = &curve->report->objects;
	struct series *series;

	find_series(curve);
	array_for_each(series, &curve->series)
		series->bytes = 0;
	for (size_t i = 0; i < heap->rows.n; i++) {
		const struct heap_row *row = &heap->rows.items[i];

		if (!filter_has_task(heap->filter, heap->model, row->key.task))
			continue;
		series = &curve->series.items[curve->of_row.items[i]];
		series->bytes = value_add(series->bytes, row->live.bytes);
		series = &curve->series.items[0];
		series->bytes = value_add(series->bytes, row->live.bytes);
	}
	array_for_each(series, &curve->series)
		add_point(series, curve->last_ns);
	curve->has_changed = false;
}

static bool changes_memory(const struct event *event)
{
	switch (event->kind) {
	case EVENT_ALLOC:
	case EVENT_FREE:
	case EVENT_RESIDENT:
		return true;
	case EVENT_EXIT:
		return event->exit.pid == event->exit.tid;
	case EVENT_COMM:
		return event->comm.exec != 0;
	default:
		return false;
	}
}

/* Before heap_objects takes the event: what it has is how things were until now. */
static void take(struct model_observer *observer, const struct event *event)
{
	struct memory_curve *curve = (struct memory_curve *)observer;

	if (!changes_memory(event) || event->time_ns >= curve->end_ns)
		return;
	if (event->time_ns >= curve->next_ns && event->time_ns >= curve->start_ns) {
		if (curve->has_changed)
			add_points(curve);
		curve->next_ns = event->time_ns + curve->step_ns;
	}
	curve->last_ns = event->time_ns > curve->start_ns ? event->time_ns : curve->start_ns;
	curve->has_changed = true;
}

struct memory_curve *memory_curve_begin(const struct analysis_input *input, uint64_t start_ns,
					uint64_t end_ns)
{
	struct memory_curve *curve = xcalloc(1, sizeof(*curve));

	curve->observer.event = take;
	curve->step_ns = (end_ns - start_ns) / MAX_STEPS;
	if (end_ns < start_ns || curve->step_ns < LEAST_STEP_NS)
		curve->step_ns = LEAST_STEP_NS;
	curve->start_ns = start_ns;
	curve->end_ns = end_ns;
	new_series(curve, 0);
	model_observe(input->model, &curve->observer);
	curve->report = heap_begin(input);
	return curve;
}

static struct series *find_most(struct memory_curve *curve)
{
	struct series *series, *most = NULL;

	array_for_each(series, &curve->series) {
		if (series != curve->series.items && !series->is_shown && series->most > 0 &&
		    (!most || series->most > most->most))
			most = series;
	}
	return most;
}

static void tell(const struct memory_curve *curve, const struct series *series, uint32_t number,
		 struct timeline_sink *sink)
{
	const struct heap_objects *heap = &curve->report->objects;
	const struct point *point;
	char *stack = number ? leaf_path(heap->model, curve->report->names,
					 heap_caller(curve->report, series->stack), CALLS_SHOWN) :
			       NULL;

	array_for_each(point, &series->points)
		sink->memory(sink, &(struct timeline_memory){
					   .series = number,
					   .stack = stack,
					   .time_ns = point->time_ns,
					   .bytes = point->bytes,
					   .is_resident = heap->is_resident,
				   });
	free(stack);
}

static void tell_all(struct memory_curve *curve, struct timeline_sink *sink)
{
	struct series *series;

	if (curve->has_changed)
		add_points(curve);
	curve->report->names = names_new(model_dictionary(curve->report->objects.model));
	tell(curve, &curve->series.items[0], 0, sink);
	for (uint32_t i = 1; i <= STACKS_SHOWN; i++) {
		series = find_most(curve);
		if (!series)
			break;
		series->is_shown = true;
		tell(curve, series, i, sink);
	}
}

void memory_curve_end(struct memory_curve *curve, struct timeline_sink *sink)
{
	struct model *model = curve->report->objects.model;
	struct series *series;

	if (sink->memory)
		tell_all(curve, sink);
	model_ignore(model, &curve->observer);
	model_ignore(model, &curve->report->objects.observer);
	array_for_each(series, &curve->series)
		array_release(&series->points);
	array_release(&curve->series);
	map_release(&curve->series_of);
	array_release(&curve->of_row);
	heap_report_free(curve->report);
	free(curve);
}
