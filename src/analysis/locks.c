/* SPDX-License-Identifier: GPL-2.0-only */
#include "locks.h"

#include <stdlib.h>
#include <string.h>

#include "analyses.h"
#include "contention.h"

#define SHARED "shared futex " /* how the recorder calls such an object */

#define GROUP_MASK 7u /* glibc's condition variables wait on either of two neighbouring words */

struct side { /* of a wait: as its thread, or as its waker saw it */
	bool is_known;
	uint32_t stack;
	uint32_t why, object;
	uint64_t address;
};

struct entry {
	uint32_t stratum;
	uint32_t next; /* chain of the hash table */
	uint32_t holder;
	enum lock_end end;
	struct side wait, wake;
	struct amount known, sampled; /* one by one; standing for others, too */
	int64_t n_waits, runnable_ns, max_ns;
};

struct word { /* of memory, that threads wait for */
	uint32_t n_waiting, most_waiting;
	uint32_t lock; /* + 1 */
};

struct locks {
	struct sched_observer intervals;
	struct model_observer events;
	struct contentions *contentions;
	struct model *model;
	const struct sched *sched;
	const struct filter *filter;
	struct names *names;
	struct strata strata;
	ARRAY(struct entry) entries;
	struct map entry_by_hash;
	ARRAY(struct word) words;
	struct map word_by_key;  /* to an index + 1 */
	ARRAY(uint32_t) word_of; /* that thread id i waits for now, + 1, at i */
	ARRAY(struct lock) locks;
	struct map lock_by_key; /* to an index + 1 */
	ARRAY(struct lock_row) rows;
	struct lock_sites sites;
	struct locks_totals totals;
};

static struct locks *of_events(struct model_observer *observer)
{
	return (struct locks *)((char *)observer - offsetof(struct locks, events));
}

static uint32_t pid_of(const struct locks *locks, uint32_t task)
{
	return model_thread(locks->model, model_task(locks->model, task).thread).pid;
}

/* Memory that processes share has the same name in all of them. */
static bool is_shared(const struct locks *locks, uint32_t object)
{
	return !strncmp(dictionary_string(model_dictionary(locks->model), object), SHARED,
			sizeof(SHARED) - 1);
}

static uint64_t word_key(const struct locks *locks, uint32_t pid, uint64_t address, uint32_t object)
{
	if (object && is_shared(locks, object))
		return hash_u64(object);
	return hash_u64((address & ~(uint64_t)GROUP_MASK) ^ hash_u64((uint64_t)1 << 32 | pid));
}

static struct word *word_get(struct locks *locks, uint64_t key, uint32_t *ret_id)
{
	uint64_t *id = map_insert(&locks->word_by_key, key);

	if (!*id) {
		array_add(&locks->words);
		*id = locks->words.n;
	}
	if (ret_id)
		*ret_id = (uint32_t)*id;
	return &locks->words.items[*id - 1];
}

static uint32_t *word_of_thread(struct locks *locks, uint32_t task)
{
	uint32_t thread = model_task(locks->model, task).thread;

	while (locks->word_of.n <= thread)
		array_add(&locks->word_of);
	return &locks->word_of.items[thread];
}

/* How many wait at once is counted as they come and go. */
static void stop_waiting(struct locks *locks, uint32_t task)
{
	uint32_t *id = word_of_thread(locks, task);

	if (*id)
		locks->words.items[*id - 1].n_waiting--;
	*id = 0;
}

static void take_event(struct model_observer *observer, const struct event *event)
{
	struct locks *locks = of_events(observer);
	const struct event_wait_stack *from = &event->wait_stack;
	struct word *word;
	uint32_t task, id;

	if (event->kind != EVENT_WAIT_STACK || !from->address ||
	    !filter_has_time(locks->filter, event->time_ns))
		return;
	task = model_task_now(locks->model, from->pid, from->tid);
	stop_waiting(locks, task);
	word = word_get(locks, word_key(locks, from->pid, from->address, from->object), &id);
	*word_of_thread(locks, task) = id;
	if (++word->n_waiting > word->most_waiting)
		word->most_waiting = word->n_waiting;
}

static void take_interval(struct sched_observer *observer, const struct sched_interval *interval)
{
	if (interval->state == SCHED_BLOCKED)
		stop_waiting((struct locks *)observer, interval->task);
}

