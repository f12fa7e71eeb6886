/* SPDX-License-Identifier: GPL-2.0-only */
#include "perf_ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "record/perf_record.h"

#define MAX_RECORD 65536 /* a record's size is 16 bits wide */
#define LINE_BYTES 64    /* of a cache */
#define TOP_BYTES  640   /* of a record: what is used of it where a stack is shallow */

int perf_ring_map(struct perf_ring *ring, int fd, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *at = mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	*ring = (struct perf_ring){
		.page = at,
		.data = (unsigned char *)at + page,
		.size = size,
		.linear = xmalloc(MAX_RECORD),
	};
	return 0;
}

void perf_ring_unmap(struct perf_ring *ring)
{
	if (ring->page)
		munmap(ring->page, (size_t)(ring->data - (unsigned char *)ring->page) + ring->size);
	free(ring->linear);
	*ring = (struct perf_ring){ 0 };
}

void perf_ring_look(struct perf_ring *ring)
{
	ring->head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
}

static void copy_out(const struct perf_ring *ring, uint64_t from, void *to, size_t size)
{
	size_t at = from & (ring->size - 1), first = ring->size - at;

	if (first > size)
		first = size;
	memcpy(to, ring->data + at, first);
	memcpy((char *)to + first, ring->data, size - first);
}

static struct perf_event_header header_at(const struct perf_ring *ring, uint64_t at)
{
	struct perf_event_header header; /* 8-byte aligned, so it does not wrap */

	memcpy(&header, ring->data + (at & (ring->size - 1)), sizeof(header));
	return header;
}

static void prefetch(const struct perf_ring *ring, uint64_t at)
{
	__builtin_prefetch(ring->data + (at & (ring->size - 1)));
}

/*
 * Another CPU wrote the records, so that their first use waits for its cache, and one stands
 * too far from the next to be guessed.  While a record is used, the next is fetched: its
 * head, registers and top of stack, its end with the stack's size, and the head behind it.
 */
static void fetch_next(const struct perf_ring *ring, size_t size)
{
	uint64_t at = ring->tail + size;
	size_t next;

	if (at >= ring->head)
		return;
	next = header_at(ring, at).size;
	for (size_t i = LINE_BYTES; i < next && i < TOP_BYTES; i += LINE_BYTES)
		prefetch(ring, at + i);
	prefetch(ring, at + next - 1);
	prefetch(ring, at + next);
}

bool perf_ring_peek(const struct perf_ring *ring, uint64_t *ret_time_ns)
{
	struct perf_event_header header;
	size_t offset;

	if (ring->tail == ring->head)
		return false;
	header = header_at(ring, ring->tail);
	fetch_next(ring, header.size);
	offset = perf_record_time_offset(&header);
	*ret_time_ns = 0;
	if (offset)
		copy_out(ring, ring->tail + offset, ret_time_ns, sizeof(*ret_time_ns));
	return true;
}

const void *perf_ring_first(struct perf_ring *ring, size_t *ret_size)
{
	size_t at = ring->tail & (ring->size - 1);
	size_t size = header_at(ring, ring->tail).size;

	*ret_size = size;
	if (at + size <= ring->size)
		return ring->data + at;
	copy_out(ring, ring->tail, ring->linear, size);
	return ring->linear;
}

void perf_ring_consume(struct perf_ring *ring, size_t size)
{
	ring->tail += size;
	__atomic_store_n(&ring->page->data_tail, ring->tail, __ATOMIC_RELEASE);
}
