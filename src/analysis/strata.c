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

	if (!*pair) {
		array_add(&strata->pairs);
		*pair = strata->pairs.n;
	}
	id = map_insert(&strata->by_key, *pair << LOG2_BITS | log2);
	if (!*id) {
		*array_add(&strata->items) = (struct stratum){
			.who = who, .by = by, .pair = (uint32_t)*pair - 1, .log2 = log2
		};
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

static struct amount take(struct pot *pot, const struct amount *all, const struct amount *over,
			  struct amount part)
{
	return (struct amount){
		.n = share(all->n, over->n, part.n, &pot->done.n, &pot->given.n),
		.ns = share(all->ns, over->ns, part.ns, &pot->done.ns, &pot->given.ns),
	};
}

struct amount strata_share(struct strata *strata, uint32_t stratum, struct amount part)
{
	struct stratum *s = &strata->items.items[stratum];

	return take(&s->pot, &s->all, &s->sampled, part);
}

struct amount strata_finish(struct strata *strata)
{
	struct amount unknown = { 0 };
	struct stratum *stratum;
	struct stratum_pair *pair;

	array_for_each(stratum, &strata->items) {
		pair = &strata->pairs.items[stratum->pair];
		amount_add(&pair->over, stratum->known.n, stratum->known.ns);
		amount_add(&pair->over, stratum->sampled.n, stratum->sampled.ns);
		if (!stratum->known.n && !stratum->sampled.n)
			amount_add(&pair->all, stratum->all.n, stratum->all.ns);
	}
	array_for_each(pair, &strata->pairs) {
		if (!pair->over.n)
			amount_add(&unknown, pair->all.n, pair->all.ns);
	}
	return unknown;
}

struct amount strata_share_widely(struct strata *strata, uint32_t stratum, struct amount known,
				  struct amount sampled)
{
	struct stratum *s = &strata->items.items[stratum];
	struct stratum_pair *pair = &strata->pairs.items[s->pair];
	struct amount ret, wide;

	ret = s->sampled.n ? strata_share(strata, stratum, sampled) :
			     take(&s->pot, &s->all, &s->known, known);
	amount_add(&known, sampled.n, sampled.ns);
	wide = take(&pair->pot, &pair->all, &pair->over, known);
	amount_add(&ret, wide.n, wide.ns);
	return ret;
}

int64_t stratum_max_ns(const struct stratum *stratum)
{
	return stratum->log2 < 62 ? (int64_t)2 << stratum->log2 : INT64_MAX;
}

void strata_release(struct strata *strata)
{
	array_release(&strata->items);
	array_release(&strata->pairs);
	map_release(&strata->pair_by_tasks);
	map_release(&strata->by_key);
}
