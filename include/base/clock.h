/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's clocks as nanoseconds. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* What @clock says now: CLOCK_MONOTONIC for all times of events. */
static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

#endif /* BASE_CLOCK_H */
