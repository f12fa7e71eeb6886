// SPDX-License-Identifier: GPL-2.0-only
// std::atomic::wait: `atomics N`: a thread waits for g_turn.flag N times, which another one sets
// 3 ms after it was taken.  The library spins before it sleeps: the output is "slept TIMES", as the
// kernel counted that for the thread that waits.
#include <atomic>
#include <cstdio>
#include <thread>

#include <sys/resource.h>

#include "burn.h"

struct turn {
	long number;
	std::atomic<int> flag;
};

static struct turn g_turn;

static void nap(void)
{
	struct timespec ts = { 0, 3000000 };

	nanosleep(&ts, NULL);
}

static NOINLINE void give(int n)
{
	while (n-- > 0) {
		while (g_turn.flag.load())
			nap();
		nap();
		g_turn.flag.store(1);
		g_turn.flag.notify_one();
	}
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 100;
	std::thread giver(give, n);
	struct rusage before, after;

	getrusage(RUSAGE_THREAD, &before);
	for (int i = 0; i < n; i++) {
		g_turn.flag.wait(0);
		g_turn.flag.store(0);
	}
	getrusage(RUSAGE_THREAD, &after);
	giver.join();
	printf("slept %ld\n", after.ru_nvcsw - before.ru_nvcsw);
	return 0;
}
