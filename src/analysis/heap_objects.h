/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sampled allocations as they come and go, added up by stack and task.
 *
 * A sample stands for its weight, so that sums are estimates; what they may be off by is
 * known, since each allocation was sampled or not whatever became of the others: one of
 * weight w that had been sampled with probability p adds (1 - p) w² to the variance of a
 * sum that it is part of.
 */
#ifndef ANALYSIS_HEAP_OBJECTS_H
#define ANALYSIS_HEAP_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "analysis/analysis.h"
#include "base/array.h"
#include "base/map.h"
#include "event/values.h"
#include "heap_resident.h"

enum { AGE_1S, AGE_10S, AGE_1MIN, AGE_10MIN, AGE_OLDER, N_AGES };

struct heap_sum {
	uint64_t n; /* samples */
	int64_t bytes;
	double objects;
	double variance; /* of bytes */
};

struct heap_row_key {
	uint32_t stack; /* of who called the allocator, or touched resident memory first */
	uint32_t task;
	uint32_t mapping, origin; /* of resident memory; else 0 */
	struct slot_span when;    /* it was allocated, if that was asked for */
};

struct heap_row {
	struct heap_row_key key;
	struct heap_sum allocated;   /* in the time that the filter leaves */
	struct heap_sum live;        /* as events come */
	struct heap_sum marked;      /* live when heap_objects was marked last */
	uint32_t marks;              /* of heap_objects, when this was looked at last */
	int64_t freed_1ms, freed_1s; /* of allocated: bytes that were given back as soon as this */
	struct heap_sum ended;       /* resident of processes when they exited */
	/* Known at the end: */
	struct heap_sum held; /* in use then; of processes that ended before: when they ended */
	struct heap_sum old;  /* of that, what was there before the last tenth of the time */
	struct heap_sum kept; /* of that, what was there when the time began */
	int64_t by_age[N_AGES];
};

struct heap_object {
	uint64_t address, size, weight, time_ns;
	uint32_t row; /* index */
	uint32_t pid;
	bool is_free;   /* of this struct: the object is no more */
	bool has_ended; /* its process has */
};

struct heap_process { /* of a pid */
	uint64_t n_objects;
	struct event_heap_totals totals;
};

enum heap_mark { /* which moment besides the end is of interest */
		 HEAP_MARK_PEAK,
		 HEAP_MARK_START, /* of the time that the filter leaves */
};

struct heap_objects {
	struct model_observer observer; /* first */
	struct model *model;
	const struct filter *filter;
	const struct slots *slots; /* or NULL */
	enum heap_mark mark;
	uint32_t marks;
	ARRAY(struct heap_row) rows;
	struct map row_of[MAPPING_N_KINDS * RESIDENT_N_ORIGINS]; /* stack, task, when → index + 1 */
	ARRAY(struct heap_object) objects;
	struct map object_of; /* process and address → index + 1 */
	ARRAY(uint32_t) vacant;
	ARRAY(struct heap_process) processes;
	struct map process_of; /* pid → index + 1 */
	int64_t live_bytes, peak_bytes;
	uint64_t peak_ns; /* when it was so much */
	bool has_started;
	bool has_any;
	bool is_resident; /* it tells of resident memory, not of allocations */
	struct heap_resident resident;
	uint64_t n_replaced; /* allocations where another one was, whose end is not known */
};

void heap_objects_init(struct heap_objects *heap, const struct analysis_input *input,
		       enum heap_mark mark);

/* Everything has passed. */
void heap_objects_finish(struct heap_objects *heap);
void heap_objects_release(struct heap_objects *heap);

/* For those who add to rows. */
uint32_t heap_row_index(struct heap_objects *heap, const struct heap_row_key *key);
void heap_row_change(struct heap_objects *heap, uint32_t row, struct heap_sum sum, int sign);

/* a + sign × b. */
struct heap_sum heap_sum_add(struct heap_sum a, struct heap_sum b, int sign);

/* The standard deviation of sum->bytes. */
int64_t heap_sum_error(const struct heap_sum *sum);

#endif /* ANALYSIS_HEAP_OBJECTS_H */
