/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks of the kernel's that threads waited for: exact by lock and thread; by the stack of who
 * waited as far as those were sampled, which the exact figures are shared out over.  Who
 * held the lock the kernel does not tell.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "analyses.h"
#include "base/human.h"
#include "leaf.h"
#include "lock_sheets.h"
#include "model/names.h"
#include "strata.h"

enum { VALUE_CONTENTIONS, VALUE_DELAY };

struct kernel_lock {
	uint64_t address;
	const char *kind;
	uint32_t object; /* string id; of static data */
	uint32_t name;   /* text id */
	struct amount waited, gave_up;
	int64_t max_ns, n_slept, n_read;
};

struct place { /* waits of a stratum that had one stack, or none that is known */
	uint32_t stratum, stack;
	struct amount known, sampled;
};

struct kernel_locks {
	struct model_observer observer;
	struct model *model;
	const struct filter *filter;
	struct names *names;
	struct map lock_by_key; /* to an index + 1 */
	ARRAY(struct kernel_lock) locks;
	struct map blocked;   /* thread id → when it left a CPU to sleep last */
	struct strata strata; /* by: index of the lock */
	struct map place_by_key;
	ARRAY(struct place) places;
	struct lock_sums sums; /* by lock, thread and function */
	struct amount unfiltered, all;
	int64_t n_known;
};

static const char *kind_of(uint32_t flags)
{
	static const struct {
		uint32_t of, are;
		const char *name;
	} rows[] = {
		{ KERNEL_LOCK_MUTEX, KERNEL_LOCK_MUTEX, "kernel mutex" },
		{ KERNEL_LOCK_PERCPU, KERNEL_LOCK_PERCPU, "kernel percpu-rwsem" },
		{ KERNEL_LOCK_SPIN | KERNEL_LOCK_READ, KERNEL_LOCK_SPIN | KERNEL_LOCK_READ,
		  "kernel rwlock" },
		{ KERNEL_LOCK_SPIN | KERNEL_LOCK_WRITE, KERNEL_LOCK_SPIN | KERNEL_LOCK_WRITE,
		  "kernel rwlock" },
		{ KERNEL_LOCK_SPIN, KERNEL_LOCK_SPIN, "kernel spinlock" },
		{ KERNEL_LOCK_READ, KERNEL_LOCK_READ, "kernel rwsem" },
		{ KERNEL_LOCK_WRITE, KERNEL_LOCK_WRITE, "kernel rwsem" },
		{ KERNEL_LOCK_RT, KERNEL_LOCK_RT, "kernel rtmutex" },
		{ UINT32_MAX, 0, "kernel semaphore" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((flags & rows[i].of) == rows[i].are)
			return rows[i].name;
	}
	return "kernel lock";
}

/* Names without leading underscores of functions that lie between a lock and who wants it. */
static bool is_of_locking(const char *function)
{
	static const char *const patterns[] = {
		"*contention_begin*",
		"*queued_*lock*",
		"raw_*lock*",
		"mutex_*",
		"ww_mutex_*",
		"*rwsem_*",
		"down*",
		"*rt_mutex_*",
		"rt_spin_*",
		"rt_read_*",
		"rt_write_*",
		"rwbase_*",
		"percpu_*down*",
		"percpu_rwsem_*",
		"mmap_read_lock*",
		"mmap_write_lock*",
		"*spin_lock_slowpath",
		"pv_queued_spin_*",
		"up_read",
		"up_write",
		"up",
	};
	const char *bare = function + strspn(function, "_");

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (!fnmatch(patterns[i], bare, 0))
			return true;
	}
	return false;
}

/* Text id of the function of @stack that wanted the lock; 0: not known. */
static uint32_t taker(const struct kernel_locks *locks, uint32_t stack)
{
	const struct dictionary *dict = model_dictionary(locks->model);

	while (stack) {
		struct dict_stack node = dictionary_stack(dict, stack);
		struct levels levels = names_frame(locks->names, names_frame_of(node));
		uint32_t name =
			names_function(locks->names, levels.items[levels.n - 1].function).name;

		if (!is_of_locking(names_text(locks->names, name)))
			return name;
		stack = node.parent;
	}
	return 0;
}

static uint32_t lock_of(struct kernel_locks *locks, const struct event_kernel_lock *told)
{
	const char *kind = kind_of(told->flags);
	uint64_t *id = map_insert(&locks->lock_by_key,
				  hash_u64(told->address ^ hash_u64((uintptr_t)kind)));

	if (!*id) {
		*array_add(&locks->locks) = (struct kernel_lock){ .address = told->address,
								  .kind = kind,
								  .object = told->object };
		*id = locks->locks.n;
	}
	return (uint32_t)*id - 1;
}

