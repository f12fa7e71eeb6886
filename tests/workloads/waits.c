/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One thread that divides its time: sleeps 30 %, waits for a pipe 40 %, waits for a lock
 * 20 % and burns a CPU 10 %, each in a function of its own.  `waits SECONDS`.  A second
 * thread writes the pipe and holds the lock.  The truth, measured by the program itself,
 * is its output: NAME SECONDS WAITS a line, WAITS as the kernel counted its own switches
 * away: it need not wait where it had no CPU for so long.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "burn.h"

#define TURN_NS 10000000u

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int to_helper[2], to_main[2];
static double spent[4];
static long n_waits[4];

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static void nap_ns(uint64_t ns)
{
	struct timespec ts = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };

	nanosleep(&ts, NULL);
}

/* Tells the helper what to do: 'p' to write the pipe later, 'l' to take the lock at once. */
static void ask(char what)
{
	if (write(to_helper[1], &what, 1) != 1)
		abort();
}

static NOINLINE void wait_sleep(void)
{
	nap_ns(3 * TURN_NS);
	NO_TAIL_CALL();
}

static NOINLINE void wait_pipe(void)
{
	char c;

	if (read(to_main[0], &c, 1) != 1)
		abort();
	NO_TAIL_CALL();
}

static NOINLINE void wait_lock(void)
{
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
}

static NOINLINE void burn_cpu(void)
{
	burn_ns(TURN_NS);
}

static NOINLINE void hold_lock(void)
{
	char c = 'h';

	pthread_mutex_lock(&mutex);
	if (write(to_main[1], &c, 1) != 1)
		abort();
	nap_ns(2 * TURN_NS);
	pthread_mutex_unlock(&mutex);
}

static NOINLINE void write_pipe(void)
{
	char c = 'p';

	nap_ns(4 * TURN_NS);
	if (write(to_main[1], &c, 1) != 1)
		abort();
}

static void *help(void *arg)
{
	char what;

	(void)arg;
	while (read(to_helper[0], &what, 1) == 1) {
		if (what == 'p')
			write_pipe();
		else
			hold_lock();
	}
	return NULL;
}

static long switches(void)
{
	struct rusage use;

	getrusage(RUSAGE_THREAD, &use);
	return use.ru_nvcsw;
}

static void timed(int i, void (*fn)(void))
{
	uint64_t start = now_ns();
	long before = switches();

	fn();
	n_waits[i] += switches() - before;
	spent[i] += (double)(now_ns() - start) / 1e9;
}

/* Until the helper holds the lock; a short wait that belongs to none of the four. */
static NOINLINE void wait_held(void)
{
	char c;

	if (read(to_main[0], &c, 1) != 1)
		abort();
	NO_TAIL_CALL();
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "wait_sleep", "wait_pipe", "wait_lock", "burn_cpu" };
	uint64_t end = now_ns() + seconds_arg(argc, argv, 1);
	pthread_t helper;

	if (pipe(to_helper) || pipe(to_main) || pthread_create(&helper, NULL, help, NULL))
		abort();
	while (now_ns() < end) {
		timed(0, wait_sleep);
		ask('p');
		timed(1, wait_pipe);
		ask('l');
		wait_held();
		timed(2, wait_lock);
		timed(3, burn_cpu);
	}
	close(to_helper[1]);
	pthread_join(helper, NULL);
	for (int i = 0; i < 4; i++)
		printf("%s %.3f %ld\n", names[i], spent[i], n_waits[i]);
	return 0;
}
