/* SPDX-License-Identifier: GPL-2.0-only */
/* What the workloads share: burning CPU and knowing how much was burnt. */
#ifndef WORKLOADS_BURN_H
#define WORKLOADS_BURN_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#define NOINLINE __attribute__((noipa)) /* nor merged with one that looks the same */

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* CPU time of the calling thread. */
static inline uint64_t cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* Some tens of microseconds of arithmetic that the compiler cannot see through. */
static inline __attribute__((always_inline)) void spin(void)
{
	uint64_t x = 1;

	for (int i = 0; i < 20000; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		__asm__ volatile("" : "+r"(x));
	}
}

/* Burn CPU time in whatever function this is inlined into. */
static inline __attribute__((always_inline)) void burn_ns(uint64_t ns)
{
	uint64_t end = cpu_ns() + ns;

	while (cpu_ns() < end)
		spin();
}

/* The call before it cannot become a jump. */
#define NO_TAIL_CALL() __asm__ volatile("" ::: "memory")

/* Argument @i as a number of seconds, in ns; 1 s where there is none. */
static inline uint64_t seconds_arg(int argc, char **argv, int i)
{
	return (uint64_t)((argc > i ? strtod(argv[i], NULL) : 1.0) * 1e9);
}

#endif /* WORKLOADS_BURN_H */
