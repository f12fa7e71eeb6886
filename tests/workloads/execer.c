/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: execer [SECONDS]
 * Burns half of the time in before_exec, replaces itself by itself (at other addresses),
 * and burns the other half in after_exec.  Truth: half each, one process.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "burn.h"

static NOINLINE void before_exec(uint64_t ns)
{
	burn_ns(ns);
	NO_TAIL_CALL();
}

static NOINLINE void after_exec(uint64_t ns)
{
	burn_ns(ns);
	NO_TAIL_CALL();
}

int main(int argc, char **argv)
{
	uint64_t ns = seconds_arg(argc, argv, 1) / 2;

	if (argc > 2 && !strcmp(argv[2], "after")) {
		after_exec(ns);
		return 0;
	}
	before_exec(ns);
	execl("/proc/self/exe", "execer", argc > 1 ? argv[1] : "1", "after", (char *)NULL);
	perror("execl");
	return 1;
}
