/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread that plays smoothly, a millisecond of work and a millisecond of sleep in turn,
 * but for once: `stutter KIND SMOOTH_MS [STUTTER_MS]` lets it play for SMOOTH_MS, then for
 * STUTTER_MS (600 if not given)
 *   lock  hold the lock that it takes in each turn, or
 *   cpu   hold its CPU, by a thread of real-time priority (root),
 * tells "BEGIN END" of that, nanoseconds of CLOCK_MONOTONIC, and has it play on until killed.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static unsigned long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long)t.tv_sec * 1000000000u + (unsigned long long)t.tv_nsec;
}

static void sleep_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

static void work_ms(unsigned int ms)
{
	unsigned long long until = now_ns() + ms * 1000000ull;

	while (now_ns() < until)
		;
}

static void *play(void *arg)
{
	(void)arg;
	prctl(PR_SET_NAME, "player");
	for (;;) {
		pthread_mutex_lock(&lock);
		work_ms(1);
		pthread_mutex_unlock(&lock);
		sleep_ms(1);
	}
	return NULL;
}

/* Threads that are made later run there, too. */
static int stay_on_this_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static void hold_cpu(unsigned int ms)
{
	struct sched_param high = { .sched_priority = 1 }, none = { 0 };

	if (sched_setscheduler(0, SCHED_FIFO, &high)) {
		perror("sched_setscheduler");
		exit(1);
	}
	work_ms(ms);
	sched_setscheduler(0, SCHED_OTHER, &none);
}

/* Entered between the times that it tells. */
static __attribute__((noinline)) void tell(unsigned long long begin_ns)
{
	printf("%llu %llu\n", begin_ns, now_ns());
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned int smooth_ms = argc > 2 ? (unsigned int)atoi(argv[2]) : 0;
	unsigned int stutter_ms = argc > 3 ? (unsigned int)atoi(argv[3]) : 600;
	int is_lock = argc > 1 && !strcmp(argv[1], "lock");
	unsigned long long begin_ns;
	pthread_t player;

	if (argc < 3 || (!is_lock && strcmp(argv[1], "cpu") != 0))
		return 2;
	if (!is_lock && stay_on_this_cpu())
		return 1;
	pthread_create(&player, NULL, play, NULL);
	sleep_ms(smooth_ms);
	if (is_lock)
		pthread_mutex_lock(&lock);
	begin_ns = now_ns();
	if (is_lock)
		sleep_ms(stutter_ms);
	else
		hold_cpu(stutter_ms);
	tell(begin_ns);
	if (is_lock)
		pthread_mutex_unlock(&lock);
	pthread_join(player, NULL);
	return 0;
}
