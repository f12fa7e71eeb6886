/* SPDX-License-Identifier: GPL-2.0-only */
#include "lock_parts.h"

#include <stdlib.h>

#define NODE_BITS   24u
#define NODE_MASK   (((uint64_t)1 << NODE_BITS) - 1)
#define ENTRY_SHIFT 32u

_Static_assert(LOCK_N_PARTS <= 1 << (ENTRY_SHIFT - NODE_BITS), "a part fits in its bits");
_Static_assert(CHAIN_IDS_MAX < 1u << NODE_BITS, "and so does a node");

const char *lock_part_name(enum lock_part_what what)
{
	static const char *const names[LOCK_N_PARTS] = {
		[LOCK_PART_RUNNING] = "running",
		[LOCK_PART_RUNNABLE] = "waiting for a CPU",
		[LOCK_PART_OUTRANKED] =
			"waiting for a CPU, of lower priority than who waited for it",
		[LOCK_PART_BLOCKED] = "blocked",
		[LOCK_PART_UNRECORDED] = "not recorded: another process",
		[LOCK_PART_UNKNOWN] = "not known",
		[LOCK_PART_OPEN] = "not unlocked by the end",
		[LOCK_PART_WOKEN] = "nothing: who waited was woken, and waited for a CPU",
		[LOCK_PART_RETRY] = "nothing: who waited was woken, and came too late",
	};

	return names[what];
}

static void add(struct lock_parts *parts, uint32_t entry, enum lock_part_what what, uint32_t node,
		int64_t ns)
{
	uint64_t key = (uint64_t)entry << ENTRY_SHIFT | (uint64_t)what << NODE_BITS | node;
	uint64_t *index;

	if (ns <= 0)
		return;
	index = map_insert(&parts->by_key, key);
	if (!*index) {
		*array_add(&parts->raw) = (struct lock_raw_part){ .key = key };
		*index = parts->raw.n;
	}
	parts->raw.items[*index - 1].ns = value_add(parts->raw.items[*index - 1].ns, ns);
}

/* The first of the chain that ends with @id: who was to unlock. */
static uint32_t holder_of(const struct chain *chain, uint32_t id)
{
	while (chain_node(chain, id).parent)
		id = chain_node(chain, id).parent;
	return id;
}

static enum lock_part_what what_of(uint32_t what)
{
	static const enum lock_part_what parts[] = {
		[CHAIN_RUNNING] = LOCK_PART_RUNNING,   [CHAIN_RUNNING_UNTIL] = LOCK_PART_RUNNING,
		[CHAIN_RUNNABLE] = LOCK_PART_RUNNABLE, [CHAIN_BLOCKED] = LOCK_PART_BLOCKED,
		[CHAIN_UNKNOWN] = LOCK_PART_UNKNOWN,   [CHAIN_TOO_OLD] = LOCK_PART_UNKNOWN,
		[CHAIN_UNBORN] = LOCK_PART_UNKNOWN,    [CHAIN_UNRECORDED] = LOCK_PART_UNRECORDED,
		[CHAIN_DEEP] = LOCK_PART_UNKNOWN,
	};

	return parts[what];
}

static uint32_t level_of(const struct model *model, uint32_t task)
{
	struct model_thread thread = model_thread(model, model_task(model, task).thread);

	return thread.priority ? thread.priority - 1 : PRIORITY_USUAL;
}

/* By the priorities as they are now, at the end of the contention. */
static bool is_outranked(const struct model *model, const struct chain_node *node, uint32_t waiter)
{
	return node->what == CHAIN_RUNNABLE && node->task &&
	       level_of(model, node->task) > level_of(model, waiter);
}

static enum lock_part_what what_of_node(const struct model *model, const struct chain_node *node,
					uint32_t waiter)
{
	return is_outranked(model, node, waiter) ? LOCK_PART_OUTRANKED : what_of(node->what);
}

/* As much of @ns as is left: what a recording says need not add up. */
static int64_t part_of(int64_t *left, uint64_t ns)
{
	int64_t part = ns < (uint64_t)*left ? (int64_t)ns : *left;

	*left -= part;
	return part;
}

void lock_parts_add(struct lock_parts *parts, const struct chain *chain, uint32_t entry,
		    const struct contention *contention, int64_t ns)
{
	int64_t left = ns;

	for (size_t i = 0; i < contention->n_parts; i++) {
		uint32_t id = holder_of(chain, contention->parts[i].node);
		struct chain_node node = chain_node(chain, id);

		add(parts, entry,
		    id ? what_of_node(parts->model, &node, contention->task) : LOCK_PART_UNKNOWN,
		    id, part_of(&left, (uint64_t)contention->parts[i].ns));
	}
	add(parts, entry, LOCK_PART_WOKEN, 0, part_of(&left, contention->runnable_ns));
	add(parts, entry, LOCK_PART_RETRY, 0, part_of(&left, contention->ran_ns));
	add(parts, entry, contention->is_open ? LOCK_PART_OPEN : LOCK_PART_UNKNOWN, 0, left);
}

static int compare_keys(const void *a, const void *b)
{
	const struct lock_raw_part *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

static size_t first_of(const struct lock_parts *parts, uint32_t entry)
{
	size_t from = 0, to = parts->raw.n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (parts->raw.items[middle].key >> ENTRY_SHIFT < entry)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

void lock_parts_take(struct lock_parts *parts, const struct chain *chain, uint32_t entry,
		     uint32_t row, int64_t ns)
{
	const struct lock_raw_part *raw = parts->raw.items;
	int64_t all = 0, done = 0, given = 0;
	size_t first, end;

	if (!parts->is_sorted && parts->raw.n)
		qsort(parts->raw.items, parts->raw.n, sizeof(*raw), compare_keys);
	parts->is_sorted = true;
	first = first_of(parts, entry);
	for (end = first; end < parts->raw.n && raw[end].key >> ENTRY_SHIFT == entry; end++)
		all = value_add(all, raw[end].ns);
	for (size_t i = first; i < end; i++) {
		int64_t until;

		done = value_add(done, raw[i].ns);
		until = (int64_t)((__int128)ns * done / all);
		*array_add(&parts->items) = (struct lock_part){
			.row = row,
			.what = (enum lock_part_what)((uint32_t)raw[i].key >> NODE_BITS),
			.node = chain_node(chain, (uint32_t)(raw[i].key &
							     (((uint64_t)1 << NODE_BITS) - 1))),
			.ns = until - given,
		};
		given = until;
	}
}

void lock_parts_release(struct lock_parts *parts)
{
	map_release(&parts->by_key);
	array_release(&parts->raw);
	array_release(&parts->items);
}