static enum lock_end end_of(const struct contention *contention)
{
	if (contention->is_open)
		return LOCK_END_OPEN;
	if (!contention->wake.is_seen)
		return LOCK_END_UNSEEN;
	return contention->wake.tid ? LOCK_END_THREAD : LOCK_END_INTERRUPT;
}

static bool is_same_side(const struct side *a, const struct side *b)
{
	return a->is_known == b->is_known && a->stack == b->stack && a->why == b->why &&
	       a->object == b->object && a->address == b->address;
}

static uint64_t hash_side(const struct side *side, uint64_t hash)
{
	hash = hash_u64(hash ^ ((uint64_t)side->stack << 32 | side->object));
	return hash_u64(hash ^ side->address ^ ((uint64_t)side->why << 56));
}

static struct entry *entry_of(struct locks *locks, const struct entry *like)
{
	uint64_t hash = hash_u64((uint64_t)like->stratum << 32 | like->holder), *first;
	struct entry *entry;

	hash = hash_side(&like->wake, hash_side(&like->wait, hash ^ like->end));
	first = map_insert(&locks->entry_by_hash, hash);
	for (uint32_t id = (uint32_t)*first; id; id = entry->next) {
		entry = &locks->entries.items[id - 1];
		if (entry->stratum == like->stratum && entry->holder == like->holder &&
		    entry->end == like->end && is_same_side(&entry->wait, &like->wait) &&
		    is_same_side(&entry->wake, &like->wake))
			return entry;
	}
	entry = array_add(&locks->entries);
	*entry = *like;
	entry->next = (uint32_t)*first;
	*first = locks->entries.n;
	return entry;
}

static struct side wait_side(const struct locks *locks, const struct contention *contention)
{
	const struct sched_wait *wait = &contention->wait;

	return (struct side){
		.is_known = wait->period != 0,
		.stack = wait->stack,
		.why = wait->why,
		.object = wait->object,
		.address = contention_address(locks->model, wait),
	};
}

static void add_known(struct locks *locks, struct entry *like, const struct contention *contention,
		      int64_t ns)
{
	bool stands_alone = contention->wait.period == 1 || contention->wake.period == 1;
	struct entry *entry = entry_of(locks, like);

	if (ns > entry->max_ns)
		entry->max_ns = ns;
	entry->n_waits += contention->n_waits;
	entry->runnable_ns = value_add(entry->runnable_ns, (int64_t)contention->runnable_ns);
	amount_add(stands_alone ? &entry->known : &entry->sampled, 1, ns);
	if (!stands_alone)
		amount_add(&locks->strata.items.items[entry->stratum].sampled, 1, ns);
	locks->totals.n_known++;
}

static void take(void *arg, const struct contention *contention)
{
	struct locks *locks = arg;
	uint64_t start_ns = contention->start_ns, end_ns = contention->end_ns;
	enum lock_end end = end_of(contention);
	struct entry like = {
		.holder = contention->wake.task,
		.end = end,
		.wait = wait_side(locks, contention),
		.wake = {
			.is_known = contention->wake.period != 0,
			.stack = contention->wake.stack,
			.address = contention->wake.address,
		},
	};
	int64_t ns;

	filter_clip(locks->filter, &start_ns, &end_ns);
	if (end_ns <= start_ns)
		return;
	ns = (int64_t)(end_ns - start_ns);
	amount_add(&locks->totals.all, 1, ns);
	like.stratum = strata_find(&locks->strata, contention->task,
				   like.holder ? like.holder : UINT32_MAX - end, ns);
	if (contention->wait.period != 1 && contention->wake.period != 1)
		amount_add(&locks->strata.items.items[like.stratum].all, 1, ns);
	if (like.wait.is_known || like.wake.is_known)
		add_known(locks, &like, contention, ns);
}

struct locks *locks_begin(const struct analysis_input *input)
{
	struct locks *locks = xcalloc(1, sizeof(*locks));

	locks->intervals.interval = take_interval;
	locks->events.event = take_event;
	locks->model = input->model;
	locks->sched = input->sched;
	locks->filter = input->filter;
	locks->contentions = contentions_begin(input, take, locks);
	if (input->sched)
		sched_observe(input->sched, &locks->intervals);
	model_observe(input->model, &locks->events);
	return locks;
}

const char *locks_lack(const struct locks *locks)
{
	return analysis_lacks_switches(locks->sched);
}

