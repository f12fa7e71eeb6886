/* SPDX-License-Identifier: GPL-2.0-only */
#include "strata.h"

#include "model/profile.h"

#define LOG2_BITS 6

void amount_add(struct amount *to, int64_t n, int64_t ns)
{
	to->n = value_add(to->n, n);
	to->ns = value_add(to->ns, ns);
}

uint32_t strata_find(struct strata *strata, uint32_t who, uint32_t by, int64_t ns)
{
	unsigned int log2 = 63 - (unsigned int)__builtin_clzll((unsigned long long)ns);
	uint64_t *pair = map_insert(&strata->pair_by_tasks, (uint64_t)who << 32 | by), *id;

	if (!*pair)
		*pair = strata->pair_by_tasks.n;
	id = map_insert(&strata->by_key, *pair << LOG2_BITS | log2);
	if (!*id) {
		*array_add(&strata->items) = (struct stratum){ .who = who, .by = by, .log2 = log2 };
		*id = strata->items.n;
	}
	return (uint32_t)*id - 1;
}

static int64_t share(int64_t whole, int64_t whole_parts, int64_t part, int64_t *done_parts,
		     int64_t *given)
{
	int64_t until, ret;

	if (!whole_parts)
		return 0;
	*done_parts = value_add(*done_parts, part);
	until = (int64_t)((__int128)whole * *done_parts / whole_parts);
	ret = until - *given;
	*given = until;
	return ret;
}

struct amount strata_share(struct strata *strata, uint32_t stratum, struct amount part)
{
	struct stratum *s = &strata->items.items[stratum];

	return (struct amount){
		.n = share(s->all.n, s->sampled.n, part.n, &s->done.n, &s->given.n),
		.ns = share(s->all.ns, s->sampled.ns, part.ns, &s->done.ns, &s->given.ns),
	};
}

int64_t stratum_max_ns(const struct stratum *stratum)
{
	return stratum->log2 < 62 ? (int64_t)2 << stratum->log2 : INT64_MAX;
}

void strata_release(struct strata *strata)
{
	array_release(&strata->items);
	map_release(&strata->pair_by_tasks);
	map_release(&strata->by_key);
}
