/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Chunks on their way to the file: a thread deflates and writes them, in order, so that who
 * hands them over does not wait for a disk.  It has the priority of who made it, and no
 * signals.  Where no thread can be had, all is written at once.
 */
#ifndef DATA_BEHIND_H
#define DATA_BEHIND_H

#include "data/chunk.h"
#include "output.h"

#define BEHIND_MAX_BYTES (64u << 20) /* on their way, not deflated */

struct behind;

/*
 * Writes to @output, which stays the caller's, and has @written_bytes already.  A regular
 * file is cut off behind its last whole chunk once it cannot be written.
 */
struct behind *behind_new(const struct output *output, uint64_t written_bytes);

/* Drops what is not written yet.  NULL is fine. */
void behind_free(struct behind *behind);

/*
 * Hand over @chunk, whose payload is taken in any case.  It waits while more than
 * BEHIND_MAX_BYTES are on their way.  0, or the -errno of the first write that failed.
 */
int behind_put(struct behind *behind, const struct chunk *chunk);

int behind_error(const struct behind *behind); /* as behind_put(), without a lock */
int behind_wait(struct behind *behind);        /* until all is written; as behind_put() */

struct behind_state {
	int error; /* the first */
	uint64_t written_bytes;
	uint64_t pending_bytes; /* on their way, as if they were not to be deflated */
};

struct behind_state behind_state(struct behind *behind);

#endif /* DATA_BEHIND_H */