/* What the wait of @entry was for, by those who waited; LOCK_NONE: no futex. */
static struct lock_site wait_site(struct locks *locks, const struct entry *entry)
{
	const struct side *wait = &entry->wait;
	struct lock_site site;

	if (wait->why != WAIT_LOCK && wait->why != WAIT_CONDVAR)
		return (struct lock_site){ 0 };
	site = locks_site(locks, wait->stack);
	if (!wait->address && !is_shared(locks, wait->object))
		site = (struct lock_site){
			.kind = wait->why == WAIT_LOCK && wait->object ? LOCK_FILE : LOCK_NONE,
			.function = site.function,
		};
	else if (!site.kind || site.kind == LOCK_SIGNAL)
		site.kind = wait->why == WAIT_LOCK ? LOCK_FUTEX : LOCK_QUEUE;
	return site;
}

/*
 * "app+0x4040" in static data; elsewhere where it was waited for first, and its address.
 * @function: a text id.
 */
static uint32_t name_lock(struct locks *locks, const struct lock *lock, uint32_t function)
{
	const char *object = dictionary_string(model_dictionary(locks->model), lock->object);
	struct buf text = { 0 };
	const char *place;
	uint32_t name;

	place = !strncmp(object, "futex ", 6) ? strchr(object + 6, ' ') : NULL;
	if (lock->kind == LOCK_FILE)
		buf_puts(&text, object);
	else if (is_shared(locks, lock->object))
		buf_puts(&text, object + sizeof(SHARED) - 1);
	else if (place && strstr(place, "+0x"))
		buf_puts(&text, place + 1);
	else if (function && lock->address)
		buf_printf(&text, "0x%llx of %s", (unsigned long long)lock->address,
			   names_text(locks->names, function));
	else if (function)
		buf_printf(&text, "in %s", names_text(locks->names, function));
	else if (lock->address)
		buf_printf(&text, "0x%llx", (unsigned long long)lock->address);
	else
		buf_puts(&text, "not known");
	name = names_intern(locks->names, buf_str(&text));
	buf_release(&text);
	return name;
}

/* The lock of @key, of @site's kind, made if need be. */
static uint32_t lock_get(struct locks *locks, uint64_t key, struct lock_site site,
			 const struct lock *like)
{
	uint64_t *id;

	if (site.is_parked)
		key = hash_u64(site.function ^ hash_u64(pid_of(locks, like->task)));
	id = map_insert(&locks->lock_by_key, hash_u64(key ^ site.kind));
	if (!*id) {
		struct lock *lock = array_add(&locks->locks);

		*lock = *like;
		lock->kind = site.kind;
		if (site.is_parked)
			lock->address = lock->object = 0;
		lock->name = name_lock(locks, lock, site.function);
		*id = locks->locks.n;
	}
	return (uint32_t)*id;
}

/* Index of @entry's lock + 1; 0: it waited for none. */
static uint32_t lock_of_wait(struct locks *locks, const struct entry *entry, uint32_t waiter)
{
	struct lock_site site = wait_site(locks, entry);
	const struct side *wait = &entry->wait;
	struct lock like = { .task = waiter, .object = wait->object, .address = wait->address };
	struct word *word;
	uint64_t key;
	uint32_t lock;

	if (!site.kind)
		return 0;
	key = site.kind == LOCK_FILE ?
		      hash_u64((uint64_t)2 << 32 | wait->object) :
		      word_key(locks, pid_of(locks, waiter), wait->address, wait->object);
	lock = lock_get(locks, key, site, &like);
	if (site.is_parked || site.kind == LOCK_FILE)
		return lock;
	word = word_get(locks, word_key(locks, pid_of(locks, waiter), wait->address, 0), NULL);
	if (!word->lock)
		word->lock = lock; /* for wakers, who know addresses only */
	word = word_get(locks, key, NULL);
	if (word->most_waiting > locks->locks.items[lock - 1].most_waiting)
		locks->locks.items[lock - 1].most_waiting = word->most_waiting;
	return lock;
}

