/* SPDX-License-Identifier: GPL-2.0-only */
#include "info.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "base/human.h"
#include "data/chunk.h"
#include "model/audit.h"

#define SECOND_NS UINT64_C(1000000000)

static void print_row(const char *name, const char *value)
{
	printf("%-22s %s\n", name, value);
}

static void print_count(const char *name, uint64_t n)
{
	char text[HUMAN_SIZE];

	print_row(name, human_count(text, n));
}

/* In UTC, for the reader may sit elsewhere. */
static void print_wall(uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / SECOND_NS);
	char text[64];
	struct tm tm;

	if (!wall_ns || !gmtime_r(&seconds, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm))
		snprintf(text, sizeof(text), "not said");
	print_row("recorded at", text);
}

static void print_window(const struct model *model)
{
	struct model_window window = model_window(model);
	char duration[HUMAN_SIZE];

	print_wall(window.wall_ns);
	printf("%-22s %s%s%s\n", "for", human_duration(duration, window.end_ns - window.start_ns),
	       window.has_start ? "" : "; its start is missing",
	       window.has_end ? "" : "; its end is missing: the recorder was stopped or killed");
}

static void print_trigger(const struct model *model)
{
	struct buf text = { 0 };

	if (audit_trigger(model, &text))
		print_row("triggered by", buf_str(&text));
	buf_release(&text);
}

static void print_meta(void *arg, const char *key, const char *value)
{
	struct buf name = { 0 }, text = { 0 };

	(void)arg;
	escape_text(&name, key, strlen(key));
	escape_text(&text, value, strlen(value));
	print_row(buf_str(&name), buf_str(&text));
	buf_release(&name);
	buf_release(&text);
}

static void print_counter(void *arg, const char *name, uint64_t value)
{
	struct buf escaped = { 0 };

	(void)arg;
	escape_text(&escaped, name, strlen(name));
	print_count(buf_str(&escaped), value);
	buf_release(&escaped);
}

static void print_events(const struct info *info)
{
	for (unsigned int kind = 1; kind < EVENT_N_KINDS; kind++) {
		if (info->n_events[kind])
			print_count(event_info(kind)->name, info->n_events[kind]);
	}
}

static void print_chunk(const struct reader_chunk *chunk, uint64_t start_ns)
{
	printf("%12" PRIu64 " %-11s %9" PRIu32 " %10" PRIu64 " %10" PRIu64, chunk->offset,
	       info_chunk_kind(chunk->kind), chunk->n_events, chunk->raw_bytes,
	       chunk->stored_bytes);
	if (chunk->kind == CHUNK_EVENTS)
		printf("  %+.6fs to %+.6fs", (double)(int64_t)(chunk->first_ns - start_ns) / 1e9,
		       (double)(int64_t)(chunk->last_ns - start_ns) / 1e9);
	putchar('\n');
}

static void print_chunks(const struct info *info)
{
	uint64_t start_ns = model_window(info->model).start_ns;

	printf("\n%12s %-11s %9s %10s %10s  %s\n", "OFFSET", "CHUNK", "EVENTS", "RAW BYTES",
	       "STORED", "TIME FROM START");
	for (size_t i = 0; i < reader_n_chunks(info->reader); i++) {
		struct reader_chunk chunk = reader_chunk(info->reader, i);

		print_chunk(&chunk, start_ns);
	}
}

static void print_size(const struct info *info)
{
	char size[HUMAN_SIZE], inflated[HUMAN_SIZE];
	size_t n = reader_n_chunks(info->reader);
	uint64_t raw_bytes = 0;

	for (size_t i = 0; i < n; i++)
		raw_bytes += reader_chunk(info->reader, i).raw_bytes;
	printf("%-22s %s in %zu chunks; %s inflated\n", "size",
	       human_bytes(size, reader_size_bytes(info->reader)), n,
	       human_bytes(inflated, raw_bytes));
}

static void print_damage(const struct info *info)
{
	struct reader_damage damage = reader_damage(info->reader);
	uint64_t n_refused = dictionary_n_refused(model_dictionary(info->model));
	char size[HUMAN_SIZE], n[HUMAN_SIZE];

	if (damage.n_gaps)
		printf("%-22s %s in %" PRIu32 " places could not be read\n", "damaged",
		       human_bytes(size, damage.skipped_bytes), damage.n_gaps);
	if (damage.n_bad_events)
		printf("%-22s %s could not be decoded\n", "bad events",
		       human_count(n, damage.n_bad_events));
	if (n_refused)
		printf("%-22s %s contradict others and were left out\n", "bad definitions",
		       human_count(n, n_refused));
	if (damage.cut_off)
		print_row("cut off", "the file ends in the middle of a chunk");
}

void info_print_text(const struct info *info, bool all_chunks)
{
	char version[16];

	print_row("recording", strcmp(info->path, "-") ? info->path : "standard input");
	snprintf(version, sizeof(version), "%" PRIu32, reader_version(info->reader));
	print_row("format",
		  reader_version(info->reader) ? version : "unknown: the header is damaged");
	print_window(info->model);
	print_trigger(info->model);
	print_size(info);
	print_damage(info);
	puts("\nWHAT THE RECORDER SAID");
	dictionary_each_meta(model_dictionary(info->model), print_meta, NULL);
	puts("\nWHAT IT COUNTED");
	model_each_counter(info->model, print_counter, NULL);
	puts("\nEVENTS");
	print_events(info);
	if (all_chunks)
		print_chunks(info);
}
