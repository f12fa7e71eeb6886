/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * OpenMP's barriers: `barriers N`: three threads wait N times for a fourth, which naps for 5 ms
 * before it comes.  Its output is "waited SECONDS", as the three measured it.
 */
#include <omp.h>
#include <stdio.h>

#include "burn.h"

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 100;
	uint64_t waited_ns = 0;

#pragma omp parallel num_threads(4) reduction(+ : waited_ns)
	for (int i = 0; i < n; i++) {
		struct timespec nap = { 0, 5000000 };
		uint64_t start_ns;

		if (!omp_get_thread_num())
			nanosleep(&nap, NULL);
		start_ns = clock_ns(CLOCK_MONOTONIC);
#pragma omp barrier
		if (omp_get_thread_num())
			waited_ns += clock_ns(CLOCK_MONOTONIC) - start_ns;
#pragma omp barrier
	}
	printf("waited %.4f\n", (double)waited_ns / 1e9);
	return 0;
}