/* Of a wait that was sampled at its waker only. */
static uint32_t lock_of_wake(struct locks *locks, const struct entry *entry, uint32_t waiter)
{
	struct lock like = { .task = waiter, .address = entry->wake.address };
	struct lock_site site;
	uint64_t key, *word;

	if (!entry->wake.address)
		return 0;
	key = word_key(locks, pid_of(locks, entry->holder), entry->wake.address, 0);
	word = map_find(&locks->word_by_key, key);
	if (word && locks->words.items[*word - 1].lock)
		return locks->words.items[*word - 1].lock;
	site = locks_site(locks, entry->wake.stack);
	site.function = 0; /* of the one who unlocks: no name for a lock */
	if (!site.kind)
		site.kind = LOCK_FUTEX;
	return site.kind == LOCK_SIGNAL ? 0 : lock_get(locks, key, site, &like);
}

static void add_to_lock(struct lock *lock, const struct lock_row *row)
{
	if (!lock_end_counts(row->end) && lock_is_contended(lock->kind)) {
		amount_add(&lock->gave_up, row->waited.n, row->waited.ns);
		return;
	}
	amount_add(&lock->waited, row->waited.n, row->waited.ns);
	if (row->max_ns > lock->max_ns)
		lock->max_ns = row->max_ns;
}

static void add_row(struct locks *locks, const struct entry *entry, uint32_t lock)
{
	const struct stratum *stratum = &locks->strata.items.items[entry->stratum];
	struct amount share = strata_share(&locks->strata, entry->stratum, entry->sampled);
	struct lock_row *row;

	if (!lock)
		return;
	row = array_add(&locks->rows);
	*row = (struct lock_row){
		.lock = lock - 1,
		.end = entry->end,
		.waiter = stratum->who,
		.wait_stack = entry->wait.stack,
		.holder = entry->holder,
		.wake_stack = entry->wake.stack,
		.has_wake = entry->wake.is_known,
		.waited = { value_add(entry->known.n, share.n),
			    value_add(entry->known.ns, share.ns) },
		.n_waits = entry->n_waits,
		.runnable_ns = entry->runnable_ns,
		.max_ns = entry->max_ns,
	};
	if (row->has_wake && locks_site(locks, row->wake_stack).kind == LOCK_SIGNAL)
		row->end = LOCK_END_SIGNAL;
	add_to_lock(&locks->locks.items[lock - 1], row);
}

void locks_resolve(struct locks *locks, struct names *names)
{
	const struct stratum *stratum;
	const struct entry *entry;
	uint32_t *lock_of;

	contentions_finish(locks->contentions);
	locks->names = names;
	lock_of = xcalloc(locks->entries.n + 1, sizeof(*lock_of));
	for (int of_wakes = 0; of_wakes < 2; of_wakes++) {
		for (size_t i = 0; i < locks->entries.n; i++) {
			uint32_t waiter;

			entry = &locks->entries.items[i];
			waiter = locks->strata.items.items[entry->stratum].who;
			if (entry->wait.is_known == of_wakes)
				continue;
			lock_of[i] = of_wakes ? lock_of_wake(locks, entry, waiter) :
						lock_of_wait(locks, entry, waiter);
		}
	}
	for (size_t i = 0; i < locks->entries.n; i++)
		add_row(locks, &locks->entries.items[i], lock_of[i]);
	array_for_each(stratum, &locks->strata.items) {
		if (!stratum->sampled.n)
			amount_add(&locks->totals.unknown, stratum->all.n, stratum->all.ns);
	}
	free(lock_of);
}

const struct lock *locks_items(const struct locks *locks, size_t *ret_n)
{
	*ret_n = locks->locks.n;
	return locks->locks.items;
}

const struct lock_row *locks_rows(const struct locks *locks, size_t *ret_n)
{
	*ret_n = locks->rows.n;
	return locks->rows.items;
}

struct locks_totals locks_totals(const struct locks *locks)
{
	return locks->totals;
}

struct lock_site locks_site(struct locks *locks, uint32_t stack)
{
	return lock_site_find(&locks->sites, locks->names, model_dictionary(locks->model), stack);
}

void locks_free(struct locks *locks)
{
	if (!locks)
		return;
	contentions_free(locks->contentions);
	model_ignore(locks->model, &locks->events);
	strata_release(&locks->strata);
	array_release(&locks->entries);
	map_release(&locks->entry_by_hash);
	array_release(&locks->words);
	map_release(&locks->word_by_key);
	array_release(&locks->word_of);
	array_release(&locks->locks);
	map_release(&locks->lock_by_key);
	array_release(&locks->rows);
	lock_sites_release(&locks->sites);
	free(locks);
}