static struct place *place_of(struct kernel_locks *locks, uint32_t stratum, uint32_t stack)
{
	uint64_t *id = map_insert(&locks->place_by_key, (uint64_t)stratum << 32 | stack);

	if (!*id) {
		*array_add(&locks->places) = (struct place){ .stratum = stratum, .stack = stack };
		*id = locks->places.n;
	}
	return &locks->places.items[*id - 1];
}

static void add_to_stack(struct kernel_locks *locks, uint32_t lock, uint32_t task,
			 const struct event_kernel_lock *told, int64_t ns)
{
	uint32_t id = strata_find(&locks->strata, task, lock, ns);
	struct stratum *stratum = &locks->strata.items.items[id];
	struct place *place;

	amount_add(&locks->all, 1, ns);
	if (told->period != 1)
		amount_add(&stratum->all, 1, ns);
	if (!told->period)
		return;
	locks->n_known++;
	place = place_of(locks, id, told->stack);
	amount_add(told->period == 1 ? &place->known : &place->sampled, 1, ns);
	amount_add(told->period == 1 ? &stratum->known : &stratum->sampled, 1, ns);
}

static void add_to_lock(struct kernel_locks *locks, struct kernel_lock *lock,
			const struct event_kernel_lock *told, uint64_t start_ns, int64_t ns)
{
	const uint64_t *blocked = told->tid ? map_find(&locks->blocked, told->tid) : NULL;

	amount_add(&lock->waited, 1, ns);
	if (ns > lock->max_ns)
		lock->max_ns = ns;
	lock->n_slept += blocked && *blocked >= start_ns;
	lock->n_read += (told->flags & KERNEL_LOCK_READ) != 0;
	if ((int64_t)told->result < 0)
		amount_add(&lock->gave_up, 1, ns);
}

static void take_lock(struct kernel_locks *locks, const struct event *event)
{
	const struct event_kernel_lock *told = &event->kernel_lock;
	uint64_t end_ns = event->time_ns, start_ns = end_ns - told->duration_ns, began_ns;
	uint32_t task = told->tid ? model_task_of(locks->model, told->tid) : 0, lock;
	int64_t ns;

	if (told->duration_ns > end_ns)
		return;
	amount_add(&locks->unfiltered, 1, (int64_t)(end_ns - start_ns));
	began_ns = start_ns;
	filter_clip(locks->filter, &start_ns, &end_ns);
	if (end_ns <= start_ns)
		return;
	if (told->tid && !task)
		task = model_task_now(locks->model, 0, told->tid);
	if (!filter_has_task(locks->filter, locks->model, task))
		return;
	ns = (int64_t)(end_ns - start_ns);
	lock = lock_of(locks, told);
	add_to_lock(locks, &locks->locks.items[lock], told, began_ns, ns);
	add_to_stack(locks, lock, task, told, ns);
}

static void take(struct model_observer *observer, const struct event *event)
{
	struct kernel_locks *locks = (struct kernel_locks *)observer; /* the first member */
	const struct event_sched_switch *s = &event->sched_switch;

	if (event->kind == EVENT_KERNEL_LOCK)
		take_lock(locks, event);
	else if (event->kind == EVENT_SCHED_SWITCH && s->prev &&
		 (s->state == TASK_SLEEPING || s->state == TASK_DISK))
		*map_insert(&locks->blocked, s->prev) = event->time_ns;
}

void *kernel_locks_begin(const struct analysis_input *input)
{
	struct kernel_locks *locks = xcalloc(1, sizeof(*locks));

	locks->observer.event = take;
	locks->model = input->model;
	locks->filter = input->filter;
	model_observe(input->model, &locks->observer);
	return locks;
}

const char *kernel_locks_lack(const void *state)
{
	if (((const struct kernel_locks *)state)->unfiltered.n)
		return NULL;
	return "the recording tells of no wait for a lock of the kernel's: none was fought over, "
	       "or it was made without --kernel-locks, as root";
}

static void add_sum(struct kernel_locks *locks, const struct stratum *stratum, uint32_t stack,
		    struct amount amount)
{
	lock_sums_add(&locks->sums,
		      &(struct lock_sum){ .lock = stratum->by,
					  .task = stratum->who,
					  .function = taker(locks, stack) },
		      &(struct lock_row){ .waited = amount });
}

