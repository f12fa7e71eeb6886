/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/slots.h"

struct slot_span slots_at(const struct slots *slots, uint64_t time_ns)
{
	uint64_t slot;

	if (!slots)
		return (struct slot_span){ 0 };
	slot = time_ns > slots->start_ns ? (time_ns - slots->start_ns) / slots->slot_ns : 0;
	return (struct slot_span){ slot < UINT32_MAX ? (uint32_t)slot : UINT32_MAX, 1 };
}

size_t slots_split(const struct slots *slots, uint64_t start_ns, uint64_t end_ns,
		   struct slot_part ret[SLOT_MAX_PARTS])
{
	struct slot_span first = slots_at(slots, start_ns), last = slots_at(slots, end_ns - 1);
	uint64_t inner_ns, outer_ns;
	size_t n = 0;

	if (!slots || first.first == last.first) {
		ret[0] = (struct slot_part){ first, end_ns - start_ns };
		return 1;
	}
	inner_ns = slots->start_ns + ((uint64_t)first.first + 1) * slots->slot_ns;
	outer_ns = slots->start_ns + (uint64_t)last.first * slots->slot_ns;
	ret[n++] = (struct slot_part){ first, inner_ns - start_ns };
	if (outer_ns > inner_ns)
		ret[n++] = (struct slot_part){ { first.first + 1, last.first - first.first - 1 },
					       outer_ns - inner_ns };
	ret[n++] = (struct slot_part){ last, end_ns - outer_ns };
	return n;
}

size_t slots_longest(const struct slot_part *parts, size_t n)
{
	size_t longest = 0;

	for (size_t i = 1; i < n; i++) {
		if (parts[i].ns > parts[longest].ns)
			longest = i;
	}
	return longest;
}
