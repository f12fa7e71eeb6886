/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: forker [SECONDS [CHILDREN]]
 * Forks CHILDREN (4) that share SECONDS of CPU in child_burn, two at a time.  Truth: the
 * children have it all, in equal parts; the parent waits.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "burn.h"

static NOINLINE void child_burn(uint64_t ns)
{
	burn_ns(ns);
	NO_TAIL_CALL();
}

static NOINLINE void start_child(uint64_t ns)
{
	if (fork())
		return;
	child_burn(ns);
	_exit(0);
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 4;
	uint64_t ns = seconds_arg(argc, argv, 1) / (uint64_t)n;

	for (int i = 0; i < n; i++) {
		if (i >= 2)
			wait(NULL);
		start_child(ns);
	}
	while (wait(NULL) > 0)
		;
	return 0;
}
