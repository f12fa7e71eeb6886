/* SPDX-License-Identifier: GPL-2.0-only */
#include "data/reader.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "ahead.h"
#include "base/array.h"
#include "base/mem.h"
#include "data/chunk.h"
#include "event/codec.h"
#include "header.h"
#include "input.h"

#define WINDOW_BYTES (512u << 10) /* read at once; a window is larger only for a larger chunk */

struct reader {
	struct input input;
	struct buf window; /* a piece of the file */
	uint64_t window_offset;
	struct reader_damage damage;         /* without n_bad_events */
	uint64_t n_bad_events[CHUNK_EVENTS]; /* of the last feed of that kind, at kind - 1 */
	ARRAY(struct reader_chunk) chunks;
	bool has_chunks;
};

#define VISIT_DAMAGED 1

struct visitor {
	/* Take a chunk that stands in @data, at @offset of the file.  -errno ends the walk. */
	int (*visit)(struct visitor *visitor, const void *data, uint64_t offset,
		     struct chunk *chunk);
};

int reader_open(const char *path, struct reader **ret, struct buf *message)
{
	struct reader *reader = xcalloc(1, sizeof(*reader));
	int r = input_open(path, &reader->input, message);

	if (r) {
		free(reader);
		return r;
	}
	*ret = reader;
	return 0;
}

void reader_close(struct reader *reader)
{
	if (!reader)
		return;
	close(reader->input.fd);
	buf_release(&reader->window);
	array_release(&reader->chunks);
	free(reader);
}

/* Read the window anew: at least @want bytes from @offset, as far as there are. */
static int fill_window(struct reader *reader, uint64_t offset, size_t want)
{
	struct buf *window = &reader->window;
	size_t room = want > WINDOW_BYTES ? want : WINDOW_BYTES;

	buf_clear(window);
	buf_extend(window, room);
	window->size = 0;
	reader->window_offset = offset;
	while (window->size < want) {
		ssize_t got = pread(reader->input.fd, window->data + window->size,
				    room - window->size, (off_t)(offset + window->size));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		window->size += (size_t)got;
	}
	return 0;
}

/* The bytes at @offset, @want of them or as many as there are; they stay until the next call. */
static int look(struct reader *reader, uint64_t offset, size_t want, struct bytes *ret)
{
	uint64_t rest = reader->input.size_bytes - offset, skip;
	int r;

	if (want > rest)
		want = (size_t)rest;
	if (offset < reader->window_offset ||
	    offset + want > reader->window_offset + reader->window.size) {
		r = fill_window(reader, offset, want);
		if (r)
			return r;
	}
	skip = offset - reader->window_offset;
	ret->data = reader->window.data + skip;
	ret->size = reader->window.size - skip;
	return 0;
}

/* What stands at an offset of the file. */
struct place {
	const void *data;
	struct chunk chunk; /* without payload */
	ssize_t size;       /* of the chunk; 0: cut off by the file's end; -EBADMSG: damaged */
	uint64_t step;      /* if damaged: bytes not to look at again */
};

/*
 * A chunk whose header is right, but not its payload, is passed over whole: to look
 * for others in it would cost the square of a file that is all such headers.
 */
static int examine(struct reader *reader, uint64_t offset, struct place *ret)
{
	struct bytes head, whole;
	int r = look(reader, offset, CHUNK_HEADER_BYTES, &head);

	if (r)
		return r;
	*ret = (struct place){ .size = chunk_measure(head.data, head.size), .step = 1 };
	if (ret->size <= 0)
		return 0;
	r = look(reader, offset, (size_t)ret->size, &whole);
	if (r)
		return r;
	ret->data = whole.data;
	ret->step = (uint64_t)ret->size;
	ret->size = chunk_check(whole.data, whole.size, &ret->chunk);
	return 0;
}

/* Where behind a damaged place the next chunk may begin. */
static int find_next(struct reader *reader, uint64_t offset, uint64_t *ret)
{
	while (offset < reader->input.size_bytes) {
		struct bytes bytes;
		size_t at;
		int r = look(reader, offset, sizeof(uint32_t), &bytes);

		if (r)
			return r;
		if (!bytes.size)
			break;
		at = chunk_seek(bytes.data, bytes.size, 0);
		offset += at;
		if (at < bytes.size)
			break;
	}
	*ret = offset;
	return 0;
}

static int skip_damage(struct reader *reader, uint64_t *offset, uint64_t step, bool *is_in_gap)
{
	uint64_t next = *offset + step;
	int r = find_next(reader, next, &next);

	if (r)
		return r;
	reader->damage.n_gaps += !*is_in_gap;
	reader->damage.skipped_bytes += next - *offset;
	*is_in_gap = true;
	*offset = next;
	return 0;
}

static void begin_damage(struct reader *reader)
{
	reader->damage = (struct reader_damage){ 0 };
	if (reader->input.header_is_damaged) {
		reader->damage.n_gaps = 1;
		reader->damage.skipped_bytes = FILE_HEADER_BYTES;
	}
	reader->damage.cut_off = reader->input.size_bytes < FILE_HEADER_BYTES;
}

