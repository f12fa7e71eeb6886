/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waist two: stacks with values.  Every analysis ends in a profile (or a timeline),
 * every exporter and screen starts from one.
 *
 * A profile is a table of rows: a stack, the task and CPU it was seen on, and one
 * value for each sample type.  Rows with equal keys are added up; sums that would
 * not fit stop at the largest number that does.  Ids are those of the model, which
 * must outlive the profile.
 */
#ifndef MODEL_PROFILE_H
#define MODEL_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/map.h"
#include "model/audit.h"
#include "model/model.h"
#include "model/slots.h"

#define PROFILE_MAX_VALUES 4
#define PROFILE_MAX_LABELS 2
#define PROFILE_NO_CPU     UINT32_MAX

struct filter;
struct names;

struct value_type {
	const char *type; /* "samples", "cpu": as pprof names them */
	const char *unit; /* "count", "nanoseconds", "bytes" */
};

struct profile_key {
	uint32_t stack; /* 0: none was taken */
	uint32_t task;
	uint32_t cpu;                        /* or PROFILE_NO_CPU: it was on none */
	uint32_t labels[PROFILE_MAX_LABELS]; /* text ids of the profile's names; 0: none */
	struct slot_span when;               /* if it was asked for */
};

struct profile_row {
	struct profile_key key;
	uint32_t next; /* chain of the hash table */
	int64_t values[PROFILE_MAX_VALUES];
	int64_t max; /* the largest of the default type that was added up, if profile.has_max */
};

struct profile {
	const char *name;          /* of the analysis: "cpu" */
	struct model *model;       /* borrowed */
	struct names *names;       /* owned; ask it only when no more names will come */
	struct audit notes;        /* what to say of the figures first */
	const struct audit *audit; /* borrowed; what to state beside the figures, or NULL */
	struct value_type types[PROFILE_MAX_VALUES];
	size_t n_types;
	size_t default_type; /* the one to show first */
	bool is_of_samples;  /* its rows add up a timeline's samples: how many, and their weight */
	bool has_max;        /* rows know their largest; type 0 counts what they add up */
	const char *labels[PROFILE_MAX_LABELS]; /* what those of rows are called; NULL: unused */
	struct value_type period_type;
	int64_t period;
	uint64_t time_ns;     /* wall clock of the start, since 1970; 0: unknown */
	uint64_t duration_ns; /* of the window, or of the part that a filter left of it */
	int64_t unfiltered[PROFILE_MAX_VALUES]; /* totals before filters, by the analysis */
	ARRAY(struct profile_row) rows;
	struct map by_key;
};

void profile_init(struct profile *profile, const char *name, struct model *model);
void profile_release(struct profile *profile);

/* Everything has passed: note when it was and how long it took, within @filter (or NULL). */
void profile_close(struct profile *profile, const struct filter *filter);

/* A value type more; returns its index. */
size_t profile_add_type(struct profile *profile, const char *type, const char *unit);

/* The rows of @from, which has none then, in place of @profile's own. */
void profile_take_rows(struct profile *profile, struct profile *from);

/* The row of @key, zeroed if new.  Good until the next call. */
struct profile_row *profile_row(struct profile *profile, const struct profile_key *key);

int64_t profile_total(const struct profile *profile, size_t type);

/* The index of the type called @name, or -1. */
int profile_find_type(const struct profile *profile, const char *name);

/* a + b, or the limit that it would pass. */
static inline int64_t value_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return b < 0 ? INT64_MIN : INT64_MAX;
}

static inline void values_add(int64_t *to, const int64_t *values)
{
	for (size_t i = 0; i < PROFILE_MAX_VALUES; i++)
		to[i] = value_add(to[i], values[i]);
}

/* What @row counts @to counts, too. */
static inline void profile_row_add(struct profile_row *to, const struct profile_row *row)
{
	values_add(to->values, row->values);
	if (row->max > to->max)
		to->max = row->max;
}

#endif /* MODEL_PROFILE_H */
