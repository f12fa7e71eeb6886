/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads of one process that map, touch and unmap memory without pause: all of them want
 * the lock of its address space, which is a read-write semaphore.
 *
 *     mapper THREADS SECONDS
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define PAGE  4096u
#define PAGES 16u

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *map_and_unmap(void *seconds)
{
	double until = now() + *(const double *)seconds;

	while (now() < until) {
		char *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			exit(1);
		for (size_t i = 0; i < PAGES; i++)
			memory[i * PAGE] = 1;
		munmap(memory, PAGES * PAGE);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 4;
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 1;
	pthread_t *threads = calloc((size_t)n, sizeof(*threads));

	for (int i = 0; i < n; i++)
		pthread_create(&threads[i], NULL, map_and_unmap, &seconds);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	return 0;
}
