/* SPDX-License-Identifier: GPL-2.0-only */
#include "waits.h"

#include <stddef.h>

#include "analyses.h"
#include "base/map.h"
#include "chain.h"
#include "lock_kind.h"
#include "strata.h"

#define MAX_OPEN_FAULTS 4096

struct entry {
	uint32_t stratum;
	uint32_t next; /* chain of the hash table */
	struct wait_place place;
	struct amount alone;   /* known one by one */
	struct amount sampled; /* standing for others, too */
	int64_t max_ns;
};

/*
 * What a wait in a page fault was for is told when the fault is over, after the wait: until
 * then, which part of which entry it is.
 */
struct open_fault {
	uint32_t task, entry;
	bool is_alone;
	struct amount amount;
};

struct stretch { /* what a filter leaves of a wait */
	uint64_t start_ns, end_ns;
};

struct waits {
	struct sched_observer observer;
	struct model_observer faults;
	struct model *model;
	const struct sched *sched;
	const struct filter *filter;
	const struct slots *slots; /* or NULL */
	enum waits_detail detail;
	struct chain *chain;  /* or NULL */
	struct strata strata; /* by: index of an ender + 1; 0: it was not asked for */
	ARRAY(struct wait_ender) enders;
	struct map ender_by_key;
	ARRAY(struct entry) entries;
	struct map entry_by_hash;
	ARRAY(struct open_fault) open_faults;
	ARRAY(struct waits_life) lives; /* of task id i at i */
	ARRAY(struct wait_row) rows;
	struct waits_totals totals;
};

static uint32_t ender_id(struct waits *waits, const struct wait_ender *ender)
{
	uint64_t who = ender->task ? (uint64_t)1 << 32 | ender->task : ender->tid;
	uint64_t *id = map_insert(&waits->ender_by_key, (uint64_t)ender->how << 33 | who);

	if (!*id) {
		*array_add(&waits->enders) = *ender;
		*id = waits->enders.n;
	}
	return (uint32_t)*id;
}

static struct wait_ender ender_of(const struct waits *waits, uint32_t id)
{
	return id ? waits->enders.items[id - 1] : (struct wait_ender){ 0 };
}

static uint64_t hash_place(const struct wait_place *place)
{
	return hash_u32s((const uint32_t *)place, sizeof(*place) / sizeof(uint32_t));
}

