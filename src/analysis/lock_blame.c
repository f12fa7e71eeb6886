/* SPDX-License-Identifier: GPL-2.0-only */
#include "lock_blame.h"

#include <stdlib.h>

#include "blame.h"
#include "lock_meanwhile.h"

#define MOST_NAMED    2
#define LEAST_PERCENT 10

struct charges {
	struct map by_function; /* name of who took the lock, to ns */
	int64_t ns;
};

static void charge(struct charges *charges, struct locks *locks, uint32_t stack, int64_t ns)
{
	uint32_t function = locks_site(locks, stack).function;

	if (function)
		blame_add(&charges->by_function, function, ns);
	charges->ns = value_add(charges->ns, ns);
}

static struct charges charge_holdups(struct locks *locks)
{
	const struct lock *all = locks_items(locks, NULL);
	struct charges charges = { 0 };
	size_t n;
	const struct lock_holdup *holdups = lock_words_holdups(locks_words(locks), &n);

	for (size_t i = 0; i < n; i++) {
		uint32_t lock = lock_words_get(locks_words(locks), holdups[i].word)->lock;

		if (lock && lock_is_contended(all[lock - 1].kind) &&
		    locks_is_wanted(locks, lock - 1, holdups[i].task))
			charge(&charges, locks, holdups[i].stack, holdups[i].ns);
	}
	return charges;
}

/* Of all contention; what of it the hold-ups must explain to be believed is *@ret_ns. */
static struct charges charge_waits(struct locks *locks, int64_t *ret_ns)
{
	const struct lock *all = locks_items(locks, NULL);
	struct charges charges = { 0 };
	size_t n;
	const struct lock_row *rows = locks_rows(locks, &n);

	for (size_t i = 0; i < n; i++) {
		if (!lock_is_contended(all[rows[i].lock].kind) || !lock_end_counts(rows[i].end) ||
		    !locks_wanted(locks, &rows[i]))
			continue;
		charge(&charges, locks, rows[i].wake_stack, rows[i].waited.ns);
		*ret_ns = value_add(*ret_ns, rows[i].waited.ns - rows[i].runnable_ns);
	}
	return charges;
}

static void put_meanwhile(struct buf *out, struct locks *locks)
{
	struct lock_meanwhile *all = lock_meanwhile_all(locks);
	struct buf text = { 0 };
	size_t n;

	locks_items(locks, &n);
	lock_meanwhile_name(&text, &all[n]);
	if (text.size)
		buf_printf(out, "%s%s", out->size ? "; " : "", buf_str(&text));
	buf_release(&text);
	free(all);
}

void lock_blame(struct buf *out, struct locks *locks, const struct names *names)
{
	struct charges charges = charge_holdups(locks), waits;
	int64_t waited_ns = 0, ns;

	waits = charge_waits(locks, &waited_ns);
	if (charges.ns / LOCK_LEAST_COVER < waited_ns / 100) {
		map_release(&charges.by_function);
		charges = waits;
	} else {
		map_release(&waits.by_function);
	}
	for (int i = 0; i < MOST_NAMED; i++) {
		uint32_t function = (uint32_t)blame_take(&charges.by_function, &ns);
		int64_t percent = charges.ns >= 100 ? ns / (charges.ns / 100) : 0;

		if (!function || percent < LEAST_PERCENT)
			break;
		buf_printf(out, "%s%s (%lld%%)", i ? ", " : "held by ", names_text(names, function),
			   (long long)percent);
	}
	map_release(&charges.by_function);
	put_meanwhile(out, locks);
}
