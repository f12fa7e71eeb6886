/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Chunks on their way from the thread that reads and inflates them to the one that
 * uses them, in order: few at a time, so that little memory is held.
 */
#ifndef DATA_AHEAD_H
#define DATA_AHEAD_H

#include <pthread.h>
#include <stdbool.h>

#include "data/chunk.h"

#define AHEAD_CHUNKS 2u

struct ahead {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct chunk chunks[AHEAD_CHUNKS]; /* number i at i % AHEAD_CHUNKS */
	size_t n_put, n_taken;
	bool has_ended;  /* no more will be put */
	bool is_stopped; /* no more will be taken */
};

void ahead_init(struct ahead *ahead);
void ahead_release(struct ahead *ahead); /* both sides are done */

/* Hand over @chunk, whose payload is taken in any case.  0, or -ECANCELED once it is stopped. */
int ahead_put(struct ahead *ahead, const struct chunk *chunk);
void ahead_end(struct ahead *ahead);

/* The next chunk, to be released; false: there is none any more. */
bool ahead_take(struct ahead *ahead, struct chunk *ret);
void ahead_stop(struct ahead *ahead);

#endif /* DATA_AHEAD_H */
