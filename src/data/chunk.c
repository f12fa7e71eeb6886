/* SPDX-License-Identifier: GPL-2.0-only */
#include "data/chunk.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <zlib.h>

#include "base/mem.h"
#include "columns.h"

/*
 * A tenth smaller than level 1 for half as much time more; 6: 4 % smaller still, for twice the
 * time.  With little memory its codes fit each column better, by 2 to 6 %.
 */
#define LEVEL     4
#define MEM_LEVEL 6

static const unsigned char magic[4] = { 0x9f, 'S', 'P', 'C' };

struct chunk_header { /* as on disk, little-endian */
	unsigned char magic[4];
	uint32_t kind;
	uint32_t n_events;
	uint32_t raw_size;
	uint32_t stored_size;
	uint32_t payload_crc; /* of the stored bytes */
	uint64_t first_ns;
	uint64_t last_ns;
	uint32_t reserved;   /* 0 */
	uint32_t header_crc; /* of the fields above */
};
_Static_assert(sizeof(struct chunk_header) == CHUNK_HEADER_BYTES, "as in sysprof.data(5)");

static uint32_t header_crc(const struct chunk_header *h)
{
	return (uint32_t)crc32(0, (const void *)h, offsetof(struct chunk_header, header_crc));
}

static void begin_deflating(z_stream *stream, const struct buf *payload)
{
	stream->next_in = payload->data;
	stream->avail_in = (uInt)payload->size;
	if (deflateInit2(stream, LEVEL, Z_DEFLATED, MAX_WBITS, MEM_LEVEL, Z_DEFAULT_STRATEGY))
		abort(); /* only for want of memory */
}

/* Deflate @payload to the end of @out, behind room for a header. */
static void put_deflated(struct buf *out, const struct buf *payload, struct chunk_header *h)
{
	z_stream stream = { 0 };
	unsigned char *body;
	uLong room;

	begin_deflating(&stream, payload);
	room = deflateBound(&stream, payload->size);
	assert(room <= CHUNK_PAYLOAD_BYTES);
	body = (unsigned char *)buf_extend(out, sizeof(*h) + room) + sizeof(*h);
	stream.next_out = body;
	stream.avail_out = (uInt)room;
	if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
		abort(); /* it has as much room as it may need */
	deflateEnd(&stream);
	out->size -= room - stream.total_out;
	h->raw_size = htole32((uint32_t)payload->size);
	h->stored_size = htole32((uint32_t)stream.total_out);
	h->payload_crc = htole32((uint32_t)crc32(0, body, (uInt)stream.total_out));
}

void chunk_encode(struct buf *out, const struct chunk *chunk)
{
	struct buf columns = { 0 };
	bool has_columns = chunk->kind == CHUNK_EVENTS && columns_encode(&chunk->payload, &columns);
	struct chunk_header h = {
		.kind = htole32(has_columns ? CHUNK_COLUMNS : chunk->kind),
		.n_events = htole32(chunk->n_events),
		.first_ns = htole64(chunk->first_ns),
		.last_ns = htole64(chunk->last_ns),
	};
	size_t start = out->size;

	memcpy(h.magic, magic, sizeof(magic));
	put_deflated(out, has_columns ? &columns : &chunk->payload, &h);
	h.header_crc = htole32(header_crc(&h));
	memcpy(out->data + start, &h, sizeof(h));
	buf_release(&columns);
}

/* Read a header whose sum is right.  1, 0 if @data ends within it, or -EBADMSG. */
static int get_header(const void *data, size_t size, struct chunk_header *ret)
{
	if (memcmp(data, magic, size < sizeof(magic) ? size : sizeof(magic)))
		return -EBADMSG;
	if (size < sizeof(*ret))
		return 0;
	memcpy(ret, data, sizeof(*ret));
	if (le32toh(ret->header_crc) != header_crc(ret) ||
	    le32toh(ret->stored_size) > CHUNK_PAYLOAD_BYTES ||
	    le32toh(ret->raw_size) > CHUNK_PAYLOAD_BYTES)
		return -EBADMSG;
	return 1;
}

ssize_t chunk_measure(const void *data, size_t size)
{
	struct chunk_header h;
	int r = get_header(data, size, &h);

	return r > 0 ? (ssize_t)(sizeof(h) + le32toh(h.stored_size)) : r;
}

ssize_t chunk_check(const void *data, size_t size, struct chunk *ret)
{
	const unsigned char *body = (const unsigned char *)data + sizeof(struct chunk_header);
	struct chunk_header h;
	uint32_t stored, kind;
	int r = get_header(data, size, &h);

	if (r <= 0)
		return r;
	kind = le32toh(h.kind);
	stored = le32toh(h.stored_size);
	if (size - sizeof(h) < stored)
		return 0;
	if (crc32(0, body, stored) != le32toh(h.payload_crc))
		return -EBADMSG;
	*ret = (struct chunk){
		.kind = kind == CHUNK_COLUMNS ? CHUNK_EVENTS : kind,
		.is_in_columns = kind == CHUNK_COLUMNS,
		.n_events = le32toh(h.n_events),
		.stored_size = stored,
		.raw_size = le32toh(h.raw_size),
		.first_ns = le64toh(h.first_ns),
		.last_ns = le64toh(h.last_ns),
	};
	return (ssize_t)(sizeof(h) + stored);
}

/* zlib's own checksum is left out: the stored bytes have been checked by ours. */
static int inflate_all(const unsigned char *body, uint32_t stored, unsigned char *out, uint32_t raw)
{
	z_stream stream = {
		.next_in = (unsigned char *)body, /* it is not written to */
		.avail_in = stored,
		.next_out = out,
		.avail_out = raw,
	};
	int r = inflateInit(&stream);

	if (r != Z_OK)
		return r;
	inflateValidate(&stream, 0);
	r = inflate(&stream, Z_FINISH);
	inflateEnd(&stream);
	return r == Z_STREAM_END && !stream.avail_out ? 0 : -EBADMSG;
}

/* From columns to an event after the other. */
static int put_into_rows(struct buf *payload)
{
	struct buf rows = { 0 };
	int r = columns_decode(payload, &rows);

	buf_release(payload);
	*payload = rows;
	return r;
}

int chunk_inflate(const void *data, struct chunk *chunk)
{
	const unsigned char *body = (const unsigned char *)data + sizeof(struct chunk_header);
	uint32_t raw = chunk->raw_size;
	int r;

	chunk->payload = (struct buf){ .data = xmalloc(raw), .size = raw, .alloc = raw };
	r = inflate_all(body, chunk->stored_size, chunk->payload.data, raw);
	if (!r && chunk->is_in_columns)
		r = put_into_rows(&chunk->payload);
	if (r)
		chunk_release(chunk);
	return r ? -EBADMSG : 0;
}

ssize_t chunk_decode(const void *data, size_t size, struct chunk *ret)
{
	struct chunk chunk;
	ssize_t took = chunk_check(data, size, &chunk);

	if (took <= 0)
		return took;
	if (chunk_inflate(data, &chunk))
		return -EBADMSG;
	*ret = chunk;
	return took;
}

void chunk_release(struct chunk *chunk)
{
	buf_release(&chunk->payload);
}

size_t chunk_seek(const void *data, size_t size, size_t offset)
{
	const unsigned char *start = data, *at;

	while (offset < size) {
		at = memchr(start + offset, magic[0], size - offset);
		if (!at)
			return size;
		offset = (size_t)(at - start);
		if (!memcmp(at, magic,
			    size - offset < sizeof(magic) ? size - offset : sizeof(magic)))
			return offset;
		offset++;
	}
	return size;
}
