/* SPDX-License-Identifier: GPL-2.0-only */
#include "lock_figures.h"

#include "base/human.h"

bool lock_figures_add(struct lock_figures *figures, const struct locks *locks,
		      const struct lock_row *row)
{
	enum lock_kind kind = locks_items(locks, NULL)[row->lock].kind;
	struct amount *to = &figures->counted;

	if (!lock_is_contended(kind))
		to = &figures->apart[kind];
	else if (!lock_end_counts(row->end))
		to = &figures->gave_up;
	else
		amount_add(&figures->all, row->waited.n, row->waited.ns);
	if (!locks_wanted(locks, row))
		return false;
	amount_add(to, row->waited.n, row->waited.ns);
	if (to != &figures->counted)
		return false;
	figures->runnable_ns = value_add(figures->runnable_ns, row->runnable_ns);
	if (row->has_wake)
		amount_add(&figures->with_stack, row->waited.n, row->waited.ns);
	return true;
}

static void put_apart(const struct lock_figures *figures, struct audit *notes)
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

static void put_sampling(const struct lock_figures *figures, const struct locks *locks,
			 struct audit *notes)
{
	struct locks_totals totals = locks_totals(locks);
	char a[HUMAN_SIZE], b[HUMAN_SIZE];

	if (totals.n_known < totals.all.n)
		audit_add(notes, false,
			  "%s of %s waits of all kinds were sampled, on either side; exact "
			  "durations are spread over these",
			  human_count(a, (uint64_t)totals.n_known),
			  human_count(b, (uint64_t)totals.all.n));
	if (totals.unknown.n)
		audit_add(notes, true, "of %s waits, %s, it is not known what they were for",
			  human_count(a, (uint64_t)totals.unknown.n),
			  human_duration(b, (uint64_t)totals.unknown.ns));
	if (figures->counted.ns)
		audit_add(notes, false, "%.1f%% of the delay has the unlocker's stack",
			  100.0 * (double)figures->with_stack.ns / (double)figures->counted.ns);
}

void lock_figures_note(const struct lock_figures *figures, const struct locks *locks,
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
	put_sampling(figures, locks, notes);
}
