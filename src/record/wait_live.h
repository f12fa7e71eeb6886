/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that are blocked and of which no sample told: found by /proc, their stacks
 * read from their memory.
 */
#ifndef RECORD_WAIT_LIVE_H
#define RECORD_WAIT_LIVE_H

#include <stdint.h>

#include "base/map.h"
#include "stacks.h"
#include "wait_reason.h"

struct wait_live;

struct wait_live *wait_live_new(struct wait_reasons *reasons, struct stacks *stacks); /* borrowed */
void wait_live_free(struct wait_live *live);

/* What identifies a stack nearly always: the same thread at the same place and depth. */
static inline uint64_t wait_live_key(uint32_t tid, uint64_t ip, uint64_t sp)
{
	return hash_u64(tid ^ hash_u64(ip ^ hash_u64(sp)));
}

/*
 * Unwind the thread that stands at @call, as far as PC and SP lead: a frame that needs
 * another register ends the stack.  -EAGAIN: it went on meanwhile; -errno.
 */
int wait_live_unwind(struct wait_live *live, const struct wait_call *call, uint32_t *ret_stack);

#endif /* RECORD_WAIT_LIVE_H */
