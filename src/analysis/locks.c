/* SPDX-License-Identifier: GPL-2.0-only */
#include "locks.h"

#include <stdlib.h>
#include <string.h>

#include "analyses.h"
#include "contention.h"

struct side { /* of a wait: as its thread, or as its waker saw it */
	bool is_known;
	uint32_t stack;
	uint32_t why, object;
	uint64_t address;
};

struct entry {
	uint32_t stratum;
	uint32_t next; /* chain of the hash table */
	uint32_t holder, owner;
	enum lock_end end;
	struct side wait, wake;
	struct slot_span when;
	struct amount known, sampled; /* one by one; standing for others, too */
	int64_t n_waits, runnable_ns, ran_ns, max_ns, longest_ns;
};

struct locks {
	struct contentions *contentions;
	struct lock_words *words;
	struct lock_owners *owners;
	struct chain *chain; /* borrowed; or NULL */
	struct lock_parts parts;
	struct model *model;
	const struct sched *sched;
	const struct filter *filter;
	const struct slots *slots; /* or NULL */
	struct names *names;
	struct strata strata;
	ARRAY(struct entry) entries;
	struct map entry_by_hash;
	ARRAY(struct lock) locks;
	struct map lock_by_key; /* to an index + 1 */
	ARRAY(struct lock_row) rows;
	struct lock_sites sites;
	struct locks_totals totals;
};

static uint32_t pid_of(const struct locks *locks, uint32_t task)
{
	return model_thread(locks->model, model_task(locks->model, task).thread).pid;
}

static uint32_t word_of_wait(const struct locks *locks, const struct side *wait, uint32_t waiter)
{
	return wait->address || lock_is_shared(locks->model, wait->object) ?
		       lock_words_find(locks->words, pid_of(locks, waiter), wait->address,
				       wait->object) :
		       0;
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
	hash = hash_u64(hash ^ ((uint64_t)like->when.first << 32 | like->owner));
	first = map_insert(&locks->entry_by_hash, hash);
	for (uint32_t id = (uint32_t)*first; id; id = entry->next) {
		entry = &locks->entries.items[id - 1];
		if (entry->stratum == like->stratum && entry->holder == like->holder &&
		    entry->owner == like->owner && entry->end == like->end &&
		    entry->when.first == like->when.first && entry->when.n == like->when.n &&
		    is_same_side(&entry->wait, &like->wait) &&
		    is_same_side(&entry->wake, &like->wake))
			return entry;
	}
	entry = array_add(&locks->entries);
	*entry = *like;
	entry->next = (uint32_t)*first;
	*first = locks->entries.n;
	return entry;
}

/* Of several words, what was waited for is the one that the waker's call was about. */
static uint64_t address_of(const struct locks *locks, const struct contention *contention)
{
	uint64_t address = contention_address(locks->model, &contention->wait);

	if (contention_is_for_any(locks->model, &contention->wait) && contention->wake.task &&
	    pid_of(locks, contention->wake.task) == pid_of(locks, contention->task))
		address = contention->wake.address;
	return address;
}

static struct side wait_side(const struct locks *locks, const struct contention *contention)
{
	const struct sched_wait *wait = &contention->wait;

	return (struct side){
		.is_known = wait->period != 0,
		.stack = wait->stack,
		.why = wait->why,
		.object = wait->object,
		.address = address_of(locks, contention),
	};
}

/* What a waker's stack says is what the wait was for where it names the futex. */
static bool tells(const struct sched_wake *wake)
{
	return wake->period && wake->address;
}

