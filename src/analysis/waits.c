/* SPDX-License-Identifier: GPL-2.0-only */
#include "waits.h"

#include "analyses.h"
#include "base/map.h"
#include "chain.h"
#include "lock_kind.h"

struct stratum { /* the waits of one task, of one ender, that took from 2^n to 2^(n+1) ns */
	struct stratum_key {
		uint32_t task;
		uint32_t log2;
		struct wait_ender ender;
	} key;
	uint32_t next;                 /* chain of the hash table */
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
	enum waits_detail detail;
	struct chain *chain; /* or NULL */
	ARRAY(struct stratum) strata;
	struct map stratum_by_hash;
	ARRAY(struct entry) entries;
	struct map entry_by_hash;
	ARRAY(struct waits_life) lives; /* of task id i at i */
	ARRAY(struct wait_row) rows;
	struct waits_totals totals;
};

#define HASH_OF(key) hash_u32s((const uint32_t *)(key), sizeof(*(key)) / sizeof(uint32_t))

/* The stratum of waits of @task, which @ender ended, that last for @ns: its index. */
static uint32_t stratum_of(struct waits *waits, uint32_t task, const struct wait_ender *ender,
			   int64_t ns)
{
	struct stratum_key key = {
		.task = task,
		.log2 = 63 - (uint32_t)__builtin_clzll((unsigned long long)ns),
		.ender = *ender,
	};
	uint64_t *first = map_insert(&waits->stratum_by_hash, HASH_OF(&key));

	for (uint32_t id = (uint32_t)*first; id; id = waits->strata.items[id - 1].next) {
		if (!memcmp(&waits->strata.items[id - 1].key, &key, sizeof(key)))
			return id - 1;
	}
	*array_add(&waits->strata) = (struct stratum){ .key = key, .next = (uint32_t)*first };
	*first = waits->strata.n;
	return (uint32_t)*first - 1;
}

static struct entry *entry_of(struct waits *waits, uint32_t stratum, const struct wait_place *place)
{
	uint64_t *first = map_insert(&waits->entry_by_hash, HASH_OF(place) ^ hash_u64(stratum));
	struct entry *entry;

	for (uint32_t id = (uint32_t)*first; id; id = entry->next) {
		entry = &waits->entries.items[id - 1];
		if (entry->stratum == stratum && !memcmp(&entry->place, place, sizeof(*place)))
			return entry;
	}
	entry = array_add(&waits->entries);
	*entry = (struct entry){ .stratum = stratum, .next = (uint32_t)*first, .place = *place };
	*first = waits->entries.n;
	return entry;
}

struct wait_ender wait_ender_of(const struct sched_interval *interval)
{
	const struct sched_wake *wake = &interval->wake;

	return (struct wait_ender){
		.how = wake->tid     ? WAIT_END_THREAD :
		       wake->is_seen ? WAIT_END_INTERRUPT :
				       WAIT_END_UNSEEN,
		.task = wake->task,
		.tid = wake->tid,
	};
}

struct amount {        /* of a sampled wait, or of a part of it */
	bool is_alone; /* stands for itself only */
	int64_t n, ns;
};

static void add_entry(struct waits *waits, uint32_t stratum, const struct wait_place *place,
		      const struct amount *amount)
{
	struct entry *entry = entry_of(waits, stratum, place);

	if (amount->ns > entry->max_ns)
		entry->max_ns = amount->ns;
	if (amount->is_alone) {
		entry->n += amount->n;
		entry->ns = value_add(entry->ns, amount->ns);
	} else {
		entry->n_sampled += amount->n;
		entry->ns_sampled = value_add(entry->ns_sampled, amount->ns);
	}
}

/* Each part at a place of its own; the wait itself counts where its longest part is. */
static void add_chain(struct waits *waits, const struct sched_interval *interval, uint32_t stratum,
		      struct wait_place *place)
{
	size_t n, longest = 0;
	const struct chain_part *parts = chain_parts(waits->chain, &n);

	for (size_t i = 1; i < n; i++) {
		if (parts[i].ns > parts[longest].ns)
			longest = i;
	}
	for (size_t i = 0; i < n; i++) {
		place->chain = parts[i].node;
		add_entry(waits, stratum, place,
			  &(struct amount){ interval->wait.period == 1, i == longest,
					    parts[i].ns });
	}
}

static void add_sample(struct waits *waits, const struct sched_interval *interval,
		       uint32_t stratum_id, int64_t ns)
{
	const struct sched_wait *wait = &interval->wait;
	struct stratum *stratum = &waits->strata.items[stratum_id];
	struct wait_place place = {
		.stack = wait->stack,
		.why = wait->why,
		.nr = wait->nr,
		.object = wait->object,
		.ender = stratum->key.ender,
	};

	waits->totals.n_known++;
	if (wait->period != 1) {
		stratum->n_sampled++;
		stratum->ns_sampled = value_add(stratum->ns_sampled, ns);
	}
	if (waits->detail == WAITS_WAKERS)
		place.waker_stack = interval->wake.stack;
	if (waits->detail == WAITS_CHAINS && place.ender.how == WAIT_END_THREAD)
		add_chain(waits, interval, stratum_id, &place);
	else
		add_entry(waits, stratum_id, &place, &(struct amount){ wait->period == 1, 1, ns });
}

