/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rings of all CPUs: one a CPU for ticks and for what happens to processes, one for
 * tracepoints, so that a storm of switches costs neither a tick nor a mapping, one for probes, of
 * which none should be lost, and two for allocations, which are many, and for frees: what was
 * freed must not seem to be in use.
 */
#ifndef RECORD_RING_SET_H
#define RECORD_RING_SET_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "cpus.h"
#include "perf_ring.h"

enum ring_kind { RING_TICKS, RING_TRACEPOINTS, RING_PROBES, RING_ALLOCS, RING_FREES, N_RING_KINDS };

struct cpu_ring {
	uint32_t cpu;
	enum ring_kind kind;
	int leader; /* the descriptor whose ring the CPU's other events share; borrowed */
	struct perf_ring ring;
	uint64_t n_lost_told; /* by LOST records */
	bool is_offline;      /* its events are dead, also when the CPU comes back */
};

struct ring_set { /* all-zero but for ring_bytes is a valid empty one */
	ARRAY(struct cpu_ring) rings;
	ARRAY(struct pollfd) polls; /* parallel to rings */
	size_t ring_bytes[N_RING_KINDS];
};

void ring_set_release(struct ring_set *set);

/* The ring of @kind that @cpu writes to, or NULL.  Good until ring_set_add(). */
struct cpu_ring *ring_set_find(struct ring_set *set, uint32_t cpu, enum ring_kind kind);

/*
 * Map the ring of @fd, smaller than ring_bytes if no more may be locked, which then
 * holds for later ones.  0 or -errno.
 */
int ring_set_add(struct ring_set *set, uint32_t cpu, enum ring_kind kind, int fd);

/* CPUs that are not in @online are offline from now on. */
void ring_set_mark_offline(struct ring_set *set, const struct cpus *online);

/* Wait until a ring is half full or @timeout_ms passed.  Returns as poll() does. */
int ring_set_wait(struct ring_set *set, int timeout_ms);

/*
 * As large as @wanted, but not so that the rings of all CPUs together pass what is
 * bearable: a power of two.
 */
size_t ring_bytes_for(size_t wanted);

#define RING_BYTES_MAX (16u << 20)
#define RING_BYTES_MIN (128u << 10)

#endif /* RECORD_RING_SET_H */
