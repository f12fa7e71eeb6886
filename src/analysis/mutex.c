/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mutex profile: locks that were fought over, by the stack of who unlocked, which is
 * the place to mend; as Go's, its values are contentions and delay.
 */
#include <stdlib.h>

#include "analyses.h"
#include "leaf.h"
#include "lock_figures.h"
#include "lock_stuck.h"
#include "locks.h"
#include "model/names.h"

enum { VALUE_CONTENTIONS, VALUE_DELAY, VALUE_HOLDUP };

struct mutex {
	struct locks *locks;
	struct model *model;
	const struct filter *filter;
};

struct cell { /* of a lock and who ended waits for it */
	struct amount with_stack;
	struct amount without; /* shared out over those with a stack */
	struct amount done, given;
};

struct cover { /* of a lock: how much of the waiting for it the hold-ups explain */
	int64_t waited_ns, holdup_ns;
	bool is_known; /* enough of it */
};

struct maker { /* of the profile */
	const struct mutex *mutex;
	struct definer *definer;
	struct profile *profile;
	const struct lock *locks;
	struct map cell_of; /* lock << 32 | holder, to an index + 1 */
	ARRAY(struct cell) cells;
	struct cover *covers; /* of each lock */
	struct lock_figures figures;
};

void *mutex_begin(const struct analysis_input *input)
{
	struct mutex *mutex = xcalloc(1, sizeof(*mutex));

	mutex->locks = locks_begin(input, NULL);
	mutex->model = input->model;
	mutex->filter = input->filter;
	return mutex;
}

const char *mutex_lack(const void *state)
{
	return locks_lack(((const struct mutex *)state)->locks);
}

static struct cell *cell_of(struct maker *maker, const struct lock_row *row)
{
	uint64_t *id = map_insert(&maker->cell_of, (uint64_t)row->lock << 32 | row->holder);

	if (!*id) {
		array_add(&maker->cells);
		*id = maker->cells.n;
	}
	return &maker->cells.items[*id - 1];
}

struct place {         /* in the profile */
	uint32_t lock; /* index */
	uint32_t stack, holder;
	struct slot_span when;
};

static struct profile_row *row_at(struct maker *maker, const struct place *place)
{
	const struct lock *lock = &maker->locks[place->lock];
	struct names *names = maker->profile->names;
	const char *kind = lock_kind_name(lock->kind);
	struct profile_key key = {
		.task = place->holder,
		.cpu = PROFILE_NO_CPU,
		.labels = { lock->name, names_intern(names, kind) },
		.when = place->when,
	};
	struct buf text = { 0 };

	buf_printf(&text, "%s: %s", kind, names_text(names, lock->name));
	key.stack = definer_stack(maker->definer, place->stack,
				  definer_note(maker->definer, buf_str(&text)));
	buf_release(&text);
	return profile_row(maker->profile, &key);
}

static void put(struct maker *maker, const struct lock_row *row, uint32_t stack,
		struct amount amount)
{
	uint32_t holder = row->holder ? row->holder : row->owner;
	struct profile_row *to =
		row_at(maker, &(struct place){ row->lock, stack, holder, row->when });

	to->values[VALUE_CONTENTIONS] = value_add(to->values[VALUE_CONTENTIONS], amount.n);
	to->values[VALUE_DELAY] = value_add(to->values[VALUE_DELAY], amount.ns);
	if (!maker->covers[row->lock].is_known)
		to->values[VALUE_HOLDUP] = value_add(to->values[VALUE_HOLDUP], amount.ns);
}

/* What stands in the place of a stack that there is none of, behind @stack. */
static uint32_t no_stack(const struct maker *maker, enum lock_end end, uint32_t stack)
{
	const char *text = end == LOCK_END_OPEN   ? "not unlocked by the end" :
			   end == LOCK_END_UNSEEN ? "nobody seen to unlock" :
						    "where it was unlocked was not sampled";

	return definer_stack(maker->definer, stack, definer_note(maker->definer, text));
}

static int64_t part_of(int64_t whole, int64_t part, int64_t of)
{
	return of ? (int64_t)((__int128)whole * part / of) : 0;
}

/* @row's part of what its cell has without a stack, besides its own. */
static struct amount share(struct cell *cell, const struct lock_row *row)
{
	struct amount until;

	amount_add(&cell->done, row->waited.n, row->waited.ns);
	until.n = part_of(cell->without.n, cell->done.n, cell->with_stack.n);
	until.ns = part_of(cell->without.ns, cell->done.ns, cell->with_stack.ns);
	until = (struct amount){ until.n - cell->given.n, until.ns - cell->given.ns };
	amount_add(&cell->given, until.n, until.ns);
	amount_add(&until, row->waited.n, row->waited.ns);
	return until;
}

/* Of a wait without one: where the lock's owner is, if it has not unlocked it yet. */
static uint32_t stack_instead(const struct maker *maker, const struct lock_row *row)
{
	struct lock_wait wait = { 0 };

	if (row->owner)
		wait = lock_owners_wait(locks_owners(maker->mutex->locks), row->waiter);
	return no_stack(maker, row->end, wait.stack);
}

