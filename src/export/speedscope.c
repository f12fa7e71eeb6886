/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * speedscope's own format: one profile a thread, of weighted stacks.  Of a timeline these
 * are the CPU samples in the order of time; of a profile its rows, which have no time.
 *
 * Its importer of pprof drops threads and inlined calls; this keeps both.  A frame is a
 * function, with the file that it is written in, else the one that holds its code.
 */
#include <errno.h>
#include <stdlib.h>

#include "exporters.h"
#include "json_stream.h"
#include "model/names.h"

#define SCHEMA "https://www.speedscope.app/file-format-schema.json"

struct scope_sample {
	uint32_t thread, stack;
	int64_t weight;
};

struct scope_thread {
	uint32_t id, order; /* in the order of the model's threads before; no use then */
	int64_t sum;
};

struct scope {
	struct timeline_sink sink; /* first */
	struct json_stream stream;
	struct model *model; /* borrowed, as is names */
	struct names *names;
	const char *what, *unit; /* as speedscope names them */
	ARRAY(struct scope_sample) samples;
	ARRAY(struct scope_thread)
	threads;                   /* by id, of which 0 is none; and then the largest first */
	struct map frame_of;       /* by function, from 1 */
	ARRAY(uint32_t) functions; /* of frames */
	ARRAY(uint32_t) path;      /* the frames of a stack, the innermost first */
};

static void scope_init(struct scope *scope, struct model *model, struct names *names, FILE *out)
{
	*scope = (struct scope){ .model = model, .names = names, .stream.out = out };
}

static void add_sample(struct scope *scope, uint32_t thread, uint32_t stack, int64_t weight)
{
	struct scope_thread *sums;

	if (weight <= 0)
		return;
	while (scope->threads.n <= thread) {
		sums = array_add(&scope->threads);
		sums->id = (uint32_t)scope->threads.n - 1;
	}
	sums = &scope->threads.items[thread];
	sums->sum = value_add(sums->sum, weight);
	*array_add(&scope->samples) = (struct scope_sample){ thread, stack, weight };
}

static uint32_t frame_of(struct scope *scope, uint32_t function)
{
	uint64_t *frame = map_insert(&scope->frame_of, function);

	if (!*frame) {
		*array_add(&scope->functions) = function;
		*frame = scope->functions.n;
	}
	return (uint32_t)*frame - 1;
}

static void add_frame(struct scope *scope, uint32_t frame)
{
	struct levels levels = names_frame(scope->names, frame);

	for (size_t i = 0; i < levels.n; i++)
		*array_add(&scope->path) = frame_of(scope, levels.items[i].function);
}

static void find_path(struct scope *scope, uint32_t stack)
{
	const struct dictionary *dict = model_dictionary(scope->model);

	scope->path.n = 0;
	if (!stack || stack > dictionary_n_stacks(dict)) {
		add_frame(scope, stack ? NAMES_UNDEFINED : NAMES_NO_STACK);
		return;
	}
	for (; stack; stack = dictionary_stack(dict, stack).parent)
		add_frame(scope, names_frame_of(dictionary_stack(dict, stack)));
}

static void put_stack(struct scope *scope, const struct scope_sample *sample, bool is_first)
{
	find_path(scope, sample->stack);
	json_stream_raw(&scope->stream, is_first ? "\n[" : ",\n[");
	for (size_t i = scope->path.n; i-- > 0;) {
		json_stream_number(&scope->stream, scope->path.items[i]);
		if (i)
			json_stream_raw(&scope->stream, ",");
	}
	json_stream_raw(&scope->stream, "]");
}

static void put_key(struct scope *scope, const char *key, const char *value)
{
	json_stream_raw(&scope->stream, ",\"");
	json_stream_raw(&scope->stream, key);
	json_stream_raw(&scope->stream, "\":");
	json_stream_string(&scope->stream, value);
}

static const char *name_of(struct scope *scope, uint32_t thread)
{
	const char *name = names_text(
		scope->names, names_string(scope->names, model_thread(scope->model, thread).name));

	return *name ? name : "[unnamed]";
}

/* "server (812): worker (815)"; a lock that nobody unlocked, say, is of no thread. */
static void put_thread_name(struct scope *scope, uint32_t thread)
{
	struct model_thread t = model_thread(scope->model, thread);
	struct buf name = { 0 };

	if (!thread) {
		put_key(scope, "name", "[no thread]");
		return;
	}
	buf_printf(&name, "%s (%u)", name_of(scope, t.leader ? t.leader : thread), t.pid);
	if (t.tid != t.pid)
		buf_printf(&name, ": %s (%u)", name_of(scope, thread), t.tid);
	put_key(scope, "name", buf_str(&name));
	buf_release(&name);
}

/* The samples of one thread stand together: those from @first to @end. */
static void put_profile(struct scope *scope, size_t first, size_t end, int64_t sum)
{
	const struct scope_sample *samples = scope->samples.items;

	json_stream_raw(&scope->stream, "\n{\"type\":\"sampled\"");
	put_thread_name(scope, samples[first].thread);
	put_key(scope, "unit", scope->unit);
	json_stream_raw(&scope->stream, ",\"startValue\":0,\"endValue\":");
	json_stream_number(&scope->stream, (uint64_t)sum);
	json_stream_raw(&scope->stream, ",\"samples\":[");
	for (size_t i = first; i < end; i++)
		put_stack(scope, &samples[i], i == first);
	json_stream_raw(&scope->stream, "],\"weights\":[");
	for (size_t i = first; i < end; i++) {
		json_stream_raw(&scope->stream, i == first ? "" : ",");
		json_stream_number(&scope->stream, (uint64_t)samples[i].weight);
	}
	json_stream_raw(&scope->stream, "]}");
}

