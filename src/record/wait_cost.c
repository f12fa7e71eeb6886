/* SPDX-License-Identifier: GPL-2.0-only */
#include "wait_cost.h"

#include <time.h>

#include "base/clock.h"

#define MEASURE_EACH    61   /* samples, of which one is measured: the clock is dear */
#define MAX_RECORDER_NS 4000 /* what takes longer met something for the first time */

/* What it takes to ask for the time, which is not the sample's. */
void wait_cost_init(struct wait_cost *cost)
{
	uint64_t least = UINT64_MAX, start_ns, ns;

	for (int i = 0; i < 10; i++) {
		start_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns;
		least = ns < least ? ns : least;
	}
	*cost = (struct wait_cost){ .clock_ns = least };
}

uint64_t wait_cost_begin(struct wait_cost *cost)
{
	return cost->n_taken++ % MEASURE_EACH ? 0 : clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t wait_cost_end(const struct wait_cost *cost, uint64_t begun)
{
	uint64_t taken_ns;

	if (!begun)
		return 0;
	taken_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun;
	taken_ns -= taken_ns < cost->clock_ns ? taken_ns : cost->clock_ns;
	return MEASURE_EACH * (taken_ns < MAX_RECORDER_NS ? taken_ns : MAX_RECORDER_NS);
}
