/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One chunk of a recording: a header, then a deflated payload.
 *
 * A chunk is checked by itself: two checksums tell whether it is whole, so a
 * recording that a crash cut off is good up to its last whole chunk, and a
 * reader finds its way behind a damaged one.  The layout is in sysprof.data(5).
 */
#ifndef DATA_CHUNK_H
#define DATA_CHUNK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

/* On disk: append only. */
enum chunk_kind {
	CHUNK_DEFS = 1,    /* definition events */
	CHUNK_EVENTS = 2,  /* timed events */
	CHUNK_COLUMNS = 3, /* the same in columns: on disk only, taken for CHUNK_EVENTS */
};

#define CHUNK_HEADER_BYTES  48
#define CHUNK_PAYLOAD_BYTES (8u << 20) /* the most a payload may take, deflated or not */

struct chunk {
	uint32_t kind; /* enum chunk_kind; unknown kinds are skipped */
	uint32_t n_events;
	uint32_t stored_size; /* bytes on disk behind the header */
	uint32_t raw_size;    /* inflated, but as stored: in columns, where it is */
	bool is_in_columns;   /* on disk */
	uint64_t first_ns;    /* time of the first event and the last; 0 of CHUNK_DEFS */
	uint64_t last_ns;
	struct buf payload; /* inflated, an event after the other; owned */
};

/*
 * Append @chunk to @out, timed events in columns if that can be; its stored_size, raw_size and
 * is_in_columns are not looked at.
 */
void chunk_encode(struct buf *out, const struct chunk *chunk);

/*
 * Decode the chunk at the head of @data.  Returns the bytes it took, 0 if
 * @data ends before the chunk does, or -EBADMSG if the chunk is damaged.
 * @ret is written only when bytes were taken; release it with chunk_release().
 */
ssize_t chunk_decode(const void *data, size_t size, struct chunk *ret);
void chunk_release(struct chunk *chunk);

/*
 * chunk_decode() in two steps: check everything but leave the payload empty, then,
 * of a chunk so checked that starts at @data, fill it in.  The second returns 0 or -EBADMSG.
 */
ssize_t chunk_check(const void *data, size_t size, struct chunk *ret);
int chunk_inflate(const void *data, struct chunk *chunk);

/*
 * The bytes that the chunk at the head of @data takes, by its header alone; 0 and
 * -EBADMSG as above.
 */
ssize_t chunk_measure(const void *data, size_t size);

/* Where, at or behind @offset, the next chunk may begin: its magic; @size if nowhere. */
size_t chunk_seek(const void *data, size_t size, size_t offset);

#endif /* DATA_CHUNK_H */
