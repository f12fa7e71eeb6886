/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: calls CALLS [SPINS]
 * Makes CALLS getppid() system calls, with SPINS steps of arithmetic before each.  Prints
 * the CPU time of a call with its arithmetic, in ns.
 */
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "burn.h"

int main(int argc, char **argv)
{
	long n = argc > 1 ? strtol(argv[1], NULL, 10) : 1000000;
	long spins = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
	uint64_t x = 1;

	for (long i = 0; i < n; i++) {
		for (long k = 0; k < spins; k++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			__asm__ volatile("" : "+r"(x));
		}
		syscall(SYS_getppid);
	}
	printf("%.1f\n", (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / (double)n);
	return 0;
}
