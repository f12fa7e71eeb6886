/* SPDX-License-Identifier: GPL-2.0-only */
#include "table.h"

#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WINDOW     8 /* entries that a pointer may stand in: two lines of the cache */
#define FIRST_BITS 12
#define LEVEL_BITS 3 /* each level has eight times the entries of the one before */
#define N_LEVELS   5 /* in all, room for 19 million */

struct entry {
	uintptr_t pointer; /* 0: empty */
	uint64_t size;
};

uint8_t table_filter[1 << TABLE_FILTER_BITS];
static struct entry *levels[N_LEVELS]; /* mapped when the one before had no room */

static size_t n_entries(unsigned int level)
{
	return (size_t)1 << (FIRST_BITS + LEVEL_BITS * level);
}

/* mmap() itself may be somebody else's, who allocates. */
static struct entry *map_level(unsigned int level)
{
	size_t size = n_entries(level) * sizeof(struct entry);
	long at = syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct entry *entries = (struct entry *)at, *first = NULL; // NOLINT

	if (at == -1)
		return NULL;
	if (__atomic_compare_exchange_n(&levels[level], &first, entries, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return entries;
	syscall(SYS_munmap, entries, size);
	return first;
}

static struct entry *window(struct entry *entries, unsigned int level, const void *pointer)
{
	size_t at = table_hash(pointer) >> 16 & (n_entries(level) - 1);

	return &entries[at & ~(size_t)(WINDOW - 1)];
}

static uint8_t *filter_of(const void *pointer)
{
	return &table_filter[table_hash(pointer) >> (64 - TABLE_FILTER_BITS)];
}

void table_mark(const void *pointer)
{
	uint8_t *filter = filter_of(pointer), n = __atomic_load_n(filter, __ATOMIC_RELAXED);

	while (n < UINT8_MAX && !__atomic_compare_exchange_n(filter, &n, n + 1, false,
							     __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* One that is full has lost count, and stays. */
static void unmark(const void *pointer)
{
	uint8_t *filter = filter_of(pointer), n = __atomic_load_n(filter, __ATOMIC_RELAXED);

	while (n && n < UINT8_MAX &&
	       !__atomic_compare_exchange_n(filter, &n, n - 1, false, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED))
		;
}

static bool add_to(struct entry *at, const void *pointer, uint64_t size)
{
	for (unsigned int i = 0; i < WINDOW; i++) {
		uintptr_t empty = 0;

		if (!__atomic_compare_exchange_n(&at[i].pointer, &empty, (uintptr_t)pointer, false,
						 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			continue;
		at[i].size = size; /* nobody else has the pointer yet */
		return true;
	}
	return false;
}

bool table_add(const void *pointer, uint64_t size)
{
	table_mark(pointer);
	for (unsigned int level = 0; level < N_LEVELS; level++) {
		struct entry *entries = __atomic_load_n(&levels[level], __ATOMIC_ACQUIRE);

		if (!entries)
			entries = map_level(level);
		if (entries && add_to(window(entries, level, pointer), pointer, size))
			return true;
	}
	unmark(pointer);
	return false;
}

bool table_remove(const void *pointer, uint64_t *ret_size)
{
	for (unsigned int level = 0; level < N_LEVELS; level++) {
		struct entry *entries = __atomic_load_n(&levels[level], __ATOMIC_ACQUIRE), *at;

		if (!entries)
			return false;
		at = window(entries, level, pointer);
		for (unsigned int i = 0; i < WINDOW; i++) {
			uintptr_t wanted = (uintptr_t)pointer;
			uint64_t size = at[i].size;

			if (__atomic_load_n(&at[i].pointer, __ATOMIC_RELAXED) != wanted ||
			    !__atomic_compare_exchange_n(&at[i].pointer, &wanted, 0, false,
							 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
				continue;
			unmark(pointer);
			*ret_size = size;
			return true;
		}
	}
	return false;
}