static struct entry *entry_of(struct waits *waits, uint32_t stratum, const struct wait_place *place)
{
	uint64_t *first = map_insert(&waits->entry_by_hash, hash_place(place) ^ hash_u64(stratum));
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

/* A sampled wait, or a part of it, that stands for itself only, or for others, too. */
static void add_entry(struct waits *waits, uint32_t stratum, const struct wait_place *place,
		      bool is_alone, struct amount amount)
{
	struct entry *entry = entry_of(waits, stratum, place);

	if (amount.ns > entry->max_ns)
		entry->max_ns = amount.ns;
	amount_add(is_alone ? &entry->alone : &entry->sampled, amount.n, amount.ns);
	if (place->why != WAIT_PAGEFAULT || place->object || !place->stack)
		return;
	if (waits->open_faults.n >= MAX_OPEN_FAULTS)
		waits->open_faults.n = 0; /* of threads that will not tell any more, most of them */
	*array_add(&waits->open_faults) = (struct open_fault){
		.task = waits->strata.items.items[stratum].who,
		.entry = (uint32_t)(entry - waits->entries.items),
		.is_alone = is_alone,
		.amount = amount,
	};
}

/* Sums that stopped at the largest number stay above what they should be, not below. */
static void take_away(struct amount *from, const struct amount *part)
{
	from->n -= part->n;
	from->ns = from->ns > part->ns ? from->ns - part->ns : 0;
}

/* Takes a part of an entry whose object is known now to the entry with that object. */
static void name_fault(struct waits *waits, const struct open_fault *open, uint32_t object)
{
	struct entry *from = &waits->entries.items[open->entry], *to;
	struct wait_place place = from->place;
	uint32_t stratum = from->stratum;

	take_away(open->is_alone ? &from->alone : &from->sampled, &open->amount);
	place.object = object;
	to = entry_of(waits, stratum, &place);
	amount_add(open->is_alone ? &to->alone : &to->sampled, open->amount.n, open->amount.ns);
	if (open->amount.ns > to->max_ns)
		to->max_ns = open->amount.ns;
}

/* A fault is over: the waits of its thread, at the same place, were in it. */
static void take_fault(struct model_observer *observer, const struct event *event)
{
	struct waits *waits = (struct waits *)((char *)observer - offsetof(struct waits, faults));
	const struct event_fault_stack *fault = &event->fault_stack;
	size_t kept = 0;
	uint32_t task;

	if (event->kind != EVENT_FAULT_STACK || !waits->open_faults.n)
		return;
	task = model_task_of(waits->model, fault->tid);
	for (size_t i = 0; i < waits->open_faults.n; i++) {
		struct open_fault open = waits->open_faults.items[i];

		if (open.task != task)
			waits->open_faults.items[kept++] = open;
		else if (fault->object &&
			 waits->entries.items[open.entry].place.stack == fault->stack)
			name_fault(waits, &open, fault->object);
	}
	waits->open_faults.n = kept;
}

static int64_t clamp(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

/* The same by time: the wait itself counts where its longest part is. */
static void add_by_time(struct waits *waits, const struct sched_interval *interval,
			uint32_t stratum, struct wait_place *place, struct stretch time)
{
	struct slot_part parts[SLOT_MAX_PARTS];
	size_t n = slots_split(waits->slots, time.start_ns, time.end_ns, parts);
	size_t longest = slots_longest(parts, n);

	for (size_t i = 0; i < n; i++) {
		place->when = parts[i].span;
		add_entry(waits, stratum, place, interval->wait.period == 1,
			  (struct amount){ i == longest, clamp(parts[i].ns) });
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
		add_entry(waits, stratum, place, interval->wait.period == 1,
			  (struct amount){ i == longest, parts[i].ns });
	}
}

static void add_sample(struct waits *waits, const struct sched_interval *interval, uint32_t stratum,
		       const struct wait_ender *ender, struct stretch time)
{
	const struct sched_wait *wait = &interval->wait;
	struct wait_place place = {
		.stack = wait->stack,
		.why = wait->why,
		.nr = wait->nr,
		.object = wait->object,
		.ender = *ender,
	};

	waits->totals.n_known++;
	if (wait->period != 1)
		amount_add(&waits->strata.items.items[stratum].sampled, 1,
			   clamp(time.end_ns - time.start_ns));
	if (waits->detail == WAITS_WAKERS)
		place.waker_stack = interval->wake.stack;
	if (waits->chain && ender->how == WAIT_END_THREAD)
		add_chain(waits, interval, stratum, &place);
	else
		add_by_time(waits, interval, stratum, &place, time);
}

static void add_blocked(struct waits *waits, const struct sched_interval *interval,
			uint64_t start_ns, uint64_t end_ns)
{
	int64_t ns = clamp(end_ns - start_ns);
	struct wait_ender ender = { 0 };
	uint32_t stratum, by = 0;

	waits->totals.n++;
	waits->totals.ns = value_add(waits->totals.ns, ns);
	if (waits->detail != WAITS_PLACES) {
		ender = wait_ender_of(interval);
		by = ender_id(waits, &ender);
	}
	stratum = strata_find(&waits->strata, interval->task, by, ns);
	if (interval->wait.period && waits->chain)
		chain_split(waits->chain, interval, start_ns, end_ns);
	if (interval->wait.period)
		add_sample(waits, interval, stratum, &ender, (struct stretch){ start_ns, end_ns });
	if (interval->wait.period != 1)
		amount_add(&waits->strata.items.items[stratum].all, 1, ns);
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
}

struct waits *waits_begin(const struct analysis_input *input, enum waits_detail detail)
{
	struct waits *waits = xcalloc(1, sizeof(*waits));

	waits->observer.interval = take;
	waits->faults.event = take_fault;
	waits->model = input->model;
	waits->sched = input->sched;
	waits->filter = input->filter;
	waits->slots = input->slots;
	waits->detail = detail;
	if (detail >= WAITS_CHAINS)
		waits->chain = chain_new(input->model, input->sched, detail == WAITS_ENDS);
	model_observe(input->model, &waits->faults);
	if (input->sched)
		sched_observe(input->sched, &waits->observer);
	return waits;
}

static void spread(struct waits *waits, const struct entry *entry)
{
	struct amount share = strata_share(&waits->strata, entry->stratum, entry->sampled);

	amount_add(&share, entry->alone.n, entry->alone.ns);
	*array_add(&waits->rows) = (struct wait_row){
		.task = waits->strata.items.items[entry->stratum].who,
		.place = entry->place,
		.is_sampled = true,
		.n = share.n,
		.ns = share.ns,
		.max_ns = entry->max_ns,
	};
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
		array_for_each(entry, &waits->entries) {
			if (entry->alone.n || entry->alone.ns || entry->sampled.n ||
			    entry->sampled.ns)
				spread(waits, entry);
		}
		array_for_each(stratum, &waits->strata.items) {
			if (stratum->all.n && !stratum->sampled.n)
				*array_add(&waits->rows) = (struct wait_row){
					.task = stratum->who,
					.place.ender = ender_of(waits, stratum->by),
					.n = stratum->all.n,
					.ns = stratum->all.ns,
					.max_ns = stratum_max_ns(stratum),
				};
		}
		refine_classes(waits);
		idle_mark(waits, waits->model, waits->rows.items, waits->rows.n);
	}
	*ret_n = waits->rows.n;
	return waits->rows.items;
}

struct chain *waits_chain(const struct waits *waits)
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
	return waits->detail == WAITS_PLACES ? analysis_lacks_switches(waits->sched) :
					       analysis_lacks_wakeups(waits->sched);
}

void waits_free(struct waits *waits)
{
	if (!waits)
		return;
	model_ignore(waits->model, &waits->faults);
	strata_release(&waits->strata);
	array_release(&waits->enders);
	array_release(&waits->entries);
	array_release(&waits->open_faults);
	array_release(&waits->lives);
	array_release(&waits->rows);
	map_release(&waits->ender_by_key);
	map_release(&waits->entry_by_hash);
	chain_free(waits->chain);
	free(waits);
}
