/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What holders do while others wait, on purpose.  `holders KIND SECONDS`, where KIND is
 *   pipe      reads a pipe, which is filled 20 ms later, with g_pipe.lock
 *   nested    waits for g_inner.lock with g_outer.lock; whoever has the former sleeps for 20 ms
 *   starved   runs for 8 ms with g_starved.lock, on a CPU that four other threads never leave
 *   inverted  runs for 1 ms with g_inverted.lock, nice, on a CPU that another thread never leaves
 *   convoy    six threads take g_convoy.lock in turn, for 20 ms each, and come back soon
 * and another thread tries to take the first lock all the time.  Its output is "waited SECONDS
 * TIMES": how long that one, or all of the convoy, waited for it.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "burn.h"

#define N_CONVOY 6

struct guarded {
	long value;
	pthread_mutex_t lock;
};

static struct guarded g_pipe = { .lock = PTHREAD_MUTEX_INITIALIZER };
static struct guarded g_outer = { .lock = PTHREAD_MUTEX_INITIALIZER };
static struct guarded g_inner = { .lock = PTHREAD_MUTEX_INITIALIZER };
static struct guarded g_starved = { .lock = PTHREAD_MUTEX_INITIALIZER };
static struct guarded g_inverted = { .lock = PTHREAD_MUTEX_INITIALIZER };
static struct guarded g_convoy = { .lock = PTHREAD_MUTEX_INITIALIZER };
static struct guarded *wanted;
static uint64_t end_ns, waited_ns, n_waits;
static int ends[2];

static int is_over(void)
{
	return clock_ns(CLOCK_MONOTONIC) >= end_ns;
}

static void nap_us(unsigned int us)
{
	struct timespec ts = { us / 1000000, (long)(us % 1000000) * 1000 };

	nanosleep(&ts, NULL);
}

static NOINLINE void take(struct guarded *guarded)
{
	uint64_t start_ns;

	if (!pthread_mutex_trylock(&guarded->lock))
		return;
	start_ns = clock_ns(CLOCK_MONOTONIC);
	pthread_mutex_lock(&guarded->lock);
	__atomic_add_fetch(&waited_ns, clock_ns(CLOCK_MONOTONIC) - start_ns, __ATOMIC_RELAXED);
	__atomic_add_fetch(&n_waits, 1, __ATOMIC_RELAXED);
}

static void *want(void *arg)
{
	(void)arg;
	while (!is_over()) {
		take(wanted);
		pthread_mutex_unlock(&wanted->lock);
		nap_us(1000);
	}
	return NULL;
}

static void *fill(void *arg)
{
	(void)arg;
	while (!is_over()) {
		nap_us(20000);
		if (write(ends[1], "x", 1) < 0)
			break;
	}
	close(ends[1]);
	return NULL;
}

static NOINLINE void *hold_pipe(void *arg)
{
	char byte;

	(void)arg;
	while (!is_over()) {
		pthread_mutex_lock(&g_pipe.lock);
		while (read(ends[0], &byte, 1) < 0)
			;
		pthread_mutex_unlock(&g_pipe.lock);
		nap_us(2000);
	}
	return NULL;
}

static NOINLINE void *hold_inner(void *arg)
{
	(void)arg;
	while (!is_over()) {
		pthread_mutex_lock(&g_inner.lock);
		nap_us(20000);
		pthread_mutex_unlock(&g_inner.lock);
		nap_us(2000);
	}
	return NULL;
}

static NOINLINE void *hold_outer(void *arg)
{
	(void)arg;
	while (!is_over()) {
		pthread_mutex_lock(&g_outer.lock);
		pthread_mutex_lock(&g_inner.lock);
		pthread_mutex_unlock(&g_inner.lock);
		pthread_mutex_unlock(&g_outer.lock);
		nap_us(2000);
	}
	return NULL;
}

static void stay_on_first_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	for (int i = 0, n = 0; i < CPU_SETSIZE; i++) {
		if (CPU_ISSET(i, &set) && n++)
			CPU_CLR(i, &set);
	}
	sched_setaffinity(0, sizeof(set), &set);
}

static void *burn(void *arg)
{
	(void)arg;
	stay_on_first_cpu();
	while (!is_over())
		spin();
	return NULL;
}

static NOINLINE void *hold_inverted(void *arg)
{
	(void)arg;
	stay_on_first_cpu();
	setpriority(PRIO_PROCESS, 0, 10); /* of this thread */
	while (!is_over()) {
		pthread_mutex_lock(&g_inverted.lock);
		burn_ns(1000000);
		pthread_mutex_unlock(&g_inverted.lock);
		nap_us(2000);
	}
	return NULL;
}

static NOINLINE void *hold_starved(void *arg)
{
	(void)arg;
	stay_on_first_cpu();
	while (!is_over()) {
		pthread_mutex_lock(&g_starved.lock);
		burn_ns(8000000);
		pthread_mutex_unlock(&g_starved.lock);
		nap_us(2000);
	}
	return NULL;
}

static NOINLINE void *hold_convoy(void *arg)
{
	(void)arg;
	while (!is_over()) {
		take(&g_convoy);
		nap_us(20000);
		pthread_mutex_unlock(&g_convoy.lock);
		nap_us(200);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		struct guarded *wanted;
		void *(*threads[N_CONVOY])(void *);
	} kinds[] = {
		{ "pipe", &g_pipe, { hold_pipe, fill, want } },
		{ "nested", &g_outer, { hold_inner, hold_outer, want } },
		{ "starved", &g_starved, { hold_starved, burn, burn, burn, burn, want } },
		{ "inverted", &g_inverted, { hold_inverted, burn, want } },
		{ "convoy",
		  &g_convoy,
		  { hold_convoy, hold_convoy, hold_convoy, hold_convoy, hold_convoy, hold_convoy } },
	};
	pthread_t threads[N_CONVOY];
	size_t kind = 0, n = 0;

	while (kind < 4 && argc > 1 && strcmp(argv[1], kinds[kind].name) != 0)
		kind++;
	wanted = kinds[kind].wanted;
	end_ns = clock_ns(CLOCK_MONOTONIC) + seconds_arg(argc, argv, 2);
	if (pipe(ends))
		return 1;
	for (; n < N_CONVOY && kinds[kind].threads[n]; n++)
		pthread_create(&threads[n], NULL, kinds[kind].threads[n], NULL);
	while (n > 0)
		pthread_join(threads[--n], NULL);
	printf("waited %.4f %lu\n", (double)waited_ns / 1e9, (unsigned long)n_waits);
	return 0;
}
