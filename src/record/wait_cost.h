/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What taking samples costs the recorder, by one in some that is measured: not what it costs
 * once to open a file, to compile rules or to learn a system call's number, as sampling
 * less would not save that.
 */
#ifndef RECORD_WAIT_COST_H
#define RECORD_WAIT_COST_H

#include <stdint.h>

struct wait_cost {
	uint64_t n_taken;
	uint64_t clock_ns; /* in each that is measured */
};

void wait_cost_init(struct wait_cost *cost);

/* Before and after a sample is taken; the latter returns the nanoseconds to count for it. */
uint64_t wait_cost_begin(struct wait_cost *cost);
uint64_t wait_cost_end(const struct wait_cost *cost, uint64_t begun);

#endif /* RECORD_WAIT_COST_H */
