/* SPDX-License-Identifier: GPL-2.0-only */
/* Profiles that wait to be sent: bounded, the oldest is dropped for the newest, and counted. */
#ifndef CMD_PUSH_QUEUE_H
#define CMD_PUSH_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define PUSH_QUEUE_MAX   256u
#define PUSH_QUEUE_BYTES ((size_t)32 << 20)

struct push_item {
	char *query; /* owned */
	struct buf body;
};

struct push_queue {
	struct push_item items[PUSH_QUEUE_MAX]; /* the oldest first */
	size_t n, n_bytes;
	uint64_t n_dropped; /* for want of room */
};

/* Takes @query, and the content of @body. */
void push_queue_add(struct push_queue *queue, char *query, struct buf *body);

/* Forget the oldest, which is there. */
void push_queue_drop(struct push_queue *queue);
void push_queue_release(struct push_queue *queue);

#endif /* CMD_PUSH_QUEUE_H */
