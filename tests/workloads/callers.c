/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: callers ROUNDS [both]
 * Two threads that hand a byte back and forth, each blocking and waking below 4 KiB of frames:
 * always below by_one(), or, with "both", each fourth time below by_other(), whose frames are
 * of the same size: a thread then stands at the same place with the same stack pointer.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

struct end {
	int from, to;
};

static long n_rounds;
static int is_both;

static NOINLINE void hand_over(const struct end *end)
{
	volatile char frame[4096];
	char byte = 0;

	frame[0] = 0;
	if (write(end->to, &byte, 1) != 1 || read(end->from, &byte, 1) != 1)
		abort();
	(void)frame[0];
}

static NOINLINE void by_one(const struct end *end)
{
	hand_over(end);
	__asm__ volatile("");
}

static NOINLINE void by_other(const struct end *end)
{
	hand_over(end);
	__asm__ volatile("nop"); /* else the compiler makes one function of the two */
}

/* Which of them is not periodic: one in N waits is sampled, and may be of one kind always. */
static void *run(void *arg)
{
	for (long i = 0; i < n_rounds; i++) {
		if (is_both && ((unsigned int)i * 2654435761u) >> 30 == 0)
			by_other(arg);
		else
			by_one(arg);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int there[2], back[2];
	struct end ends[2];
	pthread_t thread;

	n_rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 100000;
	is_both = argc > 2 && !strcmp(argv[2], "both");
	if (pipe(there) || pipe(back))
		return 1;
	ends[0] = (struct end){ there[0], back[1] };
	ends[1] = (struct end){ back[0], there[1] };
	if (pthread_create(&thread, NULL, run, &ends[0]))
		return 1;
	run(&ends[1]);
	return pthread_join(thread, NULL);
}
