/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who holds memory and who churns it, by the stack that allocated it; as Go's profiles, the
 * values are objects and bytes, allocated and in use.
 */
#include "heap.h"

#include <math.h>
#include <stdlib.h>

#include "analyses.h"
#include "base/human.h"

enum { VALUE_ALLOC_OBJECTS, VALUE_ALLOC_SPACE, VALUE_INUSE_OBJECTS, VALUE_INUSE_SPACE };

static void *begin(const struct analysis_input *input, enum heap_view view)
{
	struct heap_report *report = xcalloc(1, sizeof(*report));

	report->view = view;
	heap_objects_init(&report->objects, input,
			  view == HEAP_VIEW_GROWTH ? HEAP_MARK_START : HEAP_MARK_PEAK);
	return report;
}

void *heap_begin(const struct analysis_input *input)
{
	return begin(input, HEAP_VIEW_HELD);
}

void *allocs_begin(const struct analysis_input *input)
{
	return begin(input, HEAP_VIEW_ALLOCS);
}

void *peak_begin(const struct analysis_input *input)
{
	return begin(input, HEAP_VIEW_PEAK);
}

void *growth_begin(const struct analysis_input *input)
{
	return begin(input, HEAP_VIEW_GROWTH);
}

void *age_begin(const struct analysis_input *input)
{
	return begin(input, HEAP_VIEW_AGE);
}

void *leaks_begin(const struct analysis_input *input)
{
	return begin(input, HEAP_VIEW_LEAKS);
}

const char *heap_lack(const void *state)
{
	const struct heap_report *report = state;

	if (!report->objects.has_any)
		return "the recording holds no allocations; record with --heap, as root";
	if (report->objects.is_resident &&
	    (report->view == HEAP_VIEW_AGE || report->view == HEAP_VIEW_LEAKS))
		return "the recording tells what memory is resident, not when it was allocated; "
		       "for that, start the program with record --heap -- COMMAND";
	return NULL;
}

struct heap_sum heap_value(const struct heap_report *report, const struct heap_row *row)
{
	struct heap_sum growth;

	switch (report->view) {
	case HEAP_VIEW_PEAK:
		return row->marked;
	case HEAP_VIEW_LEAKS:
		return row->old;
	case HEAP_VIEW_GROWTH:
		growth = heap_sum_add(row->held, row->marked, -1);
		growth.n = row->held.n + row->marked.n - 2 * row->kept.n;
		growth.variance =
			row->held.variance + row->marked.variance - 2 * row->kept.variance;
		return growth; /* what was there all the time adds no doubt to the difference */
	default:
		return row->held;
	}
}

/* As the linker knows it, or as people do. */
static bool is_operator_new(const struct names *names, const struct levels *levels)
{
	struct function f = names_function(names, levels->items[levels->n - 1].function);

	return !strncmp(names_text(names, f.name), "operator new", 12);
}

uint32_t heap_caller(const struct heap_report *report, uint32_t stack)
{
	const struct dictionary *dict = model_dictionary(report->objects.model);

	while (stack) {
		struct dict_stack node = dictionary_stack(dict, stack);
		struct levels levels = names_frame(report->names, names_frame_of(node));

		if (!is_operator_new(report->names, &levels))
			break;
		stack = node.parent;
	}
	return stack;
}

bool heap_stack(const struct heap_report *report, const struct heap_row *row, uint32_t *ret)
{
	*ret = heap_caller(report, row->key.stack);
	return filter_has_task(report->objects.filter, report->objects.model, row->key.task);
}

void heap_report_free(struct heap_report *report)
{
	names_free(report->names);
	heap_objects_release(&report->objects);
	free(report);
}

/*
 * Objects are whole ones of a stack and task: where their rows are told apart by time, each has
 * what it adds to the rounded sum of those before.
 */
struct rounding {
	double objects;
	int64_t given;
};

struct roundings {
	struct map of_key; /* to an index + 1 */
	ARRAY(struct rounding) items;
};

