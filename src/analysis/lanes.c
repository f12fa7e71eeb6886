/* SPDX-License-Identifier: GPL-2.0-only */
#include "lanes.h"

static struct lane_set *set_of(struct lanes *lanes, uint64_t id)
{
	uint64_t *index = map_insert(&lanes->by_id, id);

	if (!*index) {
		array_add(&lanes->sets);
		*index = lanes->sets.n;
	}
	return &lanes->sets.items[*index - 1];
}

/*
 * Of the lanes that are free at @start_ns the one that was so last, which leaves the others to
 * things that began earlier; if there is none, the one that is free first.
 */
static size_t find(const struct lane_set *set, uint64_t start_ns)
{
	const uint64_t *ends = set->ends.items;
	size_t best = 0;

	for (size_t i = 1; i < set->ends.n; i++) {
		if (ends[best] > start_ns ? ends[i] < ends[best] :
					    ends[i] <= start_ns && ends[i] > ends[best])
			best = i;
	}
	return best;
}

uint32_t lanes_take(struct lanes *lanes, uint64_t id, uint32_t max, uint64_t *start_ns,
		    uint64_t end_ns)
{
	struct lane_set *set = set_of(lanes, id);
	size_t lane = find(set, *start_ns);

	if (set->ends.n < max && (!set->ends.n || set->ends.items[lane] > *start_ns)) {
		lane = set->ends.n;
		array_add(&set->ends);
	}
	if (*start_ns < set->ends.items[lane])
		*start_ns = set->ends.items[lane];
	if (set->ends.items[lane] < end_ns)
		set->ends.items[lane] = end_ns;
	return (uint32_t)lane;
}

void lanes_release(struct lanes *lanes)
{
	struct lane_set *set;

	array_for_each(set, &lanes->sets)
		array_release(&set->ends);
	array_release(&lanes->sets);
	map_release(&lanes->by_id);
}
