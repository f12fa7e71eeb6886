/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: handover ROUNDS
 * Eight threads in four pairs, each of which hands a byte to and fro: read, a piece of
 * work of always the same length, write.  Where two CPUs are free, some 45,000 switches a
 * second.  Truth: all waits stand on run > turn > wait_turn > read.  Prints the CPU time
 * of a hand-over, in ns.
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
	spin();
	spin();
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

	n_rounds = argc > 1 ? strtol(argv[1], NULL, 10) : n_rounds;
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
	printf("%.0f\n", (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) /
				 (2.0 * N_PAIRS * (double)n_rounds));
	return 0;
}
