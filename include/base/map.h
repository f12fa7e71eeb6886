/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a 64-bit key to a 64-bit value: an open-addressing hash table.
 * All-zero is a valid empty one.  Any key may be used; entries can be removed.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot {
	uint64_t key;
	uint64_t value;
	bool used;
};

struct map {
	struct map_slot *slots; /* owned; a power of two of them */
	size_t n_slots;
	size_t n;
};

/* Where the value of @key stands, or NULL.  Good until the next change of the map. */
uint64_t *map_find(const struct map *map, uint64_t key);

/* As map_find(), but makes the entry, with value 0, where there is none. */
uint64_t *map_insert(struct map *map, uint64_t key);

void map_remove(struct map *map, uint64_t key); /* no entry: nothing happens */
void map_clear(struct map *map);
void map_release(struct map *map);

#define map_for_each(slot, map)                                                                 \
	for ((slot) = (map)->slots; (slot) && (slot) < (map)->slots + (map)->n_slots; (slot)++) \
		if ((slot)->used)

/* A well-mixed hash of one word; combine two with hash_u64(a ^ hash_u64(b)). */
static inline uint64_t hash_u64(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	return x ^ x >> 32;
}

/* The same of @n numbers, such as a struct of nothing but such. */
static inline uint64_t hash_u32s(const uint32_t *numbers, size_t n)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < n; i += 2)
		hash = hash_u64(hash +
				((uint64_t)numbers[i] << 32 | (i + 1 < n ? numbers[i + 1] : 0)));
	return hash;
}

#endif /* BASE_MAP_H */
