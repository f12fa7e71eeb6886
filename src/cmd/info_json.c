/* SPDX-License-Identifier: GPL-2.0-only */
#include "info.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"

/* JSON is UTF-8: what is not is escaped as in other output. */
static void set_escaped(json_t *object, const char *key, json_t *value)
{
	struct buf text = { 0 };

	escape_text(&text, key, strlen(key));
	json_object_set_new(object, buf_str(&text), value);
	buf_release(&text);
}

static json_t *escaped(const char *value)
{
	struct buf text = { 0 };
	json_t *string;

	escape_text(&text, value, strlen(value));
	string = json_string(buf_str(&text));
	buf_release(&text);
	return string;
}

/* Beyond what a JSON integer holds here a number is text: no digit may be lost. */
static json_t *number(uint64_t value)
{
	char text[24];

	if (value <= INT64_MAX)
		return json_integer((json_int_t)value);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return json_string(text);
}

static void add_meta(void *arg, const char *key, const char *value)
{
	set_escaped(arg, key, escaped(value));
}

static void add_counter(void *arg, const char *name, uint64_t value)
{
	set_escaped(arg, name, number(value));
}

static json_t *make_window(const struct model *model)
{
	struct model_window window = model_window(model);

	return json_pack("{s:o, s:o, s:o, s:b, s:b}", "start_ns", number(window.start_ns), "end_ns",
			 number(window.end_ns), "wall_ns", number(window.wall_ns), "has_start",
			 window.has_start, "has_end", window.has_end);
}

static json_t *make_trigger(const struct model *model)
{
	struct model_trigger trigger = model_trigger(model);
	struct model_thread thread = model_thread(model, model_task(model, trigger.task).thread);

	if (!trigger.time_ns)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "condition",
			 escaped(dictionary_string(model_dictionary(model), trigger.condition)),
			 "time_ns", number(trigger.time_ns), "duration_ns",
			 number(trigger.duration_ns), "tid", number(thread.tid));
}

static json_t *make_damage(const struct info *info)
{
	struct reader_damage damage = reader_damage(info->reader);

	return json_pack("{s:o, s:o, s:o, s:o, s:b}", "gaps", number(damage.n_gaps),
			 "skipped_bytes", number(damage.skipped_bytes), "bad_events",
			 number(damage.n_bad_events), "bad_definitions",
			 number(dictionary_n_refused(model_dictionary(info->model))), "cut_off",
			 damage.cut_off);
}

static json_t *make_chunk(const struct reader_chunk *chunk)
{
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "offset", number(chunk->offset),
			 "kind", info_chunk_kind(chunk->kind), "events", number(chunk->n_events),
			 "first_ns", number(chunk->first_ns), "last_ns", number(chunk->last_ns),
			 "raw_bytes", number(chunk->raw_bytes), "stored_bytes",
			 number(chunk->stored_bytes));
}

static json_t *make_chunks(const struct info *info)
{
	json_t *chunks = json_array();

	for (size_t i = 0; i < reader_n_chunks(info->reader); i++) {
		struct reader_chunk chunk = reader_chunk(info->reader, i);

		json_array_append_new(chunks, make_chunk(&chunk));
	}
	return chunks;
}

static json_t *make_events(const struct info *info)
{
	json_t *events = json_object();

	for (unsigned int kind = 1; kind < EVENT_N_KINDS; kind++) {
		if (info->n_events[kind])
			json_object_set_new(events, event_info(kind)->name,
					    number(info->n_events[kind]));
	}
	return events;
}

int info_print_json(const struct info *info)
{
	json_t *meta = json_object(), *counters = json_object(), *document;
	int r;

	dictionary_each_meta(model_dictionary(info->model), add_meta, meta);
	model_each_counter(info->model, add_counter, counters);
	document = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "format",
			     number(reader_version(info->reader)), "size_bytes",
			     number(reader_size_bytes(info->reader)), "window",
			     make_window(info->model), "trigger", make_trigger(info->model),
			     "damage", make_damage(info), "meta", meta, "counters", counters,
			     "events", make_events(info), "chunks", make_chunks(info));
	r = json_dumpf(document, stdout, JSON_INDENT(2));
	json_decref(document);
	return r || putchar('\n') == EOF ? -EIO : 0;
}
