/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: split [SECONDS]
 * Splits its CPU time over four functions, 50 : 30 : 15 : 5, in short turns of random
 * order and length so that no sampling frequency can fall in step with them.  Prints what
 * each really took by the thread's CPU clock, as JSON: that is the truth to compare with.
 */
#include <stdio.h>

#include "burn.h"

static NOINLINE void burn_50(uint64_t ns)
{
	burn_ns(ns);
	NO_TAIL_CALL();
}

static NOINLINE void burn_30(uint64_t ns)
{
	burn_ns(ns);
	NO_TAIL_CALL();
}

static NOINLINE void burn_15(uint64_t ns)
{
	burn_ns(ns);
	NO_TAIL_CALL();
}

static NOINLINE void burn_5(uint64_t ns)
{
	burn_ns(ns);
	NO_TAIL_CALL();
}

static struct part {
	const char *name;
	void (*burn)(uint64_t ns);
	unsigned int percent;
	uint64_t took_ns;
} parts[] = {
	{ "burn_50", burn_50, 50, 0 },
	{ "burn_30", burn_30, 30, 0 },
	{ "burn_15", burn_15, 15, 0 },
	{ "burn_5", burn_5, 5, 0 },
};

static unsigned int random_below(unsigned int n)
{
	static uint64_t state = 42;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(state >> 33) % n;
}

static NOINLINE void take_turn(void)
{
	struct part *part = &parts[0];
	unsigned int r = random_below(100);
	uint64_t start = cpu_ns();

	while (r >= part->percent)
		r -= part++->percent;
	part->burn(200000 + random_below(1600000));
	part->took_ns += cpu_ns() - start;
}

int main(int argc, char **argv)
{
	uint64_t end = cpu_ns() + seconds_arg(argc, argv, 1);

	while (cpu_ns() < end)
		take_turn();
	for (int i = 0; i < 4; i++)
		printf("%s\"%s\": %llu", i ? ", " : "{", parts[i].name,
		       (unsigned long long)parts[i].took_ns);
	puts("}");
	return 0;
}