static void put_row(struct maker *maker, const struct lock_row *row)
{
	struct cell *cell = cell_of(maker, row);

	if (row->end != LOCK_END_THREAD || !cell->with_stack.ns)
		put(maker, row, stack_instead(maker, row), row->waited);
	else if (row->has_wake)
		put(maker, row, row->wake_stack, share(cell, row));
}

static void add_row(struct maker *maker, const struct lock_row *row)
{
	struct cell *cell = cell_of(maker, row);
	struct cover *cover = &maker->covers[row->lock];

	cover->waited_ns = value_add(cover->waited_ns, row->waited.ns - row->runnable_ns);
	if (row->end == LOCK_END_THREAD)
		amount_add(row->has_wake ? &cell->with_stack : &cell->without, row->waited.n,
			   row->waited.ns);
}

/* The lock of a hold-up that has a place in the profile, + 1; else 0. */
static uint32_t lock_of(const struct maker *maker, const struct lock_holdup *holdup)
{
	const struct mutex *mutex = maker->mutex;
	uint32_t lock = lock_words_get(locks_words(mutex->locks), holdup->word)->lock;

	if (!lock || !lock_is_contended(maker->locks[lock - 1].kind) ||
	    !locks_is_wanted(mutex->locks, lock - 1, holdup->task))
		return 0;
	return lock;
}

/* Where not every wait was sampled, who held up whom is not known. */
static void find_covers(struct maker *maker)
{
	struct lock_words *words = locks_words(maker->mutex->locks);
	size_t n, n_locks;
	const struct lock_holdup *holdups = lock_words_holdups(words, &n);

	locks_items(maker->mutex->locks, &n_locks);
	for (size_t i = 0; i < n; i++) {
		uint32_t lock = lock_of(maker, &holdups[i]);

		if (lock)
			maker->covers[lock - 1].holdup_ns =
				value_add(maker->covers[lock - 1].holdup_ns, holdups[i].ns);
	}
	for (size_t i = 0; i < n_locks; i++)
		maker->covers[i].is_known = maker->covers[i].holdup_ns >=
					    maker->covers[i].waited_ns / 100 * LOCK_LEAST_COVER;
}

static void put_holdups(struct maker *maker)
{
	size_t n;
	const struct lock_holdup *holdups =
		lock_words_holdups(locks_words(maker->mutex->locks), &n);

	for (size_t i = 0; i < n; i++) {
		uint32_t lock = lock_of(maker, &holdups[i]), stack = holdups[i].stack;
		struct profile_row *to;

		if (!lock || !maker->covers[lock - 1].is_known)
			continue;
		if (!stack)
			stack = no_stack(maker, holdups[i].task ? LOCK_END_THREAD : LOCK_END_OPEN,
					 0);
		to = row_at(maker,
			    &(struct place){ lock - 1, stack, holdups[i].task, holdups[i].when });
		to->values[VALUE_HOLDUP] = value_add(to->values[VALUE_HOLDUP], holdups[i].ns);
	}
}

static void put_rows(struct maker *maker)
{
	size_t n, n_counted = 0;
	const struct lock_row *rows = locks_rows(maker->mutex->locks, &n);
	const struct lock_row **counted = xcalloc(n + 1, sizeof(*counted));

	for (size_t i = 0; i < n; i++) {
		if (!lock_figures_add(&maker->figures, maker->mutex->locks, &rows[i]))
			continue;
		counted[n_counted++] = &rows[i];
		add_row(maker, &rows[i]);
	}
	find_covers(maker);
	for (size_t i = 0; i < n_counted; i++)
		put_row(maker, counted[i]);
	put_holdups(maker);
	free(counted);
}

void mutex_profile(void *state, struct profile *ret)
{
	struct mutex *mutex = state;
	struct maker maker = { .mutex = mutex, .profile = ret };
	size_t n;

	profile_init(ret, "mutex", mutex->model);
	profile_add_type(ret, "contentions", "count");
	ret->default_type = profile_add_type(ret, "delay", "nanoseconds");
	profile_add_type(ret, "holdup", "nanoseconds");
	ret->period_type = (struct value_type){ "contentions", "count" };
	ret->period = 1;
	ret->labels[0] = "lock";
	ret->labels[1] = "kind";
	locks_resolve(mutex->locks, ret->names);
	maker.definer = model_definer(mutex->model);
	maker.locks = locks_items(mutex->locks, &n);
	maker.covers = xcalloc(n + 1, sizeof(*maker.covers));
	put_rows(&maker);
	ret->unfiltered[VALUE_CONTENTIONS] = maker.figures.all.n;
	ret->unfiltered[VALUE_DELAY] = maker.figures.all.ns;
	ret->unfiltered[VALUE_HOLDUP] = profile_total(ret, VALUE_HOLDUP);
	lock_stuck_note(&ret->notes, mutex->locks, mutex->model, ret->names);
	lock_figures_note(&maker.figures, mutex->locks, &ret->notes);
	profile_close(ret, mutex->filter);
	definer_free(maker.definer);
	map_release(&maker.cell_of);
	array_release(&maker.cells);
	free(maker.covers);
	locks_free(mutex->locks);
	free(mutex);
}
