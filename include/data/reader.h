/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording as a source of events.  A recording that is cut off or damaged
 * gives what is readable of it; reader_damage() says what is not.  It is read a
 * chunk at a time, never mapped: a file that shrinks meanwhile is one cut off.
 * What cannot be read twice (a pipe) is copied to an unnamed file in TMPDIR first.
 */
#ifndef DATA_READER_H
#define DATA_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "event/sink.h"

struct reader;

struct reader_damage {
	uint32_t n_gaps;        /* places where bytes could not be read as chunks */
	uint64_t skipped_bytes; /* in those gaps */
	uint64_t n_bad_events;  /* in whole chunks: undecodable, or of the wrong class */
	bool cut_off;           /* the file ends inside a chunk */
};

/* What stands in the file, for `info`. */
struct reader_chunk {
	uint64_t offset;
	uint64_t stored_bytes; /* with its header */
	uint64_t raw_bytes;
	uint64_t first_ns, last_ns;
	uint32_t kind;
	uint32_t n_events;
};

/* Which chunks to feed. */
enum reader_pass {
	READ_DEFS = 1,
	READ_EVENTS = 2,
	READ_ALL = READ_DEFS | READ_EVENTS, /* in file order */
};

/*
 * Open a recording ("-": standard input).  On failure returns -errno and puts a
 * sentence for people (what is wrong, what to do) into @message: not a recording,
 * empty, of a newer version, a directory, a perf.data file.
 */
int reader_open(const char *path, struct reader **ret, struct buf *message);
void reader_close(struct reader *reader);

/* Feed @sink.  May be called again, from the start.  0, what the sink returned, or -EIO. */
int reader_feed(struct reader *reader, enum reader_pass pass, struct event_sink *sink);

/* Complete after a feed of everything, or of each of the passes. */
struct reader_damage reader_damage(const struct reader *reader);

size_t reader_n_chunks(struct reader *reader);
struct reader_chunk reader_chunk(struct reader *reader, size_t i);
uint32_t reader_version(const struct reader *reader);
uint64_t reader_size_bytes(const struct reader *reader);

#endif /* DATA_READER_H */
