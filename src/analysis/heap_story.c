/* SPDX-License-Identifier: GPL-2.0-only */
#include "heap_story.h"

#include <stdlib.h>

#include "analyses.h"
#include "base/human.h"
#include "heap.h"
#include "leaf.h"

#define MAX_POINTS  256u /* of the curve of what was in use */
#define LEAST_BYTES (1 << 20)
#define LEAST_PART  10 /* of what is in use */
#define LEAST_SURE  3  /* standard deviations */
#define STEADY_PART 10 /* of the growth, in each of the later quarters of the time */
#define N_QUARTERS  4
#define CALLS_SHOWN 2

struct point {
	uint64_t time_ns;
	int64_t bytes;
};

struct heap_story {
	struct model_observer observer; /* first */
	struct heap_report *report;     /* owned */
	ARRAY(struct point) points;
	uint64_t step_ns; /* between points at least */
};

/* The curve has less points the longer it gets. */
static void thin_out(struct heap_story *story)
{
	size_t kept = 0;

	for (size_t i = 0; i < story->points.n; i += 2)
		story->points.items[kept++] = story->points.items[i];
	story->points.n = kept;
	story->step_ns = 2 *
			 (story->points.items[kept - 1].time_ns - story->points.items[0].time_ns) /
			 MAX_POINTS;
}

/* Behind heap_objects, which has taken the event before. */
static void take(struct model_observer *observer, const struct event *event)
{
	struct heap_story *story = (struct heap_story *)observer;
	const struct point *last = story->points.n ? &story->points.items[story->points.n - 1] :
						     NULL;

	if ((event->kind != EVENT_ALLOC && event->kind != EVENT_RESIDENT_TOTALS) ||
	    !filter_has_time(story->report->objects.filter, event->time_ns) ||
	    (last && event->time_ns < last->time_ns + story->step_ns))
		return;
	*array_add(&story->points) =
		(struct point){ event->time_ns, story->report->objects.live_bytes };
	if (story->points.n == MAX_POINTS)
		thin_out(story);
}

struct heap_story *heap_story_begin(const struct analysis_input *input)
{
	struct heap_story *story = xcalloc(1, sizeof(*story));

	story->report = growth_begin(input);
	story->observer.event = take;
	model_observe(input->model, &story->observer);
	return story;
}

void heap_story_free(struct heap_story *story)
{
	model_ignore(story->report->objects.model, &story->observer);
	model_ignore(story->report->objects.model, &story->report->objects.observer);
	array_release(&story->points);
	heap_report_free(story->report);
	free(story);
}

/* At the end of a quarter of the time that the points span. */
static int64_t bytes_at(const struct heap_story *story, unsigned int quarter)
{
	const struct point *first = &story->points.items[0];
	const struct point *last = &story->points.items[story->points.n - 1], *point;
	uint64_t time_ns = first->time_ns + (last->time_ns - first->time_ns) * quarter / N_QUARTERS;
	int64_t bytes = first->bytes;

	array_for_each(point, &story->points) {
		if (point->time_ns <= time_ns)
			bytes = point->bytes;
	}
	return bytes;
}

static const char *manner(const struct heap_story *story)
{
	int64_t at[N_QUARTERS + 1], total, least = INT64_MAX;

	if (story->points.n < 2 * N_QUARTERS)
		return "";
	for (unsigned int i = 0; i <= N_QUARTERS; i++)
		at[i] = bytes_at(story, i);
	total = at[N_QUARTERS] - at[0];
	for (unsigned int i = 1; i < N_QUARTERS; i++) {
		if (at[i + 1] - at[i] < least)
			least = at[i + 1] - at[i];
	}
	if (total > 0 && least >= total / STEADY_PART)
		return ", steadily";
	return total > 0 && llabs(at[N_QUARTERS] - at[N_QUARTERS / 2]) < total / STEADY_PART ?
		       ", in the first half of the time" :
		       ", by fits and starts";
}

/* The stack that grew most, and by how much. */
static uint32_t find_most(const struct heap_report *report, int64_t *ret_bytes)
{
	const struct heap_row *row;
	uint32_t most = 0, stack;

	*ret_bytes = 0;
	array_for_each(row, &report->objects.rows) {
		struct heap_sum value = heap_value(report, row);

		if (!heap_stack(report, row, &stack) || value.bytes <= *ret_bytes)
			continue;
		*ret_bytes = value.bytes;
		most = stack;
	}
	return most;
}

static void put(const struct heap_story *story, const struct heap_sum *growth, struct buf *out)
{
	const struct heap_report *report = story->report;
	struct model_window window = model_window(report->objects.model);
	char bytes[HUMAN_SIZE], rate[HUMAN_SIZE], part[HUMAN_SIZE], *path;
	uint32_t stack;
	int64_t most;
	double seconds;

	filter_clip(report->objects.filter, &window.start_ns, &window.end_ns);
	seconds = (double)(window.end_ns - window.start_ns) / 1e9;
	stack = find_most(report, &most);
	path = leaf_path(report->objects.model, report->names, stack, CALLS_SHOWN);
	buf_printf(out, "%s grew by %s%s",
		   report->objects.is_resident ? "resident memory" : "memory in use",
		   human_bytes(bytes, (uint64_t)growth->bytes), manner(story));
	if (seconds > 0)
		buf_printf(out, ", %s a second",
			   human_bytes(rate, (uint64_t)((double)growth->bytes / seconds)));
	buf_printf(out, "; the most, %s, in %s", human_bytes(part, (uint64_t)most),
		   path ? path : "");
	free(path);
}

void heap_story_tell(struct heap_story *story, struct buf *out)
{
	struct heap_report *report = story->report;
	struct heap_sum growth = { 0 }, held = { 0 };
	const struct heap_row *row;
	uint32_t stack;

	if (!report->objects.has_any)
		return;
	heap_objects_finish(&report->objects);
	report->names = names_new(model_dictionary(report->objects.model));
	array_for_each(row, &report->objects.rows) {
		if (!heap_stack(report, row, &stack))
			continue;
		growth = heap_sum_add(growth, heap_value(report, row), 1);
		held = heap_sum_add(held, row->held, 1);
	}
	if (growth.bytes >= LEAST_BYTES && growth.bytes >= held.bytes / LEAST_PART &&
	    growth.bytes / LEAST_SURE >= heap_sum_error(&growth))
		put(story, &growth, out);
}
