/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two profiles of one kind row by row, made comparable, and how much of each difference
 * chance alone explains.
 *
 * Rows are matched by their names, as tables tell them apart; processes and threads by
 * name only, since ids are new in every run.
 */
#ifndef MODEL_DIFF_H
#define MODEL_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/intern.h"
#include "model/profile.h"
#include "model/table.h"

enum diff_scale {
	DIFF_TIME,  /* what it was in a second of recording */
	DIFF_SHARE, /* percent of the profile */
	DIFF_RUN,   /* all of it, as it is */
};

enum diff_side { DIFF_OLD, DIFF_NEW, DIFF_N_SIDES };

struct diff_options {
	enum table_key key;
	enum diff_scale scale;
	size_t value; /* index in the profiles' types, which are the same */
	bool by_cum;  /* compare cum, not flat */
};

struct diff_row {
	const char *name, *module, *file; /* borrowed from the profiles' names; "": none */
	uint32_t line;
	bool is_in[DIFF_N_SIDES];
	double amounts[DIFF_N_SIDES]; /* scaled */
	double noise;                 /* three standard errors of new - old; 0: not known */
};

struct diff_sum {
	int64_t value; /* of the type that is compared */
	int64_t n;     /* events that make it; 0 where nobody counts them */
};

struct diff {
	const struct profile *sides[DIFF_N_SIDES]; /* borrowed */
	struct diff_options options;
	struct diff_row total;
	ARRAY(struct diff_row) rows;          /* the largest difference first, then by name */
	int count;                            /* the type that counts events, or -1 */
	struct diff_sum totals[DIFF_N_SIDES]; /* of the profiles */
	struct table tables[DIFF_N_SIDES];
	struct intern keys;
};

/*
 * Compare @newer to @older, whose durations must be known for DIFF_TIME.
 *
 * The noise: were they to come at random (Poisson), @n events of weight w would have the
 * standard error w sqrt(n), as parts of a whole w sqrt(n (1 - n / whole)).  One event is
 * added to n, so that few, or none at all, are not taken for certain.  Events that differ
 * in weight, such as waits, have more; so do programs whose runs differ.
 */
void diff_build(struct diff *ret, const struct profile *older, const struct profile *newer,
		const struct diff_options *options);
void diff_release(struct diff *diff);

/* What is compared of values as profiles have them. */
struct diff_sum diff_sum_of(const struct diff *diff, const int64_t *values);

/* The amounts and the noise in @ret of what is no row, but such a part of both profiles. */
void diff_judge(const struct diff *diff, const struct diff_sum sums[DIFF_N_SIDES],
		struct diff_row *ret);

double diff_of(const struct diff_row *row); /* new - old */

/* Chance alone may be it. */
bool diff_is_noise(const struct diff_row *row);

/* The row called @name, or NULL. */
const struct diff_row *diff_find(const struct diff *diff, const char *name);

#endif /* MODEL_DIFF_H */
