/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time in slots of equal length, for profiles that are told by time, too: what stands in a
 * row passed evenly in so many slots.  Only who asks for slots gets rows told apart so.
 */
#ifndef MODEL_SLOTS_H
#define MODEL_SLOTS_H

#include <stddef.h>
#include <stdint.h>

struct slots {
	uint64_t start_ns, slot_ns; /* slot_ns is not 0 */
};

struct slot_span {
	uint32_t first, n; /* n of 0: not told by time */
};

struct slot_part {
	struct slot_span span;
	uint64_t ns;
};

#define SLOT_MAX_PARTS 3

/* The slot of an instant; of NULL, none. */
struct slot_span slots_at(const struct slots *slots, uint64_t time_ns);

/*
 * Divide the time from @start_ns to @end_ns, which is after it, into what lies in a slot at
 * either end and in whole ones between.  Returns how many parts there are; of NULL, one.
 */
size_t slots_split(const struct slots *slots, uint64_t start_ns, uint64_t end_ns,
		   struct slot_part ret[SLOT_MAX_PARTS]);

/* The index of the longest of @n parts, the first of equals. */
size_t slots_longest(const struct slot_part *parts, size_t n);

#endif /* MODEL_SLOTS_H */
