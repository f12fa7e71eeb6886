/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/diff.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "model/names.h"

#define SECOND_NS 1e9
#define N_ERRORS  3 /* of a table of hundreds of rows, hardly one is beyond by chance */

/* In which amounts of one profile are told. */
struct measure {
	const struct diff *diff;
	enum diff_side side;
	int64_t total, n_total;
};

static int64_t value_of(const struct diff *diff, const struct table_row *row, size_t type)
{
	return diff->options.by_cum ? row->cum[type] : row->flat[type];
}

static struct measure measure_of(const struct diff *diff, enum diff_side side)
{
	struct diff_sum total = diff->totals[side];

	return (struct measure){ diff, side, total.value, total.n };
}

struct diff_sum diff_sum_of(const struct diff *diff, const int64_t *values)
{
	return (struct diff_sum){
		.value = values[diff->options.value],
		.n = diff->count < 0 ? 0 : values[diff->count],
	};
}

/* The type that counts events, the same in both. */
static int find_count(const struct profile *profile)
{
	for (size_t i = 0; i < profile->n_types; i++) {
		if (!strcmp(profile->types[i].unit, "count"))
			return (int)i;
	}
	return -1;
}

static void sum_up(struct diff *diff)
{
	diff->count = find_count(diff->sides[DIFF_OLD]);
	for (int side = 0; side < DIFF_N_SIDES; side++) {
		const struct profile *profile = diff->sides[side];
		struct diff_sum *total = &diff->totals[side];

		total->value = profile_total(profile, diff->options.value);
		if (diff->count >= 0)
			total->n = profile_total(profile, (size_t)diff->count);
	}
}

static double scaled(const struct measure *measure, double value)
{
	const struct diff *diff = measure->diff;
	double duration_ns = (double)diff->sides[measure->side]->duration_ns;

	switch (diff->options.scale) {
	case DIFF_TIME:
		return duration_ns > 0 ? value * SECOND_NS / duration_ns : 0;
	case DIFF_SHARE:
		return measure->total ? 100 * value / (double)measure->total : 0;
	case DIFF_RUN:
		break;
	}
	return value;
}

/* The square of the standard error of @value, which @n events make: see diff_build(). */
static double variance(const struct measure *measure, int64_t value, int64_t n)
{
	double n_total = (double)measure->n_total, weight, share;

	if (measure->n_total <= 0)
		return 0;
	if (n > 0)
		weight = scaled(measure, (double)value / (double)n);
	else
		weight = scaled(measure, (double)measure->total / n_total);
	share = measure->diff->options.scale == DIFF_SHARE ? (double)n / n_total : 0;
	return weight * weight * ((double)n * (1 - share) + 1);
}

static void add_side(struct diff_row *row, const struct measure *measure, int64_t value, int64_t n)
{
	row->is_in[measure->side] = true;
	row->amounts[measure->side] = scaled(measure, (double)value);
	row->noise += variance(measure, value, n);
}

/* What a row is matched by. */
static uint32_t key_of(struct diff *diff, const struct diff_row *row, struct buf *text)
{
	enum table_key key = diff->options.key;

	buf_clear(text);
	buf_puts(text, row->name);
	if (key == TABLE_SYMBOL)
		buf_printf(text, "\n%s", row->module);
	if (key == TABLE_LINE)
		buf_printf(text, "\n%s\n%u", row->file, row->line);
	return intern_string(&diff->keys, buf_str(text));
}

/* Rows of one table that have the same key, as threads have, are one. */
static void add_table(struct diff *diff, const struct measure *measure)
{
	enum diff_side side = measure->side;
	const struct names *names = diff->sides[side]->names;
	ARRAY(struct diff_sum) sums = { 0 };
	const struct table_row *from;
	struct buf text = { 0 };

	array_for_each(from, &diff->tables[side].rows) {
		struct diff_row row = {
			.name = names_text(names, from->name),
			.module = names_text(names, from->module),
			.file = names_text(names, from->file),
			.line = from->line,
		};
		uint32_t id = key_of(diff, &row, &text);

		if (id > diff->rows.n)
			*array_add(&diff->rows) = row;
		while (sums.n < diff->rows.n)
			array_add(&sums);
		diff->rows.items[id - 1].is_in[side] = true;
		sums.items[id - 1].value = value_add(sums.items[id - 1].value,
						     value_of(diff, from, diff->options.value));
		if (diff->count >= 0)
			sums.items[id - 1].n = value_add(sums.items[id - 1].n,
							 value_of(diff, from, (size_t)diff->count));
	}
	for (size_t i = 0; i < sums.n; i++) {
		if (diff->rows.items[i].is_in[side])
			add_side(&diff->rows.items[i], measure, sums.items[i].value,
				 sums.items[i].n);
	}
	array_release(&sums);
	buf_release(&text);
}

