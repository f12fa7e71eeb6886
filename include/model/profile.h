/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waist two: stacks with values.  Every analysis ends in a profile (or a timeline),
 * every exporter and screen starts from one.
 *
 * A profile is a table of rows: a stack, the thread and CPU it was seen on, and one
 * value for each sample type.  Rows with equal keys are added up.  Stack ids are
 * those of the model's dictionary, which must outlive the profile.
 */
#ifndef MODEL_PROFILE_H
#define MODEL_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/map.h"
#include "model/model.h"

#define PROFILE_MAX_VALUES 4

struct value_type {
	const char *type; /* "samples", "cpu": as pprof names them */
	const char *unit; /* "count", "nanoseconds", "bytes" */
};

struct profile_key {
	uint32_t stack;
	uint32_t pid, tid;
	uint32_t cpu;
};

struct profile_row {
	struct profile_key key;
	int64_t values[PROFILE_MAX_VALUES];
	uint32_t next; /* chain of the hash table */
};

struct profile {
	const char *name; /* of the analysis: "cpu" */
	const struct model *model; /* borrowed */
	struct value_type types[PROFILE_MAX_VALUES];
	size_t n_types;
	size_t default_type; /* the one to show first */
	struct value_type period_type;
	int64_t period;
	uint64_t time_ns;     /* wall clock of the start, since 1970; 0: unknown */
	uint64_t duration_ns;
	ARRAY(struct profile_row) rows;
	struct map by_key;
};

void profile_init(struct profile *profile, const char *name, const struct model *model);
void profile_release(struct profile *profile);

/* The row of @key, zeroed if new.  Good until the next call. */
struct profile_row *profile_row(struct profile *profile, const struct profile_key *key);

int64_t profile_total(const struct profile *profile, size_t type);

#endif /* MODEL_PROFILE_H */
