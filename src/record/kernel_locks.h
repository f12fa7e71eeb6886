/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waits for locks of the kernel's, as events: each is put together of where it began and
 * where it ended in the exact stream, and of a sample of its stack if there is one.
 */
#ifndef RECORD_KERNEL_LOCKS_H
#define RECORD_KERNEL_LOCKS_H

#include <stdint.h>

#include "base/array.h"
#include "base/map.h"
#include "event/definer.h"
#include "event/sink.h"
#include "life.h"
#include "stacks.h"
#include "trace_format.h"

struct kernel_lock_wait { /* that lasts */
	uint64_t key;
	uint64_t start_ns; /* 0: a sample came first */
	struct event_kernel_lock told;
};

struct kernel_locks { /* what it points to is borrowed */
	struct event_sink *sink;
	struct definer *definer;
	struct stacks *stacks;
	const struct life *life;
	ARRAY(struct kernel_lock_wait) waits;
	struct map by_key;  /* to an index + 1 */
	struct map objects; /* strings whose places were told */
};

void kernel_locks_init(struct kernel_locks *locks, struct event_sink *sink, struct stacks *stacks,
		       struct definer *definer, const struct life *life);

/* A record of TRACE_LOCK_BEGIN or _END. */
void kernel_locks_take(struct kernel_locks *locks, const struct trace_record *record);

/* Thread @tid was sampled, with @stack, where it began to wait for the lock at @address. */
void kernel_locks_sample(struct kernel_locks *locks, uint32_t tid, uint64_t address, uint32_t stack,
			 uint32_t period);

void kernel_locks_gap(struct kernel_locks *locks); /* events were lost */

/* The window closes: tell of those that still wait. */
void kernel_locks_finish(struct kernel_locks *locks, uint64_t end_ns);
void kernel_locks_forget_ids(struct kernel_locks *locks); /* the definer gives out new ones */
void kernel_locks_release(struct kernel_locks *locks);

#endif /* RECORD_KERNEL_LOCKS_H */