/* Take @visitor to every whole chunk, and count what is not one. */
static int walk(struct reader *reader, struct visitor *visitor)
{
	uint64_t offset = FILE_HEADER_BYTES;
	bool is_in_gap = reader->input.header_is_damaged;
	struct place place;
	int r = 0;

	begin_damage(reader);
	while (!r && offset < reader->input.size_bytes) {
		r = examine(reader, offset, &place);
		if (r || !place.size)
			break;
		if (place.size > 0)
			r = visitor->visit(visitor, place.data, offset, &place.chunk);
		if (place.size < 0 || r == VISIT_DAMAGED) {
			r = skip_damage(reader, &offset, place.step, &is_in_gap);
			continue;
		}
		offset += (uint64_t)place.size;
		is_in_gap = false;
	}
	if (!r && offset < reader->input.size_bytes)
		reader->damage.cut_off = true;
	return r;
}

/* Reads and inflates in a thread of its own, while what was read is put into the sink. */
struct feeder {
	struct visitor visitor;
	struct reader *reader;
	enum reader_pass pass;
	struct ahead ahead;
	int result;
};

static bool belongs(const struct event *event, uint32_t chunk_kind)
{
	return event_has_time(event->kind) == (chunk_kind == CHUNK_EVENTS);
}

/* Nothing that follows an event that cannot be decoded can be. */
static int feed_events(const struct chunk *chunk, struct event_sink *sink, uint64_t *n_bad)
{
	const unsigned char *at = chunk->payload.data, *end = at + chunk->payload.size;
	struct event_codec codec = { 0 };
	struct event event;
	uint32_t n = 0;
	int r = 0;

	for (; at < end && !r; n++) {
		ssize_t size = event_decode(&codec, at, (size_t)(end - at), &event);

		if (size < 0)
			break;
		at += size;
		if (!event.kind)
			continue;
		if (belongs(&event, chunk->kind))
			r = event_sink_put(sink, &event);
		else
			++*n_bad;
	}
	if (at < end && !r)
		*n_bad += chunk->n_events > n ? chunk->n_events - n : 1;
	return r;
}

static int hand_over(struct visitor *visitor, const void *data, uint64_t offset,
		     struct chunk *chunk)
{
	struct feeder *feeder = (struct feeder *)visitor;

	(void)offset;
	if (chunk->kind != CHUNK_DEFS && chunk->kind != CHUNK_EVENTS)
		return 0;
	if (!(chunk->kind & feeder->pass))
		return 0;
	if (chunk_inflate(data, chunk))
		return VISIT_DAMAGED;
	return ahead_put(&feeder->ahead, chunk);
}

static void *read_ahead(void *arg)
{
	struct feeder *feeder = arg;

	feeder->result = walk(feeder->reader, &feeder->visitor);
	ahead_end(&feeder->ahead);
	return NULL;
}

_Static_assert((int)READ_DEFS == (int)CHUNK_DEFS && (int)READ_EVENTS == (int)CHUNK_EVENTS,
	       "a kind of chunk is the bit of its pass");

static int feed(struct feeder *feeder, struct event_sink *sink)
{
	struct chunk chunk;
	int r = 0;

	while (!r && ahead_take(&feeder->ahead, &chunk)) {
		r = feed_events(&chunk, sink, &feeder->reader->n_bad_events[chunk.kind - 1]);
		chunk_release(&chunk);
	}
	ahead_stop(&feeder->ahead);
	return r;
}

int reader_feed(struct reader *reader, enum reader_pass pass, struct event_sink *sink)
{
	struct feeder feeder = { .visitor = { hand_over }, .reader = reader, .pass = pass };
	pthread_t thread;
	int r;

	for (unsigned int kind = CHUNK_DEFS; kind <= CHUNK_EVENTS; kind++) {
		if (pass & kind)
			reader->n_bad_events[kind - 1] = 0;
	}
	ahead_init(&feeder.ahead);
	r = -pthread_create(&thread, NULL, read_ahead, &feeder);
	if (!r) {
		r = feed(&feeder, sink);
		pthread_join(thread, NULL);
		r = r ? r : feeder.result;
	}
	ahead_release(&feeder.ahead);
	return r;
}

struct reader_damage reader_damage(const struct reader *reader)
{
	struct reader_damage damage = reader->damage;

	for (unsigned int kind = CHUNK_DEFS; kind <= CHUNK_EVENTS; kind++)
		damage.n_bad_events += reader->n_bad_events[kind - 1];
	return damage;
}

struct lister {
	struct visitor visitor;
	struct reader *reader;
};

static int list_chunk(struct visitor *visitor, const void *data, uint64_t offset,
		      struct chunk *chunk)
{
	struct lister *lister = (struct lister *)visitor;

	(void)data;
	*array_add(&lister->reader->chunks) = (struct reader_chunk){
		.offset = offset,
		.stored_bytes = CHUNK_HEADER_BYTES + (uint64_t)chunk->stored_size,
		.raw_bytes = chunk->raw_size,
		.first_ns = chunk->first_ns,
		.last_ns = chunk->last_ns,
		.kind = chunk->kind,
		.n_events = chunk->n_events,
	};
	return 0;
}

size_t reader_n_chunks(struct reader *reader)
{
	struct lister lister = { .visitor = { list_chunk }, .reader = reader };
	struct reader_damage damage = reader->damage;

	if (!reader->has_chunks)
		walk(reader, &lister.visitor);
	reader->has_chunks = true;
	reader->damage = damage;
	return reader->chunks.n;
}

struct reader_chunk reader_chunk(struct reader *reader, size_t i)
{
	return i < reader_n_chunks(reader) ? reader->chunks.items[i] : (struct reader_chunk){ 0 };
}

uint32_t reader_version(const struct reader *reader)
{
	return (uint32_t)reader->input.version;
}

uint64_t reader_size_bytes(const struct reader *reader)
{
	return reader->input.size_bytes;
}
