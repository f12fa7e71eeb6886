/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: faults PAGES
 * Touches PAGES pages of new memory, 10,000 of them mapped at a time.  Prints the CPU time
 * of a page, in ns.
 */
#include <stdio.h>
#include <sys/mman.h>

#include "burn.h"

#define PAGE  4096
#define BLOCK ((size_t)10000 * PAGE)

int main(int argc, char **argv)
{
	long n = argc > 1 ? strtol(argv[1], NULL, 10) : 100000;
	volatile char *memory = NULL;

	for (long i = 0; i < n; i++) {
		size_t at = (size_t)i * PAGE % BLOCK;

		if (!at && memory)
			munmap((void *)memory, BLOCK);
		if (!at) {
			memory = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			madvise((void *)memory, BLOCK, MADV_NOHUGEPAGE);
		}
		memory[at] = 1;
	}
	printf("%.1f\n", (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / (double)n);
	return 0;
}
