/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sampled allocations that are in use: so that what frees one is told of.  No locks:
 * who asks is in the middle of malloc(), on any thread, perhaps in a signal's handler.
 */
#ifndef SHIM_TABLE_H
#define SHIM_TABLE_H

#include <stdbool.h>
#include <stdint.h>

/* A byte for each hash: how many of the table's have it; 255: as many, or more. */
#define TABLE_FILTER_BITS 16
extern uint8_t table_filter[1 << TABLE_FILTER_BITS] __attribute__((visibility("hidden")));

static inline uint64_t table_hash(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer * 0x9e3779b97f4a7c15ull;
}

/* False, nearly always, of what is not in the table. */
static inline bool table_may_have(const void *pointer)
{
	return __atomic_load_n(&table_filter[table_hash(pointer) >> (64 - TABLE_FILTER_BITS)],
			       __ATOMIC_RELAXED);
}

/* From now on table_may_have() is true of @pointer. */
void table_mark(const void *pointer);

/* False: there is no room. */
bool table_add(const void *pointer, uint64_t size);

/* Take @pointer out, if it is in: one of several threads that try does. */
bool table_remove(const void *pointer, uint64_t *ret_size);

#endif /* SHIM_TABLE_H */
