/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: recurse [SECONDS [DEPTH]]
 * Descends DEPTH (500) frames of more than 256 bytes each, so that the stack is longer than
 * the 64 KiB that the kernel copies at most, and burns there.  Truth: bottom_burn stands on
 * exactly DEPTH frames of descend, then main.
 */
#include <string.h>

#include "burn.h"

static NOINLINE void bottom_burn(uint64_t ns)
{
	burn_ns(ns);
	NO_TAIL_CALL();
}

static NOINLINE int descend(unsigned int depth, uint64_t ns)
{
	char room[256];

	memset(room, (int)depth, sizeof(room));
	__asm__ volatile("" : : "r"(room) : "memory");
	if (depth > 1)
		return descend(depth - 1, ns) + room[depth % sizeof(room)];
	bottom_burn(ns);
	return room[7];
}

int main(int argc, char **argv)
{
	unsigned int depth = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 500;

	return descend(depth, seconds_arg(argc, argv, 1)) == 12345678;
}
