/* SPDX-License-Identifier: GPL-2.0-only */
#include "ring_set.h"

#include <errno.h>
#include <unistd.h>

#define ALL_RINGS_BYTES (256u << 20) /* of one kind */

void ring_set_release(struct ring_set *set)
{
	struct cpu_ring *ring;

	array_for_each(ring, &set->rings)
		perf_ring_unmap(&ring->ring);
	array_release(&set->rings);
	array_release(&set->polls);
}

struct cpu_ring *ring_set_find(struct ring_set *set, uint32_t cpu, enum ring_kind kind)
{
	struct cpu_ring *ring;

	array_for_each(ring, &set->rings) {
		if (ring->cpu == cpu && ring->kind == kind && !ring->is_offline)
			return ring;
	}
	return NULL;
}

static int map_ring(struct perf_ring *ring, int fd, size_t *bytes)
{
	int r;

	for (;;) {
		r = perf_ring_map(ring, fd, *bytes);
		if ((r != -EPERM && r != -ENOMEM) || *bytes <= RING_BYTES_MIN)
			return r;
		*bytes /= 2;
	}
}

int ring_set_add(struct ring_set *set, uint32_t cpu, enum ring_kind kind, int fd)
{
	struct perf_ring mapped = { 0 };
	int r = map_ring(&mapped, fd, &set->ring_bytes[kind]);

	if (r)
		return r;
	*array_add(&set->rings) =
		(struct cpu_ring){ .cpu = cpu, .kind = kind, .leader = fd, .ring = mapped };
	*array_add(&set->polls) = (struct pollfd){ .fd = fd, .events = POLLIN };
	return 0;
}

static bool has_cpu(const struct cpus *cpus, uint32_t cpu)
{
	for (size_t i = 0; i < cpus->list.n; i++) {
		if (cpus->list.items[i] == cpu)
			return true;
	}
	return false;
}

void ring_set_mark_offline(struct ring_set *set, const struct cpus *online)
{
	struct cpu_ring *ring;

	array_for_each(ring, &set->rings)
		ring->is_offline |= !has_cpu(online, ring->cpu);
}

int ring_set_wait(struct ring_set *set, int timeout_ms)
{
	struct pollfd *p;
	int n = poll(set->polls.items, set->polls.n, timeout_ms);

	/* A ring whose tasks have all exited, or whose CPU went, would wake us for ever. */
	array_for_each(p, &set->polls) {
		if (p->revents & (POLLHUP | POLLERR))
			p->fd = -1;
	}
	return n;
}

size_t ring_bytes_for(size_t wanted)
{
	size_t share = ALL_RINGS_BYTES / (size_t)sysconf(_SC_NPROCESSORS_CONF);
	size_t bytes = RING_BYTES_MIN;

	if (wanted > share)
		wanted = share;
	while (bytes < wanted && bytes < RING_BYTES_MAX)
		bytes *= 2;
	return bytes;
}