static struct rounding *rounding_of(struct roundings *roundings, const struct heap_row_key *key,
				    uint32_t of)
{
	uint64_t kind = (uint64_t)key->mapping << 16 | key->origin << 8 | of;
	uint64_t who = (uint64_t)key->stack << 32 | key->task;
	uint64_t *id = map_insert(&roundings->of_key, hash_u64(hash_u64(who) ^ kind));

	if (!*id) {
		array_add(&roundings->items);
		*id = roundings->items.n;
	}
	return &roundings->items.items[*id - 1];
}

static int64_t whole(struct rounding *rounding, double objects)
{
	int64_t before = rounding->given;

	rounding->objects += objects > 0 ? objects : 0;
	rounding->given = rounding->objects < 9e18 ? llround(rounding->objects) : INT64_MAX;
	return rounding->given - before;
}

/* What became less is nothing that a picture of stacks could show. */
static void put_row(const struct heap_report *report, const struct heap_row *row,
		    struct profile *profile, struct roundings *roundings, int64_t *shrunk)
{
	struct profile_key key = {
		.task = row->key.task,
		.cpu = PROFILE_NO_CPU,
		.when = row->key.when,
	};
	struct heap_sum value = heap_value(report, row);
	int64_t values[PROFILE_MAX_VALUES] = {
		[VALUE_ALLOC_OBJECTS] =
			whole(rounding_of(roundings, &row->key, VALUE_ALLOC_OBJECTS),
			      row->allocated.objects),
		[VALUE_ALLOC_SPACE] = row->allocated.bytes,
	};

	heap_stack(report, row, &key.stack);
	if (value.bytes >= 0) {
		values[VALUE_INUSE_OBJECTS] = whole(
			rounding_of(roundings, &row->key, VALUE_INUSE_OBJECTS), value.objects);
		values[VALUE_INUSE_SPACE] = value.bytes;
	} else {
		*shrunk = value_add(*shrunk, -value.bytes);
	}
	values_add(profile->unfiltered, values);
	if (values[VALUE_ALLOC_SPACE] || values[VALUE_INUSE_SPACE] || values[VALUE_ALLOC_OBJECTS])
		values_add(profile_row(profile, &key)->values, values);
}

static int64_t rate_of(const struct model *model)
{
	const char *text = dictionary_meta(model_dictionary(model), "heap_rate");
	uint64_t rate;

	return text && !human_parse_number(text, 1, INT64_MAX, &rate) ? (int64_t)rate : 1;
}

void heap_profile(void *state, struct profile *ret)
{
	static const char *const names[] = { "heap", "allocs", "peak", "growth", "age", "leaks" };
	struct heap_report *report = state;
	struct model *model = report->objects.model;
	struct roundings roundings = { 0 };
	const struct heap_row *row;
	char human[HUMAN_SIZE];
	int64_t shrunk = 0;

	heap_objects_finish(&report->objects);
	report->names = names_new(model_dictionary(model));
	profile_init(ret, names[report->view], model);
	profile_add_type(ret, "alloc_objects", "count");
	profile_add_type(ret, "alloc_space", "bytes");
	profile_add_type(ret, "inuse_objects", "count");
	profile_add_type(ret, "inuse_space", "bytes");
	ret->default_type = report->view == HEAP_VIEW_ALLOCS ? VALUE_ALLOC_SPACE :
							       VALUE_INUSE_SPACE;
	ret->period_type = (struct value_type){ "space", "bytes" };
	ret->period = rate_of(model);
	array_for_each(row, &report->objects.rows)
		put_row(report, row, ret, &roundings, &shrunk);
	map_release(&roundings.of_key);
	array_release(&roundings.items);
	heap_note(report, &ret->notes);
	if (shrunk)
		audit_add(&ret->notes, false, "stacks whose memory became less are left out: %s",
			  human_bytes(human, (uint64_t)shrunk));
	profile_close(ret, report->objects.filter);
	heap_report_free(report);
}
