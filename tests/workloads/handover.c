/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: handover ROUNDS [NAP_USEC]
 * Eight threads in four pairs, each of which hands a byte back and forth: read, a piece of
 * work of always the same length or a nap, write.  Truth: all waits stand on run > turn,
 * and those for the byte on wait_turn > read.  Prints what a hand-over takes in its
 * pair, "WALL_NS CPU_NS".
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "burn.h"

#define N_PAIRS 4

static struct end {
	int from, to;
} ends[2 * N_PAIRS];
static long n_rounds = 20000;
static useconds_t nap_usec;

static NOINLINE void wait_turn(int fd)
{
	char c;

	if (read(fd, &c, 1) != 1)
		abort();
	NO_TAIL_CALL();
}

static NOINLINE void turn(const struct end *end)
{
	char c = 0;

	wait_turn(end->from);
	if (nap_usec)
		usleep(nap_usec);
	else
		spin(), spin();
	if (write(end->to, &c, 1) != 1)
		abort();
}

static void *run(void *arg)
{
	for (long i = 0; i < n_rounds; i++)
		turn(arg);
	return NULL;
}

/* A byte goes round in each pair: the first end's thread finds it waiting. */
static int tie(struct end *a, struct end *b)
{
	int ab[2], ba[2];

	if (pipe(ab) || pipe(ba))
		return -1;
	*a = (struct end){ ba[0], ab[1] };
	*b = (struct end){ ab[0], ba[1] };
	return write(ba[1], "", 1) == 1 ? 0 : -1;
}

int main(int argc, char **argv)
{
	pthread_t threads[2 * N_PAIRS];
	double n, start_ns;

	n_rounds = argc > 1 ? strtol(argv[1], NULL, 10) : n_rounds;
	nap_usec = argc > 2 ? (useconds_t)strtoul(argv[2], NULL, 10) : 0;
	n = 2.0 * N_PAIRS * (double)n_rounds;
	start_ns = (double)clock_ns(CLOCK_MONOTONIC);
	for (int i = 0; i < N_PAIRS; i++) {
		if (tie(&ends[2 * i], &ends[2 * i + 1]))
			return 1;
	}
	for (int i = 0; i < 2 * N_PAIRS; i++) {
		if (pthread_create(&threads[i], NULL, run, &ends[i]))
			return 1;
	}
	for (int i = 0; i < 2 * N_PAIRS; i++)
		pthread_join(threads[i], NULL);
	printf("%.0f %.0f\n", N_PAIRS * ((double)clock_ns(CLOCK_MONOTONIC) - start_ns) / n,
	       (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / n);
	return 0;
}
