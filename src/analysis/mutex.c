/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mutex profile: locks that were fought over, by the stack of who unlocked, which is
 * the place to mend; as Go's, its values are contentions and delay.
 */
#include <stdlib.h>

#include "analyses.h"
#include "leaf.h"
#include "lock_figures.h"
#include "locks.h"
#include "model/names.h"

enum { VALUE_CONTENTIONS, VALUE_DELAY };

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

struct maker { /* of the profile */
	const struct mutex *mutex;
	struct definer *definer;
	struct profile *profile;
	const struct lock *locks;
	struct map cell_of; /* lock << 32 | holder, to an index + 1 */
	ARRAY(struct cell) cells;
	struct lock_figures figures;
};

void *mutex_begin(const struct analysis_input *input)
{
	struct mutex *mutex = xcalloc(1, sizeof(*mutex));

	mutex->locks = locks_begin(input);
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

static void put(struct maker *maker, const struct lock_row *row, uint32_t stack,
		struct amount amount)
{
	const struct lock *lock = &maker->locks[row->lock];
	struct names *names = maker->profile->names;
	const char *kind = lock_kind_name(lock->kind);
	struct buf text = { 0 };
	struct profile_row *to;

	buf_printf(&text, "%s: %s", kind, names_text(names, lock->name));
	to = profile_row(
		maker->profile,
		&(struct profile_key){
			.stack = definer_stack(maker->definer, stack,
					       definer_note(maker->definer, buf_str(&text))),
			.task = row->holder,
			.cpu = PROFILE_NO_CPU,
			.labels = { lock->name, names_intern(names, kind) },
		});
	to->values[VALUE_CONTENTIONS] = value_add(to->values[VALUE_CONTENTIONS], amount.n);
	to->values[VALUE_DELAY] = value_add(to->values[VALUE_DELAY], amount.ns);
	buf_release(&text);
}

/* What stands in the place of a stack that there is none of. */
static uint32_t no_stack(const struct maker *maker, const struct lock_row *row)
{
	const char *text = row->end == LOCK_END_OPEN   ? "not unlocked by the end" :
			   row->end == LOCK_END_UNSEEN ? "nobody seen to unlock" :
							 "where it was unlocked was not sampled";

	return definer_stack(maker->definer, 0, definer_note(maker->definer, text));
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

static void put_row(struct maker *maker, const struct lock_row *row)
{
	struct cell *cell = cell_of(maker, row);

	if (row->end != LOCK_END_THREAD || !cell->with_stack.ns)
		put(maker, row, no_stack(maker, row), row->waited);
	else if (row->has_wake)
		put(maker, row, row->wake_stack, share(cell, row));
}

static void add_row(struct maker *maker, const struct lock_row *row)
{
	struct cell *cell = cell_of(maker, row);

	if (row->end == LOCK_END_THREAD)
		amount_add(row->has_wake ? &cell->with_stack : &cell->without, row->waited.n,
			   row->waited.ns);
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
	for (size_t i = 0; i < n_counted; i++)
		put_row(maker, counted[i]);
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
	ret->period_type = (struct value_type){ "contentions", "count" };
	ret->period = 1;
	ret->labels[0] = "lock";
	ret->labels[1] = "kind";
	locks_resolve(mutex->locks, ret->names);
	maker.definer = leaf_definer(mutex->model);
	maker.locks = locks_items(mutex->locks, &n);
	put_rows(&maker);
	ret->unfiltered[VALUE_CONTENTIONS] = maker.figures.all.n;
	ret->unfiltered[VALUE_DELAY] = maker.figures.all.ns;
	lock_figures_note(&maker.figures, mutex->locks, &ret->notes);
	profile_close(ret, mutex->filter);
	definer_free(maker.definer);
	map_release(&maker.cell_of);
	array_release(&maker.cells);
	locks_free(mutex->locks);
	free(mutex);
}
