/* SPDX-License-Identifier: GPL-2.0-only */
#include "waits.h"

#include "analyses.h"
#include "base/map.h"

struct stratum { /* the waits of one task that took from 2^n to 2^(n+1) ns */
	uint32_t task;
	unsigned int log2;
	int64_t n, ns;                 /* of those that are not known one by one */
	int64_t n_sampled, ns_sampled; /* of n and ns */
	int64_t n_given, ns_given;     /* shared out: up to so many samples, so much of the whole */
	int64_t n_shared, ns_shared;
};

struct entry {
	uint32_t stratum;
	uint32_t next; /* chain of the hash table */
	struct wait_place place;
	int64_t n, ns;                 /* known one by one */
	int64_t n_sampled, ns_sampled; /* standing for others, too */
	int64_t max_ns;
};

struct waits {
	struct sched_observer observer;
	const struct model *model;
	const struct sched *sched;
	const struct filter *filter;
	bool with_wakers;
	ARRAY(struct stratum) strata;
	struct map stratum_by_key;
	ARRAY(struct entry) entries;
	struct map entry_by_hash;
	ARRAY(int64_t) lifetimes; /* of task id i at i */
	ARRAY(struct wait_row) rows;
	struct waits_totals totals;
};

static uint32_t stratum_of(struct waits *waits, uint32_t task, int64_t ns)
{
	unsigned int log2 = 63 - (unsigned int)__builtin_clzll((unsigned long long)ns);
	uint64_t *id = map_insert(&waits->stratum_by_key, (uint64_t)task << 6 | log2);

	if (!*id) {
		*array_add(&waits->strata) = (struct stratum){ .task = task, .log2 = log2 };
		*id = waits->strata.n;
	}
	return (uint32_t)*id - 1;
}

static bool is_same(const struct wait_place *a, const struct wait_place *b)
{
	return a->stack == b->stack && a->why == b->why && a->nr == b->nr &&
	       a->object == b->object && a->waker == b->waker && a->waker_stack == b->waker_stack;
}

static struct entry *entry_of(struct waits *waits, uint32_t stratum, const struct wait_place *place)
{
	uint64_t hash = hash_u64((uint64_t)stratum << 32 | place->stack);
	struct entry *entry;
	uint64_t *first;

	hash = hash_u64(hash ^ ((uint64_t)place->why << 32 | place->nr));
	hash = hash_u64(hash ^ ((uint64_t)place->object << 32 | place->waker));
	hash = hash_u64(hash ^ place->waker_stack);
	first = map_insert(&waits->entry_by_hash, hash);
	for (uint32_t id = (uint32_t)*first; id; id = entry->next) {
		entry = &waits->entries.items[id - 1];
		if (entry->stratum == stratum && is_same(&entry->place, place))
			return entry;
	}
	entry = array_add(&waits->entries);
	*entry = (struct entry){ .stratum = stratum, .next = (uint32_t)*first, .place = *place };
	*first = waits->entries.n;
	return entry;
}

static void add_sample(struct waits *waits, const struct sched_interval *interval, int64_t ns)
{
	const struct sched_wait *wait = &interval->wait;
	struct wait_place place = {
		.stack = wait->stack, .why = wait->why, .nr = wait->nr, .object = wait->object
	};
	uint32_t id = stratum_of(waits, interval->task, ns);
	struct stratum *stratum = &waits->strata.items[id];
	struct entry *entry;

	if (waits->with_wakers) {
		place.waker = interval->wake.task;
		place.waker_stack = interval->wake.stack;
	}
	entry = entry_of(waits, id, &place);
	if (ns > entry->max_ns)
		entry->max_ns = ns;
	waits->totals.n_known++;
	if (wait->period == 1) {
		entry->n++;
		entry->ns = value_add(entry->ns, ns);
		return;
	}
	entry->n_sampled++;
	entry->ns_sampled = value_add(entry->ns_sampled, ns);
	stratum->n_sampled++;
	stratum->ns_sampled = value_add(stratum->ns_sampled, ns);
}