static int compare_sums(const void *a, const void *b)
{
	const struct scope_thread *x = a, *y = b;

	if (x->sum != y->sum)
		return x->sum < y->sum ? 1 : -1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* Threads that ran most come first; the samples of each stay in their order. */
static void sort(struct scope *scope)
{
	size_t n = scope->samples.n;
	struct scope_sample *sorted = xcalloc(n + 1, sizeof(*sorted));
	size_t *next = xcalloc(scope->threads.n + 2, sizeof(*next));
	const struct scope_sample *sample;

	array_for_each(sample, &scope->samples)
		next[sample->thread + 1]++;
	for (size_t i = 1; i < scope->threads.n + 2; i++)
		next[i] += next[i - 1];
	for (size_t i = 0; i < scope->threads.n; i++)
		scope->threads.items[i].order = (uint32_t)next[i];
	array_for_each(sample, &scope->samples)
		sorted[next[sample->thread]++] = *sample;
	free(scope->samples.items);
	scope->samples.items = sorted;
	scope->samples.alloc = n + 1;
	free(next);
	if (scope->threads.n)
		qsort(scope->threads.items, scope->threads.n, sizeof(*scope->threads.items),
		      compare_sums);
}

static void put_profiles(struct scope *scope)
{
	const struct scope_thread *thread;
	const char *between = "";

	array_for_each(thread, &scope->threads) {
		size_t first = thread->order, end = first;

		if (!thread->sum)
			break;
		while (end < scope->samples.n && scope->samples.items[end].thread == thread->id)
			end++;
		json_stream_raw(&scope->stream, between);
		put_profile(scope, first, end, thread->sum);
		between = ",";
	}
}

static void put_frames(struct scope *scope)
{
	const uint32_t *id;

	array_for_each(id, &scope->functions) {
		struct function function = names_function(scope->names, *id);
		uint32_t file = function.file;

		if (!file)
			file = names_module_path(scope->names, function.module);
		json_stream_raw(&scope->stream, id == scope->functions.items ? "\n" : ",\n");
		json_stream_raw(&scope->stream, "{\"name\":");
		json_stream_string(&scope->stream, names_text(scope->names, function.name));
		if (file)
			put_key(scope, "file", names_text(scope->names, file));
		if (function.start_line) {
			json_stream_raw(&scope->stream, ",\"line\":");
			json_stream_number(&scope->stream, function.start_line);
		}
		json_stream_raw(&scope->stream, "}");
	}
}

/* Frames are known when all stacks are written, so they stand behind. */
static int finish(struct scope *scope)
{
	sort(scope);
	json_stream_raw(&scope->stream, "{\"$schema\":\"" SCHEMA "\"");
	put_key(scope, "exporter", "sysprof " SYSPROF_VERSION);
	put_key(scope, "name", scope->what);
	json_stream_raw(&scope->stream, ",\"activeProfileIndex\":0,\"profiles\":[");
	put_profiles(scope);
	json_stream_raw(&scope->stream, "],\"shared\":{\"frames\":[");
	put_frames(scope);
	json_stream_raw(&scope->stream, "]}}\n");
	array_release(&scope->samples);
	array_release(&scope->threads);
	array_release(&scope->functions);
	array_release(&scope->path);
	map_release(&scope->frame_of);
	return json_stream_finish(&scope->stream);
}

static void take_sample(struct timeline_sink *sink, const struct timeline_sample *sample)
{
	struct scope *scope = (struct scope *)sink;

	add_sample(scope, sample->thread, sample->stack,
		   sample->weight_ns > INT64_MAX ? INT64_MAX : (int64_t)sample->weight_ns);
}

static int end(struct timeline_sink *sink)
{
	struct scope *scope = (struct scope *)sink;
	int error = finish(scope);

	free(scope);
	return error;
}

struct timeline_sink *speedscope_timeline(const struct timeline_source *source, FILE *out)
{
	struct scope *scope = xcalloc(1, sizeof(*scope));

	scope_init(scope, source->model, source->names, out);
	scope->sink = (struct timeline_sink){ .sample = take_sample, .end = end };
	scope->what = "cpu";
	scope->unit = "nanoseconds";
	return &scope->sink;
}

int export_speedscope(const struct profile *profile, const struct export_options *options,
		      FILE *out)
{
	size_t value = options->value < 0 ? profile->default_type : (size_t)options->value;
	const char *unit = profile->types[value].unit;
	const struct profile_row *row;
	struct scope scope;

	scope_init(&scope, profile->model, profile->names, out);
	scope.what = profile->name;
	scope.unit = strcmp(unit, "count") != 0 ? unit : "none";
	array_for_each(row, &profile->rows)
		add_sample(&scope, model_task(profile->model, row->key.task).thread, row->key.stack,
			   row->values[value]);
	return finish(&scope);
}
