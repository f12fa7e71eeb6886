/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that run, are preempted, yield, sleep and wait for each other, and what the
 * kernel accounted to each: "TID RUN_NS QUEUED_NS VOLUNTARY INVOLUNTARY" a line.
 * `accounts SECONDS`.  The accounts are read while all threads are blocked for good, as
 * the kernel brings those of a running thread up to date at ticks only.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "burn.h"

#define N_THREADS   10
#define SETTLE_USEC 100000

static uint64_t end_ns;
static int there[2], back[2], n_done;

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static void burn(void)
{
	while (now_ns() < end_ns)
		burn_ns(1000000);
}

static void burn_and_nap(void)
{
	while (now_ns() < end_ns) {
		burn_ns(1000000);
		usleep(1000);
	}
}

static void yield(void)
{
	while (now_ns() < end_ns) {
		burn_ns(100000);
		sched_yield();
	}
}

/* The other end is closed by who ends first. */
static void pass(int from, int to)
{
	char c = 0;

	while (now_ns() < end_ns) {
		if (write(to, &c, 1) != 1 || read(from, &c, 1) != 1)
			break;
		burn_ns(20000);
	}
	close(to);
}

static void ping(void)
{
	pass(back[0], there[1]);
}

static void pong(void)
{
	pass(there[0], back[1]);
}

static void (*const works[N_THREADS])(void) = {
	burn, burn, burn, burn_and_nap, burn_and_nap, burn_and_nap, yield, yield, ping, pong,
};

static pid_t tids[N_THREADS];

static void *run(void *arg)
{
	size_t i = (size_t)arg;

	tids[i] = (pid_t)syscall(SYS_gettid);
	works[i]();
	__atomic_add_fetch(&n_done, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
	return NULL;
}

static FILE *open_of(pid_t tid, const char *name)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", tid, name);
	file = fopen(path, "r");
	if (!file)
		abort();
	return file;
}

static void tell(pid_t tid)
{
	unsigned long long run_ns, queued_ns, n, voluntary = 0, involuntary = 0;
	FILE *file = open_of(tid, "schedstat");
	char line[256];

	if (fscanf(file, "%llu %llu", &run_ns, &queued_ns) != 2)
		abort();
	fclose(file);
	file = open_of(tid, "status");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "voluntary_ctxt_switches: %llu", &n) == 1)
			voluntary = n;
		if (sscanf(line, "nonvoluntary_ctxt_switches: %llu", &n) == 1)
			involuntary = n;
	}
	fclose(file);
	printf("%d %llu %llu %llu %llu\n", tid, run_ns, queued_ns, voluntary, involuntary);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	end_ns = now_ns() + seconds_arg(argc, argv, 1);
	signal(SIGPIPE, SIG_IGN);
	if (pipe(there) || pipe(back))
		abort();
	for (size_t i = 0; i < N_THREADS; i++) {
		if (pthread_create(&thread, NULL, run, (void *)i))
			abort();
	}
	while (__atomic_load_n(&n_done, __ATOMIC_SEQ_CST) < N_THREADS)
		usleep(SETTLE_USEC / 10);
	usleep(SETTLE_USEC);
	for (size_t i = 0; i < N_THREADS; i++)
		tell(tids[i]);
	return 0;
}
