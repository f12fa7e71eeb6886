/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does nothing but malloc() and free(): 64 bytes to 1 KiB, sixteen blocks at a time. Prints
 * the nanoseconds of its own CPU time that a pair takes.
 *
 *     mallocs [PAIRS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
	static void *volatile kept[16];
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000000;
	double start = cpu_ns();

	for (unsigned long i = 0; i < n; i++) {
		free(kept[i % 16]);
		kept[i % 16] = malloc(64 + 64 * (i % 16));
	}
	printf("%.2f\n", (cpu_ns() - start) / (double)n);
	return 0;
}
