/* SPDX-License-Identifier: GPL-2.0-only */
#include "lock_meanwhile.h"

#include <stdlib.h>

#include "base/human.h"
#include "leaf.h"
#include "lock_sheets.h"

#define LEAST_PERCENT        25 /* of the delay, for what it consists of to get a name */
#define LEAST_CONVOY_PERCENT 66 /* three threads that wait in turn */

/* Of contention that the filter leaves. */
static bool is_counted(const struct locks *locks, const struct lock_row *row)
{
	return lock_is_contended(locks_items(locks, NULL)[row->lock].kind) &&
	       lock_end_counts(row->end) && locks_wanted(locks, row);
}

/* Why @node's thread is blocked: what its stack tells better than the system call. */
static uint32_t class_of(struct locks *locks, const struct chain_node *node)
{
	uint32_t why = node->why < WAIT_N_CLASSES ? node->why : WAIT_OTHER;
	enum lock_kind kind;

	if (why != WAIT_LOCK && why != WAIT_CONDVAR)
		return why;
	kind = locks_site(locks, node->stack).kind;
	if (kind == LOCK_NONE)
		return why;
	return lock_is_contended(kind) ? WAIT_LOCK : WAIT_CONDVAR;
}

/*
 * Who stood in the queue for the same lock, though the wait that was divided did not tell so:
 * it was sampled at its waker only, or the words that threads wait for do not tell locks apart.
 */
static bool is_queued(struct locks *locks, const struct lock_part *part)
{
	size_t n;
	const struct lock *lock = &locks_items(locks, NULL)[locks_rows(locks, &n)[part->row].lock];

	if (part->what != LOCK_PART_BLOCKED || !part->node.is_sampled)
		return false;
	return (part->node.object && part->node.object == lock->object) ||
	       (!lock->address && lock->kind != LOCK_FILE &&
		locks_site(locks, part->node.stack).is_parked);
}

/* The parts of contention that the filter leaves, as far as they are told. */
static bool next_part(struct locks *locks, size_t *i, struct lock_part *ret)
{
	size_t n, n_rows;
	const struct lock_part *parts = locks_parts(locks, &n);
	const struct lock_row *rows = locks_rows(locks, &n_rows);

	while (*i < n && !is_counted(locks, &rows[parts[*i].row]))
		++*i;
	if (*i >= n)
		return false;
	*ret = parts[(*i)++];
	/* Whose mutex lends it the priority of those who wait has given that back by the end. */
	if (ret->what == LOCK_PART_OUTRANKED &&
	    locks_items(locks, NULL)[rows[ret->row].lock].kind == LOCK_PI_MUTEX)
		ret->what = LOCK_PART_RUNNABLE;
	if (is_queued(locks, ret)) {
		ret->what = LOCK_PART_UNKNOWN;
		ret->node = (struct chain_node){ .is_behind = true };
	}
	return true;
}

static void add(struct lock_meanwhile *to, const struct lock_part *part, uint32_t why)
{
	to->all_ns = value_add(to->all_ns, part->ns);
	to->ns[part->what] = value_add(to->ns[part->what], part->ns);
	if (part->what == LOCK_PART_BLOCKED && part->node.is_sampled)
		to->blocked_ns[why] = value_add(to->blocked_ns[why], part->ns);
	if (part->node.is_behind)
		to->behind_ns = value_add(to->behind_ns, part->ns);
}

struct lock_meanwhile *lock_meanwhile_all(struct locks *locks)
{
	size_t i = 0, n_rows, n_locks;
	const struct lock_row *rows = locks_rows(locks, &n_rows);
	struct lock_meanwhile *ret;
	struct lock_part part;

	locks_items(locks, &n_locks);
	ret = xcalloc(n_locks + 1, sizeof(*ret));
	while (next_part(locks, &i, &part)) {
		uint32_t why = class_of(locks, &part.node);

		add(&ret[rows[part.row].lock], &part, why);
		add(&ret[n_locks], &part, why);
	}
	return ret;
}

static void put_name(struct buf *out, const char *name, int64_t ns, int64_t all_ns, int least)
{
	int64_t percent = all_ns >= 100 ? ns / (all_ns / 100) : 0;

	if (percent >= least)
		buf_printf(out, "%s%s (%lld%%)", out->size ? ", " : "", name,
			   (long long)(percent > 100 ? 100 : percent));
}

