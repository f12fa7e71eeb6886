/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sink that writes a recording.  Definitions and events are gathered apart and
 * written as chunks, definitions first, so that whatever an event refers to
 * stands before it in the file.  A recording is a regular file, a character
 * device, a FIFO or standard output ("-").
 */
#ifndef DATA_WRITER_H
#define DATA_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "event/sink.h"

struct writer;

struct writer_options {
	const char *path; /* borrowed until the writer is closed */
	/*
	 * 0: no limit.  A timed event that would pass it gives -EFBIG.  Definitions
	 * are taken all the same: an event that was taken before may need them.
	 */
	uint64_t max_size_bytes;
};

/*
 * Open @path for a new recording.  An existing regular file becomes PATH.old
 * first; the new one is created with O_EXCL|O_NOFOLLOW, mode 0600, and given to
 * SUDO_UID:SUDO_GID when root runs under sudo.  Character devices, FIFOs and "-" are
 * written to as they are; a terminal is refused (-ENOTTY), and so is a symbolic
 * link to anything else (-ELOOP).  -errno on failure, and nothing is left behind.
 * Opening a FIFO waits for its reader.  Ignore SIGPIPE to be told of EPIPE.
 */
int writer_open(const struct writer_options *options, struct writer **ret);

/* For when the recording is to be written later: 0, or why writer_open() would fail now. */
int writer_check(const char *path);

/*
 * Chunks are deflated and written by a thread: put waits only while 64 MiB are on their
 * way.  It gives -errno once writing fails (ENOSPC, EIO, EPIPE, EFBIG): what was written
 * before is good.  -EMSGSIZE refuses one event of more than a mebibyte, no more.
 */
struct event_sink *writer_sink(struct writer *writer);

/* Have what has gathered written as chunks.  Call it once a second. */
int writer_push(struct writer *writer);

int writer_flush(struct writer *writer); /* the same, and wait until all is written */

/* Keep so much more of the limit free for what is written once it is lifted. */
void writer_reserve(struct writer *writer, uint64_t bytes);

/*
 * After -EFBIG: let the few events that end a recording (END, counters, names)
 * pass the limit.
 */
void writer_lift_limit(struct writer *writer);

uint64_t writer_size_bytes(const struct writer *writer); /* written so far */
bool writer_is_empty(const struct writer *writer);       /* no chunk is written */

/*
 * It was not to be: close and free without flushing, and put back what was at the
 * path before.  NULL is fine.
 */
void writer_abandon(struct writer *writer);

/* Flush, close, free.  0 or the first -errno.  NULL is fine. */
int writer_close(struct writer *writer);

#endif /* DATA_WRITER_H */
