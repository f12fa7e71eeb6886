/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: pingpong SECONDS [CALLS]
 * Two processes that hand a byte back and forth through pipes: every hand-over is a wait, a
 * wake-up and a switch.  Each prints "TID SWITCHES NANOSECONDS-A-ROUND" as the kernel
 * counted its switches, the ones right before it ends being missing.  With CALLS, each
 * round also makes so many getppid() system calls.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static unsigned long switches(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long sum = 0, n;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %lu", &n) == 1)
			sum += n;
	}
	if (file)
		fclose(file);
	return sum;
}

/* The end of the pipe says that it is over. */
static void play(int from, int to, double until, int calls)
{
	unsigned long rounds = 0, before = switches();
	double start_ns = cpu_ns();
	char byte = 0;

	while ((!until || now() < until) && write(to, &byte, 1) == 1 && read(from, &byte, 1) == 1) {
		for (int i = 0; i < calls; i++)
			syscall(SYS_getppid);
		rounds++;
	}
	printf("%d %lu %.0f\n", getpid(), switches() - before,
	       (cpu_ns() - start_ns) / (double)(rounds ? rounds : 1));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
	int calls = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0, there[2], back[2];

	if (pipe(there) || pipe(back))
		return 1;
	if (!fork()) {
		close(there[1]);
		close(back[0]);
		play(there[0], back[1], 0, calls);
		return 0;
	}
	close(there[0]);
	close(back[1]);
	play(back[0], there[1], now() + seconds, calls);
	close(there[1]);
	return wait(NULL) < 0;
}
