/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resident memory by the stack that touched it first, as the recorder's looks had it: each tells
 * what a row is, and the differences are added to the rows of heap_objects.
 */
#ifndef ANALYSIS_HEAP_RESIDENT_H
#define ANALYSIS_HEAP_RESIDENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/map.h"
#include "event/event.h"

struct heap_slot {
	struct event_resident last;
	uint32_t row; /* index of heap_objects' */
};

struct heap_looked { /* at a process */
	struct event_resident_totals totals;
	bool has_looks;
	ARRAY(struct heap_slot) slots;
	struct map slot_of; /* stack, mapping and origin → index + 1 */
};

struct heap_resident { /* all-zero is a valid empty one */
	ARRAY(struct heap_looked) processes;
	struct map process_of; /* pid → index + 1 */
};

struct heap_objects;

/* Take a RESIDENT or RESIDENT_TOTALS event. */
void heap_resident_take(struct heap_objects *heap, const struct event *event);

/* The process has exited, or become another program. */
void heap_resident_end(struct heap_objects *heap, uint32_t pid, bool is_exit);

void heap_resident_release(struct heap_resident *resident);

#endif /* ANALYSIS_HEAP_RESIDENT_H */