static int64_t clamp(uint64_t ns)
{
	return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

/* All like it are known as well. */
static bool stands_alone(const struct contention *contention)
{
	return contention->wait.period == 1 ||
	       (contention->wake.period == 1 && tells(&contention->wake));
}

/* By time, if that was asked for; the contention itself counts where its longest part is. */
static struct entry *add_parts(struct locks *locks, struct entry *like, bool is_alone,
			       uint64_t start_ns, uint64_t end_ns)
{
	struct stratum *stratum = &locks->strata.items.items[like->stratum];
	struct slot_part parts[SLOT_MAX_PARTS];
	size_t n = slots_split(locks->slots, start_ns, end_ns, parts);
	size_t longest = slots_longest(parts, n);

	for (size_t i = 0; i < n; i++) {
		struct amount part = { i == longest, clamp(parts[i].ns) };
		struct entry *entry;

		like->when = parts[i].span;
		entry = entry_of(locks, like);
		amount_add(is_alone ? &entry->known : &entry->sampled, part.n, part.ns);
		amount_add(is_alone ? &stratum->known : &stratum->sampled, part.n, part.ns);
	}
	like->when = parts[longest].span;
	return entry_of(locks, like);
}

static void add_known(struct locks *locks, struct entry *like, const struct contention *contention,
		      uint64_t start_ns, uint64_t end_ns)
{
	struct entry *entry = add_parts(locks, like, stands_alone(contention), start_ns, end_ns);
	int64_t ns = clamp(end_ns - start_ns);

	if (locks->chain)
		lock_parts_add(&locks->parts, locks->chain,
			       (uint32_t)(entry - locks->entries.items), contention, ns);
	if (ns > entry->max_ns)
		entry->max_ns = ns;
	if ((int64_t)contention->longest_ns > entry->longest_ns)
		entry->longest_ns = (int64_t)contention->longest_ns;
	entry->n_waits += contention->n_waits;
	entry->ran_ns = value_add(entry->ran_ns, (int64_t)contention->ran_ns);
	entry->runnable_ns = value_add(entry->runnable_ns, (int64_t)contention->runnable_ns);
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
	uint32_t word;
	int64_t ns;

	filter_clip(locks->filter, &start_ns, &end_ns);
	if (end_ns <= start_ns)
		return;
	if (end == LOCK_END_OPEN)
		like.owner = lock_owners_wait(locks->owners, contention->task).owner;
	ns = clamp(end_ns - start_ns);
	amount_add(&locks->totals.all, 1, ns);
	like.stratum = strata_find(&locks->strata, contention->task,
				   like.holder ? like.holder : UINT32_MAX - end, ns);
	if (!stands_alone(contention))
		amount_add(&locks->strata.items.items[like.stratum].all, 1, ns);
	if (!like.wait.is_known && !tells(&contention->wake))
		return;
	add_known(locks, &like, contention, start_ns, end_ns);
	word = word_of_wait(locks, &like.wait, contention->task);
	if (word && lock_end_counts(end) && (!like.wake.is_known || like.wake.address))
		lock_words_add(locks->words, word, end_ns, ns);
}

struct locks *locks_begin(const struct analysis_input *input, struct chain *chain)
{
	struct locks *locks = xcalloc(1, sizeof(*locks));

	locks->model = input->model;
	locks->sched = input->sched;
	locks->filter = input->filter;
	locks->slots = input->slots;
	locks->chain = chain;
	locks->parts.model = input->model;
	locks->words = lock_words_begin(input);
	locks->owners = lock_owners_begin(input);
	locks->contentions = contentions_begin(input, chain, take, locks);
	return locks;
}

const char *locks_lack(const struct locks *locks)
{
	return analysis_lacks_wakeups(locks->sched);
}

/* Name of the variable in static data that @object lies in; 0: none is known. */
static uint32_t variable_of(struct locks *locks, uint32_t object)
{
	struct dictionary *dict = model_dictionary(locks->model);
	uint32_t frame = dictionary_place(dict, object), variable;

	if (!frame || !dictionary_frame(dict, frame).n_names)
		return 0;
	variable = names_frame(locks->names, frame).items[0].function;
	return names_function(locks->names, variable).name;
}

/*
 * CPython as distributions ship it has lost the names of take_gil() and drop_gil(), but the
 * variable that the interpreter's lock lies in is exported, and no other condition does.
 */
static bool is_gil(struct locks *locks, uint32_t object)
{
	static const char runtime[] = "_PyRuntime";

	return !strncmp(names_text(locks->names, variable_of(locks, object)), runtime,
			sizeof(runtime) - 1);
}

/* What the wait of @entry was for, by those who waited; LOCK_NONE: no futex. */
static struct lock_site wait_site(struct locks *locks, const struct entry *entry)
{
	const struct side *wait = &entry->wait;
	struct lock_site site;

	if (wait->why != WAIT_LOCK && wait->why != WAIT_CONDVAR)
		return (struct lock_site){ 0 };
	site = locks_site(locks, wait->stack);
	if (!wait->address && !lock_is_shared(locks->model, wait->object))
		site = (struct lock_site){
			.kind = wait->why == WAIT_LOCK && wait->object ? LOCK_FILE : LOCK_NONE,
			.function = site.function,
		};
	else if (!site.kind || site.kind == LOCK_SIGNAL)
		site.kind = wait->why == WAIT_LOCK ? LOCK_FUTEX : LOCK_QUEUE;
	if ((site.kind == LOCK_CONDVAR || site.kind == LOCK_QUEUE) && is_gil(locks, wait->object))
		site.kind = LOCK_GIL;
	return site;
}

/*
 * "g_pool[3].lock" or "app+0x4040" in static data; elsewhere by the type of an object that
 * somebody who waited for it had a pointer to, "(Cache).lock"; else where it was waited for first,
 * and its address.
 * @function: a text id.
 */
static uint32_t name_lock(struct locks *locks, const struct lock *lock, uint32_t function)
{
	const char *place = lock_place(locks->model, lock->object);
	struct dictionary *dict = model_dictionary(locks->model);
	uint32_t variable = variable_of(locks, lock->object);
	uint32_t typed = lock->object ? dictionary_object_name(dict, pid_of(locks, lock->task),
							       lock->object) :
					0;
	struct buf text = { 0 };
	uint32_t name;

	if (variable)
		return variable;
	if (lock->kind == LOCK_FILE)
		buf_puts(&text, dictionary_string(model_dictionary(locks->model), lock->object));
	else if (place && (strstr(place, "+0x") || lock_is_shared(locks->model, lock->object)))
		buf_puts(&text, place);
	else if (typed)
		buf_puts(&text, dictionary_string(dict, typed));
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

/*
 * Of a lock that is told by the function that waits for it: of one process, unless those that
 * wait do so in memory that they share; one for all of which the function is not known.
 */
static uint64_t parked_key(const struct locks *locks, struct lock_site site,
			   const struct lock *like)
{
	bool is_of_all = !site.function || lock_is_shared(locks->model, like->object);

	return hash_u64(site.function ^ hash_u64(is_of_all ? 0 : pid_of(locks, like->task)));
}

/* The lock of @key, of @site's kind, made if need be: its index + 1. */
static uint32_t lock_get(struct locks *locks, uint64_t key, struct lock_site site,
			 const struct lock *like)
{
	uint64_t *id;

	if (site.is_parked)
		key = parked_key(locks, site, like);
	id = map_insert(&locks->lock_by_key, hash_u64(key ^ site.kind));
	if (!*id) {
		struct lock *lock = array_add(&locks->locks);

		*lock = *like;
		lock->kind = site.kind;
		if (site.is_parked)
			lock->address = lock->object = lock->word = 0;
		lock->name = name_lock(locks, lock, site.function);
		*id = locks->locks.n;
	}
	return (uint32_t)*id;
}

static uint64_t word_key(uint32_t word)
{
	return hash_u64((uint64_t)1 << 32 | word);
}

/* Of one that nobody was seen to begin to wait for. */
static uint64_t address_key(uint32_t pid, uint64_t address)
{
	return hash_u64(address ^ hash_u64((uint64_t)3 << 32 | pid));
}

/* Index of @entry's lock + 1; 0: it waited for none. */
static uint32_t lock_of_wait(struct locks *locks, const struct entry *entry, uint32_t waiter)
{
	struct lock_site site = wait_site(locks, entry);
	const struct side *wait = &entry->wait;
	struct lock like = { .task = waiter, .object = wait->object, .address = wait->address };
	uint32_t lock;

	if (!site.kind)
		return 0;
	if (site.kind == LOCK_FILE)
		return lock_get(locks, hash_u64((uint64_t)2 << 32 | wait->object), site, &like);
	like.word = word_of_wait(locks, wait, waiter);
	lock = lock_get(locks,
			like.word ? word_key(like.word) :
				    address_key(pid_of(locks, waiter), like.address),
			site, &like);
	if (like.word && !lock_words_get(locks->words, like.word)->lock)
		lock_words_get(locks->words, like.word)->lock = lock;
	return lock;
}

/* Of a wait that was sampled at its waker only. */
static uint32_t lock_of_wake(struct locks *locks, const struct entry *entry, uint32_t waiter)
{
	uint32_t pid = pid_of(locks, entry->holder);
	struct lock like = { .task = waiter, .address = entry->wake.address };
	struct lock_site site;

	like.word = lock_words_find(locks->words, pid, entry->wake.address, 0);
	if (like.word && lock_words_get(locks->words, like.word)->lock)
		return lock_words_get(locks->words, like.word)->lock;
	site = locks_site(locks, entry->wake.stack);
	site.function = 0; /* of the one who unlocks: no name for a lock */
	if (!site.kind)
		site.kind = LOCK_FUTEX;
	return site.kind == LOCK_SIGNAL ?
		       0 :
		       lock_get(locks, address_key(pid, like.address), site, &like);
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

static int64_t scale(int64_t value, int64_t by, int64_t of)
{
	return (int64_t)((__int128)value * by / of);
}

/* Runtimes that wait for a time only to look whether somebody forgot to wake them. */
static bool never_gives_up(enum lock_kind kind)
{
	return kind == LOCK_MONITOR || kind == LOCK_GIL;
}

/* Each wait for what nobody holds is one by itself. */
static void take_apart(struct lock_row *row, const struct entry *entry)
{
	int64_t ns = value_add(entry->known.ns, entry->sampled.ns);

	row->waited.n = scale(entry->n_waits, row->waited.ns, ns);
	row->waited.ns = scale(ns - entry->ran_ns, row->waited.ns, ns);
	row->max_ns = entry->longest_ns;
}

static void add_row(struct locks *locks, const struct entry *entry, uint32_t lock)
{
	const struct stratum *stratum = &locks->strata.items.items[entry->stratum];
	struct amount share =
		strata_share_widely(&locks->strata, entry->stratum, entry->known, entry->sampled);
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
		.owner = entry->owner,
		.wake_stack = entry->wake.stack,
		.when = entry->when,
		.has_wake = entry->wake.is_known,
		.waited = { value_add(entry->known.n, share.n),
			    value_add(entry->known.ns, share.ns) },
		.n_waits = entry->n_waits,
		.max_ns = entry->max_ns,
	};
	row->runnable_ns = scale(entry->runnable_ns, row->waited.ns,
				 value_add(entry->known.ns, entry->sampled.ns));
	if (!lock_is_contended(locks->locks.items[lock - 1].kind))
		take_apart(row, entry);
	if (row->has_wake && locks_site(locks, row->wake_stack).kind == LOCK_SIGNAL)
		row->end = LOCK_END_SIGNAL;
	if (row->end == LOCK_END_INTERRUPT && never_gives_up(locks->locks.items[lock - 1].kind))
		row->end = LOCK_END_UNSEEN; /* it looked, and got it */
	add_to_lock(&locks->locks.items[lock - 1], row);
	if (locks->chain)
		lock_parts_take(&locks->parts, locks->chain,
				(uint32_t)(entry - locks->entries.items), locks->rows.n - 1,
				row->waited.ns);
}

void locks_resolve(struct locks *locks, struct names *names)
{
	const struct entry *entry;
	uint32_t *lock_of;

	contentions_finish(locks->contentions);
	lock_words_finish(locks->words);
	locks->totals.unknown = strata_finish(&locks->strata);
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
	free(lock_of);
}

const struct lock *locks_items(const struct locks *locks, size_t *ret_n)
{
	if (ret_n)
		*ret_n = locks->locks.n;
	return locks->locks.items;
}

const struct lock_row *locks_rows(const struct locks *locks, size_t *ret_n)
{
	*ret_n = locks->rows.n;
	return locks->rows.items;
}

const struct lock_part *locks_parts(const struct locks *locks, size_t *ret_n)
{
	*ret_n = locks->parts.items.n;
	return locks->parts.items.items;
}

/* By its name, by the beginning of it up to a space, or by its address. */
static bool is_called(const struct locks *locks, const struct lock *lock, const char *name)
{
	const char *full = names_text(locks->names, lock->name);
	size_t size = strlen(name);
	char *end;

	if (!strncmp(full, name, size) && (!full[size] || full[size] == ' '))
		return true;
	return lock->address && !strncmp(name, "0x", 2) &&
	       strtoull(name, &end, 16) == lock->address && !*end;
}

bool locks_is_wanted(const struct locks *locks, uint32_t lock, uint32_t task)
{
	const struct filter *filter = locks->filter;

	return (!filter->lock || is_called(locks, &locks->locks.items[lock], filter->lock)) &&
	       (!task || filter_has_task(filter, locks->model, task));
}

bool locks_wanted(const struct locks *locks, const struct lock_row *row)
{
	return locks_is_wanted(locks, row->lock, row->holder ? row->holder : row->waiter);
}

struct lock_words *locks_words(struct locks *locks)
{
	return locks->words;
}

const struct lock_owners *locks_owners(const struct locks *locks)
{
	return locks->owners;
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
	lock_words_free(locks->words);
	lock_owners_free(locks->owners);
	strata_release(&locks->strata);
	array_release(&locks->entries);
	map_release(&locks->entry_by_hash);
	array_release(&locks->locks);
	map_release(&locks->lock_by_key);
	array_release(&locks->rows);
	lock_parts_release(&locks->parts);
	lock_sites_release(&locks->sites);
	free(locks);
}