static int64_t clamp(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static void add_blocked(struct waits *waits, const struct sched_interval *interval,
			uint64_t start_ns, uint64_t end_ns)
{
	int64_t ns = clamp(end_ns - start_ns);
	struct wait_ender ender = { 0 };
	uint32_t stratum;

	waits->totals.n++;
	waits->totals.ns = value_add(waits->totals.ns, ns);
	if (waits->detail != WAITS_PLACES)
		ender = wait_ender_of(interval);
	stratum = stratum_of(waits, interval->task, &ender, ns);
	if (interval->wait.period && waits->chain)
		chain_split(waits->chain, interval, start_ns, end_ns);
	if (interval->wait.period)
		add_sample(waits, interval, stratum, ns);
	if (interval->wait.period != 1) {
		waits->strata.items[stratum].n++;
		waits->strata.items[stratum].ns = value_add(waits->strata.items[stratum].ns, ns);
	}
}

static void add_interval(struct waits *waits, const struct sched_interval *interval,
			 uint64_t start_ns, uint64_t end_ns)
{
	struct waits_life *life;
	int64_t ns = clamp(end_ns - start_ns);

	while (waits->lives.n <= interval->task)
		array_add(&waits->lives);
	life = &waits->lives.items[interval->task];
	if (interval->state == SCHED_RUNNING)
		life->running_ns = value_add(life->running_ns, ns);
	if (interval->state != SCHED_BLOCKED)
		return;
	life->blocked_ns = value_add(life->blocked_ns, ns);
	add_blocked(waits, interval, start_ns, end_ns);
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
	if (end_ns > start_ns)
		add_interval(waits, interval, start_ns, end_ns);
	if (waits->chain)
		chain_take(waits->chain, interval);
}

struct waits *waits_begin(const struct analysis_input *input, enum waits_detail detail)
{
	struct waits *waits = xcalloc(1, sizeof(*waits));

	waits->observer.interval = take;
	waits->model = input->model;
	waits->sched = input->sched;
	waits->filter = input->filter;
	waits->detail = detail;
	if (detail == WAITS_CHAINS)
		waits->chain = chain_new(input->model);
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
		.task = stratum->key.task,
		.place = entry->place,
		.is_sampled = true,
		.n = entry->n,
		.ns = entry->ns,
		.max_ns = entry->max_ns,
	};

	if (entry->ns_sampled) {
		row.n += share(stratum->n, stratum->n_sampled, entry->n_sampled, &stratum->n_given,
			       &stratum->n_shared);
		row.ns =
			value_add(row.ns, share(stratum->ns, stratum->ns_sampled, entry->ns_sampled,
						&stratum->ns_given, &stratum->ns_shared));
	}
	*array_add(&waits->rows) = row;
}

/* What the functions on the stack tell better than the system call. */
static void refine_classes(struct waits *waits)
{
	const struct dictionary *dict = model_dictionary(waits->model);
	struct names *names = names_new(dict);
	struct lock_sites sites = { 0 };
	struct wait_row *row;

	array_for_each(row, &waits->rows) {
		uint32_t *why = &row->place.why;
		enum lock_kind kind;

		if (*why != WAIT_LOCK && *why != WAIT_CONDVAR)
			continue;
		kind = lock_site_find(&sites, names, dict, row->place.stack).kind;
		if (kind != LOCK_NONE)
			*why = lock_is_contended(kind) ? WAIT_LOCK : WAIT_CONDVAR;
	}
	lock_sites_release(&sites);
	names_free(names);
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
					.task = stratum->key.task,
					.place.ender = stratum->key.ender,
					.n = stratum->n,
					.ns = stratum->ns,
					.max_ns = stratum->key.log2 < 62 ?
							  (int64_t)2 << stratum->key.log2 :
							  INT64_MAX,
				};
		}
		refine_classes(waits);
		idle_mark(waits, waits->model, waits->rows.items, waits->rows.n);
	}
	*ret_n = waits->rows.n;
	return waits->rows.items;
}

const struct chain *waits_chain(const struct waits *waits)
{
	return waits->chain;
}

struct waits_totals waits_totals(const struct waits *waits)
{
	return waits->totals;
}

struct waits_life waits_life(const struct waits *waits, uint32_t task)
{
	return task < waits->lives.n ? waits->lives.items[task] : (struct waits_life){ 0 };
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
	array_release(&waits->lives);
	array_release(&waits->rows);
	map_release(&waits->stratum_by_hash);
	map_release(&waits->entry_by_hash);
	chain_free(waits->chain);
	free(waits);
}
