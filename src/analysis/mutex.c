/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mutex profile: locks that were fought over, by the stack of who unlocked, which is
 * the place to mend; as Go's, its values are contentions and delay.
 */
#include <stdlib.h>

#include "analyses.h"
#include "base/human.h"
#include "leaf.h"
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

struct figures { /* for notes */
	struct amount counted, with_stack, gave_up;
	struct amount apart[LOCK_N_KINDS];
	int64_t runnable_ns;
};

struct maker { /* of the profile */
	const struct mutex *mutex;
	struct definer *definer;
	struct profile *profile;
	const struct lock *locks;
	struct map cell_of; /* lock << 32 | holder, to an index + 1 */
	ARRAY(struct cell) cells;
	struct figures figures;
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

/* Whether @row has a place in the profile; what stays apart is counted. */
static bool is_counted(struct maker *maker, const struct lock_row *row)
{
	const struct mutex *mutex = maker->mutex;
	enum lock_kind kind = maker->locks[row->lock].kind;
	struct amount *to = &maker->figures.counted;

	if (!filter_has_task(mutex->filter, mutex->model, row->holder ? row->holder : row->waiter))
		return false;
	if (!lock_is_contended(kind))
		to = &maker->figures.apart[kind];
	else if (!lock_end_counts(row->end))
		to = &maker->figures.gave_up;
	amount_add(to, row->waited.n, row->waited.ns);
	return to == &maker->figures.counted;
}

static void put(struct maker *maker, const struct lock_row *row, uint32_t stack,
		struct amount amount)
{
	const struct lock *lock = &maker->locks[row->lock];
	struct buf text = { 0 };
	struct profile_row *to;

	buf_printf(&text, "%s: %s", lock_kind_name(lock->kind),
		   names_text(maker->profile->names, lock->name));
	to = profile_row(
		maker->profile,
		&(struct profile_key){
			.stack = definer_stack(maker->definer, stack,
					       definer_note(maker->definer, buf_str(&text))),
			.task = row->holder,
			.cpu = PROFILE_NO_CPU,
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

	maker->figures.runnable_ns = value_add(maker->figures.runnable_ns, row->runnable_ns);
	if (row->end != LOCK_END_THREAD)
		return;
	amount_add(row->has_wake ? &cell->with_stack : &cell->without, row->waited.n,
		   row->waited.ns);
	if (row->has_wake)
		amount_add(&maker->figures.with_stack, row->waited.n, row->waited.ns);
}

static void put_rows(struct maker *maker)
{
	size_t n, n_counted = 0;
	const struct lock_row *rows = locks_rows(maker->mutex->locks, &n);
	const struct lock_row **counted = xcalloc(n + 1, sizeof(*counted));

	for (size_t i = 0; i < n; i++) {
		if (!is_counted(maker, &rows[i]))
			continue;
		counted[n_counted++] = &rows[i];
		add_row(maker, &rows[i]);
	}
	for (size_t i = 0; i < n_counted; i++)
		put_row(maker, counted[i]);
	free(counted);
}

static void put_apart(const struct figures *figures, struct audit *notes)
{
	struct buf text = { 0 };
	char n[HUMAN_SIZE], ns[HUMAN_SIZE];

	for (int kind = LOCK_LAST_CONTENDED + 1; kind < LOCK_N_KINDS; kind++) {
		const struct amount *apart = &figures->apart[kind];

		if (apart->n)
			buf_printf(&text, "%s %s (%s waits, %s)", text.size ? "," : "",
				   lock_kind_name((enum lock_kind)kind),
				   human_count(n, (uint64_t)apart->n),
				   human_duration(ns, (uint64_t)apart->ns));
	}
	if (text.size)
		audit_add(notes, false, "waits that are no contention, apart:%s", buf_str(&text));
	buf_release(&text);
}

static void put_notes(const struct figures *figures, const struct locks_totals *totals,
		      struct audit *notes)
{
	char a[HUMAN_SIZE], b[HUMAN_SIZE];

	if (figures->runnable_ns)
		audit_add(notes, false, "of the delay %s passed between waking up and running",
			  human_duration(a, (uint64_t)figures->runnable_ns));
	if (figures->gave_up.n)
		audit_add(notes, false,
			  "waits for locks that a timeout or a signal ended, not counted: %s, %s",
			  human_count(a, (uint64_t)figures->gave_up.n),
			  human_duration(b, (uint64_t)figures->gave_up.ns));
	put_apart(figures, notes);
	if (totals->n_known < totals->all.n)
		audit_add(notes, false,
			  "%s of %s waits of all kinds were sampled, on either side; exact "
			  "durations are spread over these",
			  human_count(a, (uint64_t)totals->n_known),
			  human_count(b, (uint64_t)totals->all.n));
	if (totals->unknown.n)
		audit_add(notes, true, "of %s waits, %s, it is not known what they were for",
			  human_count(a, (uint64_t)totals->unknown.n),
			  human_duration(b, (uint64_t)totals->unknown.ns));
	if (figures->counted.ns)
		audit_add(notes, false, "%.1f%% of the delay has the unlocker's stack",
			  100.0 * (double)figures->with_stack.ns / (double)figures->counted.ns);
}

void mutex_profile(void *state, struct profile *ret)
{
	struct mutex *mutex = state;
	struct maker maker = { .mutex = mutex, .profile = ret };
	struct locks_totals totals;
	size_t n;

	profile_init(ret, "mutex", mutex->model);
	profile_add_type(ret, "contentions", "count");
	ret->default_type = profile_add_type(ret, "delay", "nanoseconds");
	ret->period_type = (struct value_type){ "contentions", "count" };
	ret->period = 1;
	locks_resolve(mutex->locks, ret->names);
	maker.definer = leaf_definer(mutex->model);
	maker.locks = locks_items(mutex->locks, &n);
	put_rows(&maker);
	totals = locks_totals(mutex->locks);
	ret->unfiltered[VALUE_CONTENTIONS] = maker.figures.counted.n;
	ret->unfiltered[VALUE_DELAY] = maker.figures.counted.ns;
	put_notes(&maker.figures, &totals, &ret->notes);
	profile_close(ret, mutex->filter);
	definer_free(maker.definer);
	map_release(&maker.cell_of);
	array_release(&maker.cells);
	locks_free(mutex->locks);
	free(mutex);
}