/* "css_set_lock", or "0xffff888100068d38 of __vm_munmap": who takes it most. */
static void name_lock(struct kernel_locks *locks, struct kernel_lock *lock, uint32_t function)
{
	struct dictionary *dict = model_dictionary(locks->model);
	uint32_t frame = lock->object ? dictionary_place(dict, lock->object) : 0;
	struct buf text = { 0 };

	if (frame && dictionary_frame(dict, frame).n_names) {
		struct levels levels = names_frame(locks->names, frame);

		lock->name = names_function(locks->names, levels.items[0].function).name;
		return;
	}
	buf_printf(&text, "0x%llx", (unsigned long long)lock->address);
	if (function)
		buf_printf(&text, " of %s", names_text(locks->names, function));
	lock->name = names_intern(locks->names, buf_str(&text));
	buf_release(&text);
}

/* Shares the exact figures out over what was sampled; names the locks. */
static void finish(struct kernel_locks *locks, struct names *names)
{
	struct strata *strata = &locks->strata;
	struct place *place;

	model_ignore(locks->model, &locks->observer);
	locks->names = names;
	strata_finish(strata);
	array_for_each(place, &locks->places) {
		struct amount share =
			strata_share_widely(strata, place->stratum, place->known, place->sampled);

		amount_add(&place->known, share.n, share.ns);
		add_sum(locks, &strata->items.items[place->stratum], place->stack, place->known);
	}
	for (uint32_t i = 0; i < strata->items.n; i++) {
		const struct stratum *stratum = &strata->items.items[i];

		if (strata->pairs.items[stratum->pair].over.n)
			continue; /* shared out */
		*array_add(&locks->places) = (struct place){ .stratum = i, .known = stratum->all };
		add_sum(locks, stratum, 0, stratum->all);
	}
	lock_sums_sort(&locks->sums);
	for (size_t i = locks->sums.items.n; i-- > 0;) {
		const struct lock_sum *sum = &locks->sums.items.items[i];

		name_lock(locks, &locks->locks.items[sum->lock], sum->function);
	}
}

static void put_notes(const struct kernel_locks *locks, struct audit *notes)
{
	char a[HUMAN_SIZE], b[HUMAN_SIZE];
	struct amount gave_up = { 0 };
	const struct kernel_lock *lock;

	array_for_each(lock, &locks->locks)
		amount_add(&gave_up, lock->gave_up.n, lock->gave_up.ns);
	if (gave_up.n)
		audit_add(notes, false, "%s of these, %s, ended without the lock",
			  human_count(a, (uint64_t)gave_up.n),
			  human_duration(b, (uint64_t)gave_up.ns));
	if (locks->n_known < locks->all.n)
		audit_add(notes, false,
			  "%s of %s waits have a stack; the exact figures of each thread and lock "
			  "are spread over these",
			  human_count(a, (uint64_t)locks->n_known),
			  human_count(b, (uint64_t)locks->all.n));
}

static void release(struct kernel_locks *locks)
{
	map_release(&locks->lock_by_key);
	array_release(&locks->locks);
	map_release(&locks->blocked);
	strata_release(&locks->strata);
	map_release(&locks->place_by_key);
	array_release(&locks->places);
	lock_sums_release(&locks->sums);
	free(locks);
}

/* What stands in the place of a stack that there is none of. */
static uint32_t no_stack(struct definer *definer, const struct stratum *stratum)
{
	return definer_stack(definer, 0,
			     definer_note(definer, stratum->who ? "not sampled" : "interrupt"));
}

static void put_place(struct kernel_locks *locks, struct definer *definer,
		      const struct place *place, struct profile *profile)
{
	const struct stratum *stratum = &locks->strata.items.items[place->stratum];
	const struct kernel_lock *lock = &locks->locks.items[stratum->by];
	struct names *names = profile->names;
	struct profile_key key = {
		.task = stratum->who,
		.cpu = PROFILE_NO_CPU,
		.labels = { lock->name, names_intern(names, lock->kind) },
	};
	struct profile_row *row;
	struct buf text = { 0 };

	buf_printf(&text, "%s: %s", lock->kind, names_text(names, lock->name));
	key.stack = definer_stack(definer, place->stack ? place->stack : no_stack(definer, stratum),
				  definer_note(definer, buf_str(&text)));
	buf_release(&text);
	row = profile_row(profile, &key);
	row->values[VALUE_CONTENTIONS] = value_add(row->values[VALUE_CONTENTIONS], place->known.n);
	row->values[VALUE_DELAY] = value_add(row->values[VALUE_DELAY], place->known.ns);
}

