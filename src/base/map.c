/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/map.h"

#include "base/mem.h"

/* The slot that holds @key, or the free one where it would go. */
static struct map_slot *probe(const struct map *map, uint64_t key)
{
	size_t i = hash_u64(key) & (map->n_slots - 1);

	while (map->slots[i].used && map->slots[i].key != key)
		i = (i + 1) & (map->n_slots - 1);
	return &map->slots[i];
}

static void grow(struct map *map)
{
	struct map old = *map;
	struct map_slot *slot;

	map->n_slots = old.n_slots ? 2 * old.n_slots : 16;
	map->slots = xcalloc(map->n_slots, sizeof(*map->slots));
	map_for_each(slot, &old)
		*probe(map, slot->key) = *slot;
	free(old.slots);
}

uint64_t *map_find(const struct map *map, uint64_t key)
{
	struct map_slot *slot;

	if (!map->n)
		return NULL;
	slot = probe(map, key);
	return slot->used ? &slot->value : NULL;
}

uint64_t *map_insert(struct map *map, uint64_t key)
{
	struct map_slot *slot;

	if (4 * (map->n + 1) > 3 * map->n_slots)
		grow(map);
	slot = probe(map, key);
	if (!slot->used) {
		*slot = (struct map_slot){ .key = key, .used = true };
		map->n++;
	}
	return &slot->value;
}

/*
 * Closes the gap instead of leaving a tombstone: every later entry of the run
 * that could stand in the gap moves there, and leaves a gap itself.
 */
void map_remove(struct map *map, uint64_t key)
{
	size_t mask = map->n_slots - 1, gap, i;

	if (!map_find(map, key))
		return;
	gap = (size_t)(probe(map, key) - map->slots);
	for (i = (gap + 1) & mask; map->slots[i].used; i = (i + 1) & mask) {
		size_t home = hash_u64(map->slots[i].key) & mask;

		if (((i - home) & mask) < ((i - gap) & mask))
			continue;
		map->slots[gap] = map->slots[i];
		gap = i;
	}
	map->slots[gap].used = false;
	map->n--;
}

void map_clear(struct map *map)
{
	if (map->n)
		memset(map->slots, 0, map->n_slots * sizeof(*map->slots));
	map->n = 0;
}

void map_release(struct map *map)
{
	free(map->slots);
	*map = (struct map){ 0 };
}
