/* SPDX-License-Identifier: GPL-2.0-only */
#include "lock_stuck.h"

#include <stdlib.h>

#include "leaf.h"

#define LEAST_PERCENT 50 /* of all delay, for a lock without a deadlock to be worth a line */

struct stuck {
	struct locks *locks;
	const struct model *model;
	struct names *names;
	const struct lock_row *rows;
	uint32_t *of_thread; /* the row in which a thread waits to the end, + 1 */
	uint32_t *circle;    /* of each row: number of the deadlock that it is part of; 0: none */
	size_t n_rows, n_stuck;
	uint32_t n_circles;
};

static bool is_stuck(const struct stuck *stuck, const struct lock_row *row)
{
	return row->end == LOCK_END_OPEN && row->owner &&
	       lock_is_contended(locks_items(stuck->locks, NULL)[row->lock].kind);
}

/* In which @row's owner waits itself, + 1; or 0. */
static uint32_t next_of(const struct stuck *stuck, const struct lock_row *row)
{
	return stuck->of_thread[model_task(stuck->model, row->owner).thread];
}

static bool is_proven(const struct stuck *stuck, const struct lock_row *row)
{
	return lock_owners_wait(locks_owners(stuck->locks), row->waiter).has_still;
}

/* If the way from row @first leads back to it, through proven rows only: its rows are numbered. */
static void find_circle(struct stuck *stuck, uint32_t first)
{
	uint32_t at = first;
	size_t n = 0;

	do {
		if (stuck->circle[at] || !is_proven(stuck, &stuck->rows[at]) ||
		    !next_of(stuck, &stuck->rows[at]) || n++ > stuck->n_stuck)
			return;
		at = next_of(stuck, &stuck->rows[at]) - 1;
	} while (at != first);
	stuck->n_circles++;
	do {
		stuck->circle[at] = stuck->n_circles;
		at = next_of(stuck, &stuck->rows[at]) - 1;
	} while (at != first);
}

static void find_circles(struct stuck *stuck)
{
	for (size_t i = 0; i < stuck->n_rows; i++) {
		if (!is_stuck(stuck, &stuck->rows[i]))
			continue;
		stuck->of_thread[model_task(stuck->model, stuck->rows[i].waiter).thread] =
			(uint32_t)i + 1;
		stuck->n_stuck++;
	}
	for (size_t i = 0; i < stuck->n_rows; i++) {
		if (is_stuck(stuck, &stuck->rows[i]))
			find_circle(stuck, (uint32_t)i);
	}
}

char *lock_stuck_name(const struct model *model, struct names *names, uint32_t task)
{
	return xasprintf("%s (%u)", names_text(names, names_thread(names, model, task)),
			 model_thread(model, model_task(model, task).thread).tid);
}

static void put_name(struct buf *out, const struct stuck *stuck, uint32_t task)
{
	char *name = lock_stuck_name(stuck->model, stuck->names, task);

	buf_puts(out, name);
	free(name);
}

static const char *lock_name(const struct stuck *stuck, const struct lock_row *row)
{
	return names_text(stuck->names, locks_items(stuck->locks, NULL)[row->lock].name);
}

/* Threads that wait for locks of a circle and are not in it, directly or behind others. */
static size_t count_behind(const struct stuck *stuck, uint32_t circle)
{
	size_t n = 0;

	for (size_t i = 0; i < stuck->n_rows; i++) {
		uint32_t at = (uint32_t)i;

		if (!is_stuck(stuck, &stuck->rows[i]) || stuck->circle[i])
			continue;
		for (size_t steps = 0; steps < stuck->n_stuck && !stuck->circle[at]; steps++) {
			uint32_t next = next_of(stuck, &stuck->rows[at]);

			if (!next)
				break;
			at = next - 1;
		}
		n += stuck->circle[at] == circle;
	}
	return n;
}

