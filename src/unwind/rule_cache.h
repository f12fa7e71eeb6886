/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a code address in some scope — a generation of an address space, or a
 * module — to the rule that holds there.
 *
 * Direct-mapped and of fixed size: a lookup is one comparison, and sampling never
 * allocates.  A scope that passes away leaves entries that miss by themselves.
 */
#ifndef UNWIND_RULE_CACHE_H
#define UNWIND_RULE_CACHE_H

#include <stddef.h>

#include "base/mem.h"
#include "unwind/rule.h"

struct rule_entry {
	uint64_t address; /* 0: empty */
	uint32_t scope;
	uint32_t mapping; /* index in the space's mappings */
	struct rule rule;
};

struct rule_cache {
	struct rule_entry *entries; /* owned */
	unsigned int shift;
};

static inline struct rule_entry *rule_cache_slot(const struct rule_cache *cache, uint32_t scope,
						 uint64_t address)
{
	/* The product's top bits depend on all of the address; scopes differ low. */
	uint64_t hash = (address ^ (uint64_t)scope << 40) * 0x9e3779b97f4a7c15u;

	return &cache->entries[hash >> cache->shift];
}

/* Or NULL.  Good until the next put. */
static inline const struct rule_entry *rule_cache_find(const struct rule_cache *cache,
						       uint32_t scope, uint64_t address)
{
	const struct rule_entry *entry = rule_cache_slot(cache, scope, address);

	return entry->address == address && entry->scope == scope ? entry : NULL;
}

static inline void rule_cache_put(struct rule_cache *cache, const struct rule_entry *entry)
{
	*rule_cache_slot(cache, entry->scope, entry->address) = *entry;
}

static inline void rule_cache_init(struct rule_cache *cache, unsigned int log2_size)
{
	cache->entries = xcalloc((size_t)1 << log2_size, sizeof(*cache->entries));
	cache->shift = 64 - log2_size;
}

static inline void rule_cache_clear(struct rule_cache *cache)
{
	memset(cache->entries, 0, ((size_t)1 << (64 - cache->shift)) * sizeof(*cache->entries));
}

static inline void rule_cache_release(struct rule_cache *cache)
{
	free(cache->entries);
	cache->entries = NULL;
}

#endif /* UNWIND_RULE_CACHE_H */
