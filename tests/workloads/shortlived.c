/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: shortlived [PROCESSES [MILLISECONDS]]
 * Runs PROCESSES (200) one after another, each a new program that burns MILLISECONDS (3)
 * in brief_burn and is gone before anybody could look at its /proc.  Each prints the CPU
 * time that brief_burn took, in nanoseconds, and the last line is "all" and the CPU time of
 * all of them, from start to end: the truth.
 */
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
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
	struct rusage use;
	uint64_t start;
	pid_t pid;

	if (argc > 1 && !strcmp(argv[1], "-")) {
		start = cpu_ns();
		brief_burn(strtoull(ms, NULL, 10) * 1000000);
		printf("%llu\n", (unsigned long long)(cpu_ns() - start));
		return 0;
	}
	for (int i = 0; i < n; i++) {
		if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, child, environ))
			return 1;
		waitpid(pid, NULL, 0);
	}
	getrusage(RUSAGE_CHILDREN, &use);
	printf("all %ld000\n", (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000 +
				       use.ru_utime.tv_usec + use.ru_stime.tv_usec);
	return 0;
}
