/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring through which the kernel hands over the records of one CPU.  A record
 * stays in the ring, and its bytes valid, until it is consumed.
 */
#ifndef RECORD_PERF_RING_H
#define RECORD_PERF_RING_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct perf_ring {
	struct perf_event_mmap_page *page; /* NULL: not mapped */
	unsigned char *data;
	size_t size;           /* of data, a power of two */
	uint64_t head;         /* as of the last perf_ring_look() */
	uint64_t tail;         /* where the first record that is not consumed begins */
	unsigned char *linear; /* owned; a record that wraps is copied here */
};

/* Map the ring of @fd.  -errno; -EPERM: @size is more than may be locked. */
int perf_ring_map(struct perf_ring *ring, int fd, size_t size);
void perf_ring_unmap(struct perf_ring *ring);

void perf_ring_look(struct perf_ring *ring); /* see what the kernel has written by now */

/* The time of the first record that is left; false: none is. */
bool perf_ring_peek(const struct perf_ring *ring, uint64_t *ret_time_ns);

/* The first record and its size, good until it is consumed.  Only after a true peek. */
const void *perf_ring_first(struct perf_ring *ring, size_t *ret_size);
void perf_ring_consume(struct perf_ring *ring, size_t size);

#endif /* RECORD_PERF_RING_H */
