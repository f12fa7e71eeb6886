/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * locks.c with C++'s own: `stdlocks KIND SECONDS`; KIND is mutex or shared.  The truth that it
 * prints is made in the same way.
 */
#include <cstdio>
#include <cstring>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "burn.h"

namespace app
{

enum holder { HOLD_A, HOLD_B, HOLD_C, N_HOLDERS };

struct tally { /* under its lock */
	unsigned long n = 0;
	uint64_t ns = 0;
};

template <typename Lock> struct slot {
	long version = 1;
	Lock lock;
	holder last = HOLD_A; /* who unlocked last */
	tally by_holder[N_HOLDERS];
};

template <typename Lock> struct server {
	slot<Lock> pool[2];
};

server<std::mutex> g_server;
server<std::shared_mutex> g_shared;

static uint64_t end_ns;

static uint64_t now_ns()
{
	return clock_ns(CLOCK_MONOTONIC);
}

static void nap_us(long us)
{
	struct timespec ts = { 0, us * 1000 };

	nanosleep(&ts, nullptr);
}

template <typename Lock> NOINLINE void take(slot<Lock> &slot)
{
	if (slot.lock.try_lock())
		return;
	uint64_t start_ns = now_ns();
	slot.lock.lock();
	tally &tally = slot.by_holder[slot.last];
	tally.n++;
	tally.ns += now_ns() - start_ns;
}

template <typename Lock>
inline __attribute__((always_inline)) void hold(slot<Lock> &slot, holder holder, long us)
{
	take(slot);
	nap_us(us);
	slot.last = holder;
	slot.lock.unlock();
	NO_TAIL_CALL();
}

template <typename Lock> NOINLINE void hold_a(slot<Lock> &slot)
{
	hold(slot, HOLD_A, 3000);
}

template <typename Lock> NOINLINE void hold_b(slot<Lock> &slot)
{
	hold(slot, HOLD_B, 1500);
}

template <typename Lock> NOINLINE void hold_c(slot<Lock> &slot)
{
	hold(slot, HOLD_C, 300);
}

template <typename Lock> void run(server<Lock> &server, int which)
{
	for (size_t i = which; now_ns() < end_ns; i++) {
		if (which == 0)
			hold_a(server.pool[0]);
		else if (which == 1)
			hold_b(server.pool[1]);
		else
			hold_c(server.pool[i % 2]);
		nap_us(which < 2 ? 2000 : 500);
	}
}

template <typename Lock> void report(const server<Lock> &server)
{
	static const char *const names[] = { "hold_a", "hold_b", "hold_c" };
	tally holders[N_HOLDERS];

	for (int l = 0; l < 2; l++) {
		tally lock;

		for (int h = 0; h < N_HOLDERS; h++) {
			const tally &tally = server.pool[l].by_holder[h];

			lock.n += tally.n;
			lock.ns += tally.ns;
			holders[h].n += tally.n;
			holders[h].ns += tally.ns;
		}
		printf("lock pool[%d] %lu %.4f\n", l, lock.n, (double)lock.ns / 1e9);
	}
	for (int h = 0; h < N_HOLDERS; h++)
		printf("holder %s %lu %.4f\n", names[h], holders[h].n,
		       (double)holders[h].ns / 1e9);
}

template <typename Lock> void work(server<Lock> &server)
{
	std::vector<std::thread> threads;

	for (int i = 0; i < 4; i++)
		threads.emplace_back([&server, i] { run(server, i); });
	for (auto &thread : threads)
		thread.join();
	report(server);
}

} // namespace app

int main(int argc, char **argv)
{
	app::end_ns = app::now_ns() + seconds_arg(argc, argv, 2);
	if (argc > 1 && !strcmp(argv[1], "shared"))
		app::work(app::g_shared);
	else
		app::work(app::g_server);
	return 0;
}
