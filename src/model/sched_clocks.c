/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether the clocks of two sources agree: stacks of waits and the switches that they
 * were taken at come from different buffers, with times of their own.
 */
#include <stdlib.h>

#include "sched_state.h"

/* To the nearest of the switches before and behind a stack. */
static uint64_t distance(uint64_t before_ns, uint64_t time_ns, uint64_t behind_ns)
{
	uint64_t late = before_ns ? time_ns - before_ns : UINT64_MAX;
	uint64_t early = behind_ns - time_ns;

	return early < late ? early : late;
}

/* Where the switch itself is missing, its stack says nothing of clocks. */
static bool has_gap(const struct sched *sched, const struct slot *slot)
{
	size_t n = sched->gaps.n;

	return n && sched->gaps.items[n - 1].end_ns + JOIN_NS > slot->blocked_ns;
}

void sched_note_apart(struct sched *sched, const struct slot *slot, uint64_t now_ns)
{
	struct clocks *clocks = &sched->clocks;

	if (!slot->pending.time_ns || has_gap(sched, slot))
		return;
	clocks->apart_ns[clocks->n_apart++ % N_APART] =
		distance(slot->blocked_ns, slot->pending.time_ns, now_ns);
}

void sched_put_pending(struct sched *sched, struct slot *slot, uint64_t time_ns,
		       const struct sched_wait *wait)
{
	sched_note_apart(sched, slot, time_ns);
	slot->pending = (struct pending){ time_ns, *wait };
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct sched_clocks sched_clocks(const struct sched *sched)
{
	size_t n = sched->clocks.n_apart < N_APART ? sched->clocks.n_apart : N_APART;
	uint64_t sorted[N_APART];

	memcpy(sorted, sched->clocks.apart_ns, sizeof(sorted));
	qsort(sorted, n, sizeof(*sorted), compare);
	return (struct sched_clocks){
		.n_stacks = sched->clocks.n_stacks,
		.n_apart = sched->clocks.n_apart,
		.apart_ns = n ? sorted[n / 2] : 0,
	};
}
