/* SPDX-License-Identifier: GPL-2.0-only */
#include "recording.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "cmd/command.h"
#include "event/dictionary.h"
#include "symbol/resolver.h"

#define NAME_BYTES    32   /* in the file for a frame's names; C++ takes 25, Rust more */
#define CLOSING_BYTES 4096 /* for what closes a recording */

/* What is to be named, for the time that takes. */
struct described {
	struct event_sink sink;
	struct dictionary *dictionary;
};

static int put_event(struct event_sink *sink, const struct event *event)
{
	struct recording *rec = (struct recording *)sink;

	if (!rec->writer)
		return event_sink_put(rec->early, event);
	if (event->kind == EVENT_FRAME)
		writer_reserve(rec->writer, NAME_BYTES);
	return event_sink_put(writer_sink(rec->writer), event);
}

static int describe(struct event_sink *sink, const struct event *event)
{
	dictionary_put(((struct described *)sink)->dictionary,
		       event); /* what it refuses has no name */
	return 0;
}

void recording_init(struct recording *rec)
{
	rec->sink.put = put_event;
}

int recording_open(struct recording *rec, const struct writer_options *options)
{
	int r = writer_open(options, &rec->writer);

	if (r)
		return err(r, "cannot write '%s': %s; choose another file with -o", options->path,
			   strerror(-r));
	writer_reserve(rec->writer, CLOSING_BYTES);
	return 0;
}

static void show_progress(void *arg, size_t done, size_t total, const char *what)
{
	(void)arg;
	status_line("resolving names: %zu of %zu  %s", done, total, what ? what : "");
}

static void put_count(struct recording *rec, struct definer *definer, const char *name,
		      uint64_t value)
{
	struct event event = {
		.kind = EVENT_COUNTER,
		.time_ns = clock_ns(CLOCK_MONOTONIC),
		.counter = { .name = definer_string(definer, name), .value = value },
	};
	event_sink_put(&rec->sink, &event);
}

/* Names that need not be looked for.  How many frames have them, or -errno. */
static ssize_t put_known(struct recording *rec, struct dictionary *described)
{
	uint32_t n = rec->known ? dictionary_n_frames(described) : 0;
	ssize_t n_known = 0;

	for (uint32_t id = 1; id <= n; id++) {
		struct dict_frame frame = dictionary_frame(rec->known, id);

		n_known += frame.n_names != 0;
		for (uint32_t i = 0; i < frame.n_names; i++) {
			const struct dict_name *from = &frame.names[i];
			struct event event = {
				.kind = EVENT_NAME,
				.name = { id, i, from->function, from->linkage, from->file,
					  from->line, from->start_line },
			};
			int r = event_sink_put(&rec->sink, &event);

			if (r)
				return r;
			dictionary_put(described, &event);
		}
	}
	return n_known;
}

int recording_resolve(struct recording *rec, struct recorder *recorder,
		      const volatile sig_atomic_t *stop)
{
	struct definer *definer = recorder_definer(recorder);
	struct resolver_options options = {
		.module_fd = recorder_module_fd,
		.progress = show_progress,
		.arg = recorder,
		.stop = stop,
	};
	struct described described = { { describe }, dictionary_new() };
	struct resolver_result result = { 0 };
	ssize_t n_known = 0;
	int r;

	r = rec->ring ? ring_describe(rec->ring, &described.sink) :
			definer_describe(definer, &described.sink);
	if (!r)
		n_known = put_known(rec, described.dictionary);
	r = n_known < 0 ? (int)n_known : r;
	if (!r)
		r = resolver_run(described.dictionary, &options, definer, &result);
	dictionary_free(described.dictionary);
	status_line("%s", "");
	if (r)
		return r;
	if (result.note[0])
		note("%s", result.note);
	put_count(rec, definer, "names.frames", result.n_frames + (size_t)n_known);
	put_count(rec, definer, "names.found", result.n_named + (size_t)n_known);
	if (!result.is_complete)
		warn("not all names were resolved (%zu of %zu); `sysprof report` tries again",
		     result.n_named, result.n_frames);
	return definer_error(definer);
}

int recording_explain(struct recording *rec, int error, const char *path)
{
	if (error == -EPIPE)
		return err(EXIT_FAILED, "cannot write '%s': the reader has gone", path);
	if (rec->writer && writer_is_empty(rec->writer)) {
		writer_abandon(rec->writer);
		rec->writer = NULL;
		return err(EXIT_FAILED, "cannot write '%s': %s; nothing was recorded", path,
			   strerror(-error));
	}
	return err(EXIT_FAILED, "cannot write '%s': %s; what was written before is readable", path,
		   strerror(-error));
}

int recording_close(struct recording *rec, const char *path, int status)
{
	int r = writer_close(rec->writer);

	rec->writer = NULL;
	return r && !status ? recording_explain(rec, r, path) : status;
}
