/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does nothing but malloc() and free(): 64 bytes to 1 KiB, sixteen blocks at a time. Prints
 * the nanoseconds of its own CPU time that a pair takes.  With the number of blocks, a power of two,
 * they have 16 to 259 bytes and are taken by chance: of 1024, memory is not all in the cache.
 *
 *     mallocs [PAIRS [BLOCKS]]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MAX_BLOCKS 65536

static void *volatile kept[MAX_BLOCKS];

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static void in_turn(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		free(kept[i % 16]);
		kept[i % 16] = malloc(64 + 64 * (i % 16));
	}
}

static void by_chance(unsigned long n, unsigned long blocks)
{
	uint64_t random = 88172645463325252u;

	for (unsigned long i = 0; i < n; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		free(kept[random & (blocks - 1)]);
		kept[random & (blocks - 1)] = malloc(16 + (random >> 32) % 244);
	}
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000000;
	unsigned long blocks = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	double start = cpu_ns();

	if (blocks > MAX_BLOCKS || blocks & (blocks - 1))
		return 1;
	if (blocks)
		by_chance(n, blocks);
	else
		in_turn(n);
	printf("%.2f\n", (cpu_ns() - start) / (double)n);
	return 0;
}
