/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: shortlived [PROCESSES [MILLISECONDS]]
 * Runs PROCESSES (200) one after another, each a new program that burns MILLISECONDS (3)
 * in brief_burn and is gone before anybody could look at its /proc.  Truth: at least
 * PROCESSES × MILLISECONDS of CPU in brief_burn.
 */
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "burn.h"

static NOINLINE void brief_burn(uint64_t ns)
{
	burn_ns(ns);
	NO_TAIL_CALL();
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 200;
	const char *ms = argc > 2 ? argv[2] : "3";
	char *const child[] = { (char *)"shortlived", (char *)"-", (char *)ms, NULL };
	pid_t pid;

	if (argc > 1 && !strcmp(argv[1], "-")) {
		brief_burn(strtoull(ms, NULL, 10) * 1000000);
		return 0;
	}
	for (int i = 0; i < n; i++) {
		if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, child, environ))
			return 1;
		waitpid(pid, NULL, 0);
	}
	return 0;
}
