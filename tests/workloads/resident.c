/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grows by a line on standard input, shrinks by another, ends by a third, and says so.  What it
 * touches first, and how much of it, in MiB:
 *
 *     small     32 of the heap, in blocks of 1000 bytes: kept
 *     big       40 at once, freed
 *     moved     24, by realloc() that moves them four times: kept
 *     copied    8, into which the kernel copies: kept
 *     populated 16, that the kernel makes without a page fault: kept
 *     before    20, before it says that it is ready: freed
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB        (1u << 20)
#define SMALL      1000
#define SMALL_STEP 1008 /* of the allocator */
#define STEPS      4

static char *kept[32 * MIB / SMALL_STEP];

static __attribute__((noinline)) void small(void)
{
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		kept[i] = malloc(SMALL);
		memset(kept[i], 1, SMALL);
	}
}

static char *map(size_t n, int flags)
{
	char *at =
		mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (at == MAP_FAILED)
		exit(1);
	return at;
}

static __attribute__((noinline)) char *big(void)
{
	char *at = map(40 * MIB, 0);

	memset(at, 2, 40 * MIB);
	at[1] = 1; /* so that it calls memset(), and is not it */
	return at;
}

static __attribute__((noinline)) char *before(void)
{
	char *at = map(20 * MIB, 0);

	memset(at, 3, 20 * MIB);
	at[1] = 1;
	return at;
}

static __attribute__((noinline)) void moved(void)
{
	size_t step = 24 * MIB / STEPS;
	char *at = map(step, 0);

	memset(at, 4, step);
	for (size_t n = step; n < STEPS * step; n += step) {
		at = mremap(at, n, n + step, MREMAP_MAYMOVE | MREMAP_FIXED,
			    map(n + step, MAP_NORESERVE));
		if (at == MAP_FAILED)
			exit(1);
		memset(at + n, 4, step);
	}
}

static __attribute__((noinline)) void copied(void)
{
	FILE *zero = fopen("/dev/zero", "r");
	char *at = map(8 * MIB, 0);

	if (!zero || read(fileno(zero), at, 8 * MIB) != 8 * MIB)
		exit(1);
	fclose(zero);
}

static void say(const char *what)
{
	puts(what);
	fflush(stdout);
	if (getchar() == EOF)
		exit(0);
}

int main(void)
{
	char *first = before(), *second;

	say("ready");
	small();
	second = big();
	moved();
	copied();
	map(16 * MIB, MAP_POPULATE);
	say("grown");
	munmap(first, 20 * MIB);
	munmap(second, 40 * MIB);
	say("shrunk");
	return kept[0][0] != 1;
}