static int64_t clamp(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static void add_blocked(struct waits *waits, const struct sched_interval *interval, int64_t ns)
{
	waits->totals.n++;
	waits->totals.ns = value_add(waits->totals.ns, ns);
	if (interval->wait.period)
		add_sample(waits, interval, ns);
	if (interval->wait.period != 1) {
		uint32_t id = stratum_of(waits, interval->task, ns); /* may move the strata */
		struct stratum *stratum = &waits->strata.items[id];

		stratum->n++;
		stratum->ns = value_add(stratum->ns, ns);
	}
}

static void take(struct sched_observer *observer, const struct sched_interval *interval)
{
	struct waits *waits = (struct waits *)observer; /* observer is the first member */
	uint64_t start_ns = interval->start_ns, end_ns = interval->end_ns;

	if (interval->state == SCHED_BLOCKED) {
		waits->totals.unfiltered_n++;
		waits->totals.unfiltered_ns =
			value_add(waits->totals.unfiltered_ns, clamp(end_ns - start_ns));
	}
	filter_clip(waits->filter, &start_ns, &end_ns);
	if (end_ns <= start_ns)
		return;
	while (waits->lifetimes.n <= interval->task)
		array_add(&waits->lifetimes);
	waits->lifetimes.items[interval->task] =
		value_add(waits->lifetimes.items[interval->task], clamp(end_ns - start_ns));
	if (interval->state == SCHED_BLOCKED)
		add_blocked(waits, interval, clamp(end_ns - start_ns));
}

struct waits *waits_begin(const struct analysis_input *input, bool with_wakers)
{
	struct waits *waits = xcalloc(1, sizeof(*waits));

	waits->observer.interval = take;
	waits->model = input->model;
	waits->sched = input->sched;
	waits->filter = input->filter;
	waits->with_wakers = with_wakers;
	if (input->sched)
		sched_observe(input->sched, &waits->observer);
	return waits;
}

/* The next @part of @whole_parts of @whole, so that all parts together are the whole. */
static int64_t share(int64_t whole, int64_t whole_parts, int64_t part, int64_t *given_parts,
		     int64_t *given)
{
	int64_t until, ret;

	*given_parts = value_add(*given_parts, part);
	until = (int64_t)((__int128)whole * *given_parts / whole_parts);
	ret = until - *given;
	*given = until;
	return ret;
}

static void spread(struct waits *waits, const struct entry *entry)
{
	struct stratum *stratum = &waits->strata.items[entry->stratum];
	struct wait_row row = {
		.task = stratum->task,
		.place = entry->place,
		.is_sampled = true,
		.n = entry->n,
		.ns = entry->ns,
		.max_ns = entry->max_ns,
	};

	if (entry->n_sampled) {
		row.n += share(stratum->n, stratum->n_sampled, entry->n_sampled, &stratum->n_given,
			       &stratum->n_shared);
		row.ns =
			value_add(row.ns, share(stratum->ns, stratum->ns_sampled, entry->ns_sampled,
						&stratum->ns_given, &stratum->ns_shared));
	}
	*array_add(&waits->rows) = row;
}

const struct wait_row *waits_rows(struct waits *waits, size_t *ret_n)
{
	const struct entry *entry;
	const struct stratum *stratum;

	if (!waits->rows.n) {
		array_for_each(entry, &waits->entries)
			spread(waits, entry);
		array_for_each(stratum, &waits->strata) {
			if (stratum->n && !stratum->n_sampled)
				*array_add(&waits->rows) = (struct wait_row){
					.task = stratum->task,
					.n = stratum->n,
					.ns = stratum->ns,
					.max_ns = stratum->log2 < 62 ? (int64_t)2 << stratum->log2 :
								       INT64_MAX,
				};
		}
		idle_mark(waits, waits->model, waits->rows.items, waits->rows.n);
	}
	*ret_n = waits->rows.n;
	return waits->rows.items;
}

struct waits_totals waits_totals(const struct waits *waits)
{
	return waits->totals;
}

int64_t waits_lifetime(const struct waits *waits, uint32_t task)
{
	return task < waits->lifetimes.n ? waits->lifetimes.items[task] : 0;
}

const char *waits_lack(const struct waits *waits)
{
	return analysis_lacks_switches(waits->sched);
}

void waits_free(struct waits *waits)
{
	if (!waits)
		return;
	array_release(&waits->strata);
	array_release(&waits->entries);
	array_release(&waits->lifetimes);
	array_release(&waits->rows);
	map_release(&waits->stratum_by_key);
	map_release(&waits->entry_by_hash);
	free(waits);
}