void lock_meanwhile_name(struct buf *out, const struct lock_meanwhile *meanwhile)
{
	static const char *const held[WAIT_N_CLASSES] = {
		[WAIT_OTHER] = "held while blocked",
		[WAIT_LOCK] = "held while waiting for another lock",
		[WAIT_CONDVAR] = "held while waiting for other threads",
		[WAIT_NETWORK] = "held across network I/O",
		[WAIT_DISK] = "held across disk I/O",
		[WAIT_PIPE] = "held across I/O of pipes",
		[WAIT_POLL] = "held while waiting for events",
		[WAIT_SLEEP] = "held asleep",
		[WAIT_CHILD] = "held while waiting for a child",
		[WAIT_PAGEFAULT] = "held across page faults",
		[WAIT_IPC] = "held while waiting for other processes",
	};
	struct buf text = { 0 };

	for (size_t why = 0; why < WAIT_N_CLASSES; why++)
		put_name(&text, held[why], meanwhile->blocked_ns[why], meanwhile->all_ns,
			 LEAST_PERCENT);
	put_name(&text, "holder without a CPU", meanwhile->ns[LOCK_PART_RUNNABLE],
		 meanwhile->all_ns, LEAST_PERCENT);
	put_name(&text, "priority inversion", meanwhile->ns[LOCK_PART_OUTRANKED], meanwhile->all_ns,
		 LEAST_PERCENT);
	put_name(&text, "lock convoy", meanwhile->behind_ns, meanwhile->all_ns,
		 LEAST_CONVOY_PERCENT);
	buf_puts(out, buf_str(&text));
	buf_release(&text);
}

struct deed { /* what holders did */
	enum lock_part_what what;
	struct chain_node node; /* of the first that did it */
	int64_t ns;
	uint32_t stack; /* where they did it for longest */
	int64_t stack_ns;
};

struct deeds {
	ARRAY(struct deed) items;
	struct map by_key; /* to an index + 1 */
};

static uint64_t deed_key(const struct lock_part *part)
{
	const struct chain_node *node = &part->node;

	if (part->what != LOCK_PART_BLOCKED)
		return part->what;
	return hash_u64((uint64_t)node->object << 32 | node->nr) ^
	       hash_u64((uint64_t)(node->is_sampled != 0) << 32 | (node->why + LOCK_N_PARTS));
}

static void add_deed(struct deeds *deeds, const struct lock_part *part)
{
	uint64_t *index = map_insert(&deeds->by_key, deed_key(part));
	struct deed *deed;

	if (!*index) {
		*array_add(&deeds->items) = (struct deed){ .what = part->what, .node = part->node };
		*index = deeds->items.n;
	}
	deed = &deeds->items.items[*index - 1];
	deed->ns = value_add(deed->ns, part->ns);
	if (part->node.stack && part->ns > deed->stack_ns) {
		deed->stack_ns = part->ns;
		deed->stack = part->node.stack;
	}
}

static int compare_deeds(const void *a, const void *b)
{
	const struct deed *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return x->what != y->what              ? (x->what < y->what ? -1 : 1) :
	       x->node.object < y->node.object ? -1 :
						 x->node.object > y->node.object;
}

static char *deed_text(const struct model *model, const struct deed *deed)
{
	struct buf text = { 0 };
	char *ret;

	buf_puts(&text, lock_part_name(deed->what));
	if (deed->what == LOCK_PART_BLOCKED) {
		buf_puts(&text, ": ");
		leaf_reason(&text, model,
			    &(struct wait_row){ .is_sampled = deed->node.is_sampled,
						.place = { .why = deed->node.why,
							   .nr = deed->node.nr,
							   .object = deed->node.object } });
	}
	ret = xstrdup(buf_str(&text));
	buf_release(&text);
	return ret;
}

enum { D_WHAT, D_TOTAL, D_PERCENT, D_PATH, D_N_COLUMNS };

static const struct sheet_column columns[D_N_COLUMNS] = {
	[D_WHAT] = { "did", "it was", SHEET_TEXT },
	[D_TOTAL] = { "total_ns", "total", SHEET_NS },
	[D_PERCENT] = { "percent", "delay", SHEET_PERCENT },
	[D_PATH] = { "stack", "mostly in", SHEET_TEXT },
};

void lock_meanwhile_sheet(struct sheets *ret, struct locks *locks, const struct model *model,
			  struct names *names)
{
	struct sheet *sheet =
		sheets_add(ret, "meanwhile", "what its holder did meanwhile", columns, D_N_COLUMNS);
	struct deeds deeds = { 0 };
	const struct deed *deed;
	struct lock_part part;
	int64_t all_ns = 0;
	size_t i = 0;

	while (next_part(locks, &i, &part)) {
		add_deed(&deeds, &part);
		all_ns = value_add(all_ns, part.ns);
	}
	if (deeds.items.n)
		qsort(deeds.items.items, deeds.items.n, sizeof(*deeds.items.items), compare_deeds);
	array_for_each(deed, &deeds.items) {
		union sheet_cell *cells = sheet_row(sheet);

		cells[D_WHAT].text = deed_text(model, deed);
		cells[D_TOTAL].number = deed->ns;
		cells[D_PERCENT].percent = human_percent(deed->ns, all_ns);
		cells[D_PATH].text = lock_path(locks, model, names, deed->stack);
	}
	array_release(&deeds.items);
	map_release(&deeds.by_key);
}
