/* SPDX-License-Identifier: GPL-2.0-only */
#include "push_queue.h"

#include <stdlib.h>
#include <string.h>

void push_queue_drop(struct push_queue *queue)
{
	struct push_item *first = &queue->items[0];

	queue->n_bytes -= first->body.size;
	free(first->query);
	buf_release(&first->body);
	queue->n--;
	memmove(first, first + 1, queue->n * sizeof(*first));
}

void push_queue_add(struct push_queue *queue, char *query, struct buf *body)
{
	while (queue->n &&
	       (queue->n == PUSH_QUEUE_MAX || queue->n_bytes + body->size > PUSH_QUEUE_BYTES)) {
		push_queue_drop(queue);
		queue->n_dropped++;
	}
	queue->items[queue->n++] = (struct push_item){ query, *body };
	queue->n_bytes += body->size;
	*body = (struct buf){ 0 };
}

void push_queue_release(struct push_queue *queue)
{
	while (queue->n)
		push_queue_drop(queue);
}
