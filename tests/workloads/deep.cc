/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: deep [SECONDS]
 * Two threads, each about 30 frames deep in C++ without frame pointers, burn 70 : 30 in
 * leaf_70 and leaf_30, in turns of random order and length.  Truth: below each leaf stand descend<0> … descend<29>, run and the
 * thread's start; each thread has half of the time.  Prints the rounds of both threads a
 * second, by wall time: what a profiler slows down; and all the CPU time that it took.
 */
#include <cstdio>
#include <thread>

#include "burn.h"

namespace deep
{
struct work {
	uint64_t sum = 0;
	uint64_t n_rounds = 0;
	uint64_t random = 42;
};

NOINLINE void leaf_70(work &w, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		spin();
	w.sum++;
	NO_TAIL_CALL();
}

NOINLINE void leaf_30(work &w, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		spin();
	w.sum++;
	NO_TAIL_CALL();
}

template <int depth> NOINLINE void descend(work &w, uint64_t salt)
{
	uint64_t kept[1 + depth % 5] = { salt }; /* frames of various sizes */

	__asm__ volatile("" : : "r"(kept) : "memory");
	if constexpr (depth == 0) {
		w.random = w.random * 6364136223846793005u + 1442695040888963407u;
		if ((w.random >> 40) % 10 < 7)
			leaf_70(w, 1 + (w.random >> 33) % 19);
		else
			leaf_30(w, 1 + (w.random >> 33) % 19);
	} else {
		descend<depth - 1>(w, salt + depth);
	}
	w.sum += kept[0];
	NO_TAIL_CALL();
}

NOINLINE void run(work *w, uint64_t ns)
{
	for (uint64_t end = clock_ns(CLOCK_MONOTONIC) + ns; clock_ns(CLOCK_MONOTONIC) < end;) {
		for (int i = 0; i < 16; i++)
			descend<29>(*w, w->n_rounds++);
	}
}
}

int main(int argc, char **argv)
{
	uint64_t ns = seconds_arg(argc, argv, 1);
	deep::work a, b;
	std::thread first(deep::run, &a, ns), second(deep::run, &b, ns);

	first.join();
	second.join();
	printf("{\"rounds_per_s\": %.0f, \"cpu_ns\": %llu}\n",
	       (double)(a.n_rounds + b.n_rounds) * 1e9 / (double)ns,
	       (unsigned long long)clock_ns(CLOCK_PROCESS_CPUTIME_ID));
	return 0;
}
