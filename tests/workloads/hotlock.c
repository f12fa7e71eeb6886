/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Eight threads that fight over one lock: `hotlock ROUNDS`.  Each sleeps with it for
 * some tens of microseconds, and spins as long without it.  It prints its wall-clock and its CPU time in
 * seconds, and on standard error what it waited: "CONTENTIONS SECONDS".
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "burn.h"

#define N_THREADS 8
#define NAP_NS    20000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t n_contentions, waited_ns; /* under the lock */

static NOINLINE void hold(void)
{
	struct timespec nap = { 0, NAP_NS };

	if (pthread_mutex_trylock(&lock)) {
		uint64_t start_ns = clock_ns(CLOCK_MONOTONIC);

		pthread_mutex_lock(&lock);
		n_contentions++;
		waited_ns += clock_ns(CLOCK_MONOTONIC) - start_ns;
	}
	nanosleep(&nap, NULL);
	pthread_mutex_unlock(&lock);
	NO_TAIL_CALL();
}

static void *run(void *arg)
{
	for (size_t i = (size_t)arg; i > 0; i--) {
		hold();
		spin();
	}
	return NULL;
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	uint64_t start_ns = clock_ns(CLOCK_MONOTONIC);
	pthread_t threads[N_THREADS];

	prctl(PR_SET_TIMERSLACK, 1);
	for (size_t i = 0; i < N_THREADS; i++)
		pthread_create(&threads[i], NULL, run, (void *)rounds);
	for (size_t i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%.4f %.4f\n", (double)(clock_ns(CLOCK_MONOTONIC) - start_ns) / 1e9,
	       (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9);
	fprintf(stderr, "%lu %.4f\n", (unsigned long)n_contentions, (double)waited_ns / 1e9);
	return 0;
}
