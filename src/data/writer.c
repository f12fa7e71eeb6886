/* SPDX-License-Identifier: GPL-2.0-only */
#include "data/writer.h"

#include <errno.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "behind.h"
#include "data/chunk.h"
#include "event/codec.h"
#include "header.h"
#include "output.h"

#define GATHER_BYTES    (256u << 10) /* of one kind, before it is written */
#define EVENT_MAX_BYTES (1u << 20)

/* What chunks of a few events take beyond the payload, the last event included. */
#define LIMIT_MARGIN_BYTES (2 * CHUNK_HEADER_BYTES + 256)

/* A chunk in the making. */
struct gathering {
	struct chunk chunk;
	struct event_codec codec;
};

struct writer {
	struct event_sink sink;
	struct output output;
	const char *path; /* borrowed */
	uint64_t max_size_bytes;
	uint64_t reserved_bytes; /* of them, for the end */
	struct behind *behind;
	struct gathering defs;
	struct gathering events;
};

static void gathering_clear(struct gathering *gathering, uint32_t kind)
{
	gathering->chunk = (struct chunk){ .kind = kind };
	gathering->codec = (struct event_codec){ 0 };
}

static int gathering_add(struct gathering *gathering, const struct event *event)
{
	struct event_codec before = gathering->codec;
	struct chunk *chunk = &gathering->chunk;
	size_t size = chunk->payload.size;

	event_encode(&gathering->codec, &chunk->payload, event);
	if (chunk->payload.size - size > EVENT_MAX_BYTES) {
		chunk->payload.size = size;
		gathering->codec = before;
		return -EMSGSIZE;
	}
	if (!chunk->n_events++)
		chunk->first_ns = event->time_ns;
	chunk->last_ns = event->time_ns;
	return 0;
}

static int push(struct writer *writer, struct gathering *gathering)
{
	uint32_t kind = gathering->chunk.kind;
	int r;

	if (!gathering->chunk.n_events)
		return 0;
	r = behind_put(writer->behind, &gathering->chunk);
	gathering_clear(gathering, kind);
	return r;
}

int writer_push(struct writer *writer)
{
	int r = push(writer, &writer->defs);

	return r ? r : push(writer, &writer->events);
}

int writer_flush(struct writer *writer)
{
	int r = writer_push(writer);

	return r ? r : behind_wait(writer->behind);
}

/*
 * Whether one more event might pass the limit.  What is gathered may count as if
 * it were not to be deflated at first: near the limit it is written to know better.
 */
static int check_limit(struct writer *writer)
{
	uint64_t gathered = writer->defs.chunk.payload.size + writer->events.chunk.payload.size;
	uint64_t max = writer->max_size_bytes, kept = LIMIT_MARGIN_BYTES + writer->reserved_bytes;
	struct behind_state state;
	int r;

	if (!max)
		return 0;
	state = behind_state(writer->behind);
	if (state.written_bytes + state.pending_bytes + gathered + kept <= max)
		return 0;
	r = writer_flush(writer);
	if (r)
		return r;
	return writer_size_bytes(writer) + kept <= max ? 0 : -EFBIG;
}

static int put(struct event_sink *sink, const struct event *event)
{
	struct writer *writer = (struct writer *)sink;
	bool has_time = event_info(event->kind)->has_time;
	struct gathering *gathering = has_time ? &writer->events : &writer->defs;
	int r = behind_error(writer->behind);

	if (!r && has_time)
		r = check_limit(writer);
	if (!r)
		r = gathering_add(gathering, event);
	if (!r && gathering->chunk.payload.size >= GATHER_BYTES)
		r = writer_push(writer);
	return r;
}

static void writer_free(struct writer *writer)
{
	behind_free(writer->behind);
	chunk_release(&writer->defs.chunk);
	chunk_release(&writer->events.chunk);
	free(writer);
}

static int write_header(const struct output *output)
{
	unsigned char header[FILE_HEADER_BYTES];

	file_header_encode(header);
	return file_write_fd(output->fd, header, sizeof(header));
}

int writer_open(const struct writer_options *options, struct writer **ret)
{
	struct writer *writer = xcalloc(1, sizeof(*writer));
	int r = output_open(options->path, &writer->output);

	if (r) {
		writer_free(writer);
		return r;
	}
	writer->sink.put = put;
	writer->path = options->path;
	writer->max_size_bytes = options->max_size_bytes;
	gathering_clear(&writer->defs, CHUNK_DEFS);
	gathering_clear(&writer->events, CHUNK_EVENTS);
	r = write_header(&writer->output);
	if (r) {
		output_undo(&writer->output, options->path);
		writer_free(writer);
		return r;
	}
	writer->behind = behind_new(&writer->output, FILE_HEADER_BYTES);
	*ret = writer;
	return 0;
}

int writer_check(const char *path)
{
	return output_check(path);
}

struct event_sink *writer_sink(struct writer *writer)
{
	return &writer->sink;
}

void writer_reserve(struct writer *writer, uint64_t bytes)
{
	writer->reserved_bytes += bytes;
}

void writer_lift_limit(struct writer *writer)
{
	writer->max_size_bytes = 0;
}

uint64_t writer_size_bytes(const struct writer *writer)
{
	return behind_state(writer->behind).written_bytes;
}

bool writer_is_empty(const struct writer *writer)
{
	return writer_size_bytes(writer) <= FILE_HEADER_BYTES;
}

void writer_abandon(struct writer *writer)
{
	if (!writer)
		return;
	behind_free(writer->behind);
	writer->behind = NULL;
	output_undo(&writer->output, writer->path);
	writer_free(writer);
}

int writer_close(struct writer *writer)
{
	int r;

	if (!writer)
		return 0;
	r = writer_flush(writer);
	if (close(writer->output.fd) && !r)
		r = -errno;
	writer_free(writer);
	return r;
}