/* "deadlock: a (1) waits for g_x, which b (2) has, who waits for g_y, which a has". */
static void note_circle(struct audit *notes, const struct stuck *stuck, uint32_t first)
{
	struct buf text = { 0 };
	uint32_t at = first;
	size_t n_behind = count_behind(stuck, stuck->circle[first]);
	bool is_wanted = false;

	do {
		const struct lock_row *row = &stuck->rows[at];

		is_wanted |= locks_wanted(stuck->locks, row);
		if (at == first)
			put_name(&text, stuck, row->waiter);
		buf_printf(&text, "%s waits for %s, which ", at == first ? "" : ", who",
			   lock_name(stuck, row));
		at = next_of(stuck, row) - 1;
		if (at == first && row->waiter == row->owner)
			buf_puts(&text, "it");
		else
			put_name(&text, stuck, row->owner);
		buf_puts(&text, " has");
	} while (at != first);
	if (n_behind)
		buf_printf(&text, "; %zu more %s for these locks", n_behind,
			   n_behind == 1 ? "waits" : "wait");
	if (is_wanted)
		audit_add(notes, false, "deadlock: %s", buf_str(&text));
	buf_release(&text);
}

/* What @row's owner did when the recording ended. */
static void put_deed(struct buf *out, const struct stuck *stuck, const struct lock_row *row)
{
	struct lock_wait wait = lock_owners_wait(locks_owners(stuck->locks), row->owner);

	if (!is_proven(stuck, row))
		buf_puts(out, "last seen with ");
	put_name(out, stuck, row->owner);
	if (!is_proven(stuck, row))
		return;
	if (!wait.task) {
		buf_puts(out, " has ended with it");
		return;
	}
	buf_puts(out, " has it, blocked: ");
	leaf_reason(out, stuck->model,
		    &(struct wait_row){ .is_sampled = wait.wait.period > 0,
					.place = { .why = wait.wait.why,
						   .nr = wait.wait.nr,
						   .object = wait.wait.object } });
}

static void note_longest(struct audit *notes, const struct stuck *stuck)
{
	const struct lock_row *longest = NULL;
	struct buf text = { 0 };
	int64_t all_ns = 0;

	for (size_t i = 0; i < stuck->n_rows; i++) {
		const struct lock_row *row = &stuck->rows[i];

		if (!lock_is_contended(locks_items(stuck->locks, NULL)[row->lock].kind) ||
		    !lock_end_counts(row->end) || !locks_wanted(stuck->locks, row))
			continue;
		all_ns = value_add(all_ns, row->waited.ns);
		if (is_stuck(stuck, row) && !stuck->circle[i] &&
		    (!longest || row->waited.ns > longest->waited.ns))
			longest = row;
	}
	if (!longest || longest->waited.ns / LEAST_PERCENT < all_ns / 100)
		return;
	buf_printf(&text, "%s was not unlocked by the end: ", lock_name(stuck, longest));
	put_deed(&text, stuck, longest);
	audit_add(notes, false, "%s", buf_str(&text));
	buf_release(&text);
}

bool lock_stuck_note(struct audit *notes, struct locks *locks, const struct model *model,
		     struct names *names)
{
	struct stuck stuck = { .locks = locks, .model = model, .names = names };
	uint32_t noted = 0;

	stuck.rows = locks_rows(locks, &stuck.n_rows);
	stuck.of_thread = xcalloc((size_t)model_n_threads(model) + 1, sizeof(*stuck.of_thread));
	stuck.circle = xcalloc(stuck.n_rows + 1, sizeof(*stuck.circle));
	find_circles(&stuck);
	for (size_t i = 0; i < stuck.n_rows; i++) {
		if (stuck.circle[i] <= noted)
			continue;
		note_circle(notes, &stuck, (uint32_t)i);
		noted = stuck.circle[i];
	}
	note_longest(notes, &stuck);
	free(stuck.of_thread);
	free(stuck.circle);
	return noted > 0;
}
