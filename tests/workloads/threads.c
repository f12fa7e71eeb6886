/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: threads [THREADS [SECONDS]]
 * THREADS (64) threads, named worker-N, each burn SECONDS / THREADS of CPU.  Truth: equal
 * parts, all of it in thread_burn.
 */
#include <pthread.h>
#include <stdio.h>

#include "burn.h"

static NOINLINE void thread_burn(uint64_t ns)
{
	burn_ns(ns);
	NO_TAIL_CALL();
}

static void *start(void *ns)
{
	thread_burn(*(uint64_t *)ns);
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned int n = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 64;
	uint64_t ns = seconds_arg(argc, argv, 2) / n;
	pthread_t *threads = calloc(n, sizeof(*threads));
	char name[16];

	for (unsigned int i = 0; i < n; i++) {
		if (pthread_create(&threads[i], NULL, start, &ns))
			return 1;
		snprintf(name, sizeof(name), "worker-%hu", (unsigned short)i);
		pthread_setname_np(threads[i], name);
	}
	for (unsigned int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	return 0;
}