void kernel_locks_profile(void *state, struct profile *ret)
{
	struct kernel_locks *locks = state;
	struct definer *definer = model_definer(locks->model);
	const struct place *place;

	profile_init(ret, "kernel-locks", locks->model);
	profile_add_type(ret, "contentions", "count");
	ret->default_type = profile_add_type(ret, "delay", "nanoseconds");
	ret->period_type = (struct value_type){ "contentions", "count" };
	ret->period = 1;
	ret->labels[0] = "lock";
	ret->labels[1] = "kind";
	finish(locks, ret->names);
	array_for_each(place, &locks->places)
		put_place(locks, definer, place, ret);
	ret->unfiltered[VALUE_CONTENTIONS] = locks->unfiltered.n;
	ret->unfiltered[VALUE_DELAY] = locks->unfiltered.ns;
	put_notes(locks, &ret->notes);
	profile_close(ret, locks->filter);
	definer_free(definer);
	release(locks);
}

enum {
	K_NAME,
	K_KIND,
	K_ADDRESS,
	K_N,
	K_READ,
	K_SLEPT,
	K_TOTAL,
	K_MEAN,
	K_MAX,
	K_WAITER,
	K_COLUMNS
};

static const struct sheet_column columns[K_COLUMNS] = {
	[K_NAME] = { "lock", "lock", SHEET_TEXT },
	[K_KIND] = { "kind", "kind", SHEET_TEXT },
	[K_ADDRESS] = { "address", NULL, SHEET_TEXT },
	[K_N] = { "contentions", "contentions", SHEET_COUNT },
	[K_READ] = { "reads", "to read", SHEET_COUNT },
	[K_SLEPT] = { "slept", "slept", SHEET_COUNT },
	[K_TOTAL] = { "total_ns", "total", SHEET_NS },
	[K_MEAN] = { "mean_ns", "mean", SHEET_NS },
	[K_MAX] = { "max_ns", "max", SHEET_NS },
	[K_WAITER] = { "top_waiter", "most waiting", SHEET_TEXT },
};

/* "__vm_munmap in worker (53%)" */
static char *waiter_text(const struct kernel_locks *locks, const struct lock_sum *sum)
{
	const struct kernel_lock *lock = &locks->locks.items[sum->lock];
	uint32_t thread = sum->task ? names_thread(locks->names, locks->model, sum->task) : 0;
	double percent = 100.0 * (double)sum->waited.ns / (double)lock->waited.ns;

	return xasprintf("%s%s%s (%.0f%%)",
			 sum->function ? names_text(locks->names, sum->function) : "",
			 sum->function ? " in " : "",
			 thread ? names_text(locks->names, thread) : "an interrupt", percent);
}

static void put_row(struct sheet *sheet, const struct kernel_locks *locks,
		    const struct kernel_lock *lock, const struct lock_sum *top)
{
	union sheet_cell *cells = sheet_row(sheet);

	cells[K_NAME].text = xstrdup(names_text(locks->names, lock->name));
	cells[K_KIND].text = xstrdup(lock->kind);
	cells[K_ADDRESS].text = xasprintf("0x%llx", (unsigned long long)lock->address);
	cells[K_N].number = lock->waited.n;
	cells[K_READ].number = lock->n_read;
	cells[K_SLEPT].number = lock->n_slept;
	cells[K_TOTAL].number = lock->waited.ns;
	cells[K_MEAN].number = lock->waited.ns / lock->waited.n;
	cells[K_MAX].number = lock->max_ns;
	cells[K_WAITER].text = waiter_text(locks, top);
}

struct ranked {
	const struct kernel_lock *lock;
	const struct lock_sum *top;
};

static int compare(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->lock->waited.ns != y->lock->waited.ns)
		return x->lock->waited.ns < y->lock->waited.ns ? 1 : -1;
	return x->lock < y->lock ? -1 : x->lock > y->lock;
}

void kernel_locks_sheets(void *state, struct sheets *ret)
{
	struct kernel_locks *locks = state;
	struct names *names = names_new(model_dictionary(locks->model));
	struct ranked *ranked = xcalloc(locks->locks.n + 1, sizeof(*ranked));
	struct sheet *sheet;

	finish(locks, names);
	for (size_t i = locks->sums.items.n; i-- > 0;) { /* the largest last */
		const struct lock_sum *sum = &locks->sums.items.items[i];

		ranked[sum->lock] = (struct ranked){ &locks->locks.items[sum->lock], sum };
	}
	sheets_init(ret, "kernel-locks", locks->model, locks->filter);
	put_notes(locks, &ret->notes);
	sheet = sheets_add(ret, "kernel_locks", NULL, columns, K_COLUMNS);
	qsort(ranked, locks->locks.n, sizeof(*ranked), compare);
	for (size_t i = 0; i < locks->locks.n; i++)
		put_row(sheet, locks, ranked[i].lock, ranked[i].top);
	free(ranked);
	release(locks);
	names_free(names);
}