/* So far noise is the variance of what was seen. */
static void finish(struct diff_row *row, const struct measure measures[DIFF_N_SIDES])
{
	for (int side = 0; side < DIFF_N_SIDES; side++) {
		if (!row->is_in[side])
			row->noise += variance(&measures[side], 0, 0);
	}
	row->noise = N_ERRORS * sqrt(row->noise);
}

static int compare(const void *a, const void *b)
{
	const struct diff_row *x = a, *y = b;
	double by = fabs(diff_of(y)) - fabs(diff_of(x));
	int order = by > 0 ? 1 : by < 0 ? -1 : strcmp(x->name, y->name);

	if (!order)
		order = strcmp(x->module, y->module);
	if (!order)
		order = strcmp(x->file, y->file);
	return order ? order : x->line < y->line ? -1 : x->line > y->line;
}

void diff_judge(const struct diff *diff, const struct diff_sum sums[DIFF_N_SIDES],
		struct diff_row *ret)
{
	struct measure measures[DIFF_N_SIDES];

	*ret = (struct diff_row){ .name = "", .module = "", .file = "" };
	for (int side = 0; side < DIFF_N_SIDES; side++) {
		measures[side] = measure_of(diff, (enum diff_side)side);
		if (sums[side].value || sums[side].n)
			add_side(ret, &measures[side], sums[side].value, sums[side].n);
	}
	finish(ret, measures);
}

/* It is nowhere in what is compared: a function that only calls, when flat is. */
static bool is_nothing(const struct diff_row *row)
{
	return row->amounts[DIFF_OLD] == 0 && row->amounts[DIFF_NEW] == 0;
}

void diff_build(struct diff *ret, const struct profile *older, const struct profile *newer,
		const struct diff_options *options)
{
	struct measure measures[DIFF_N_SIDES];
	size_t n = 0;

	*ret = (struct diff){ .sides = { older, newer }, .options = *options };
	sum_up(ret);
	ret->total.name = "total";
	ret->total.module = ret->total.file = "";
	for (int side = 0; side < DIFF_N_SIDES; side++) {
		measures[side] = measure_of(ret, (enum diff_side)side);
		table_build(&ret->tables[side], ret->sides[side], options->key);
		add_table(ret, &measures[side]);
		add_side(&ret->total, &measures[side], measures[side].total,
			 measures[side].n_total);
	}
	finish(&ret->total, measures);
	if (options->scale == DIFF_SHARE)
		ret->total.noise = 0; /* the whole is 100 % whatever comes */
	for (size_t i = 0; i < ret->rows.n; i++) {
		if (is_nothing(&ret->rows.items[i]))
			continue;
		finish(&ret->rows.items[i], measures);
		ret->rows.items[n++] = ret->rows.items[i];
	}
	ret->rows.n = n;
	if (n)
		qsort(ret->rows.items, n, sizeof(*ret->rows.items), compare);
}

void diff_release(struct diff *diff)
{
	for (int side = 0; side < DIFF_N_SIDES; side++)
		table_release(&diff->tables[side]);
	intern_release(&diff->keys);
	array_release(&diff->rows);
}

double diff_of(const struct diff_row *row)
{
	return row->amounts[DIFF_NEW] - row->amounts[DIFF_OLD];
}

bool diff_is_noise(const struct diff_row *row)
{
	return fabs(diff_of(row)) <= row->noise;
}

const struct diff_row *diff_find(const struct diff *diff, const char *name)
{
	const struct diff_row *row;

	array_for_each(row, &diff->rows) {
		if (!strcmp(row->name, name))
			return row;
	}
	return NULL;
}
