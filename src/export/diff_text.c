/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <math.h>

#include "base/escape.h"
#include "export/diff.h"
#include "export/scale.h"
#include "text.h"

#define NAME_WIDTH_MIN 16
#define FINER          10     /* than the total's own unit: differences are small */
#define MOST_PERCENT   9999.0 /* beyond, a ratio says more */

enum { CELL_OLD, CELL_NEW, CELL_DIFF, CELL_PERCENT, CELL_NOISE, N_CELLS };

static const char *const heads[N_CELLS] = { "old", "new", "diff", "diff%", "noise" };

struct layout {
	const struct diff *diff;
	const struct diff_text_options *options;
	struct scale scale;
	size_t widths[N_CELLS];
};

static const char *const names[DIFF_N_SIDES] = { "old", "new" };

/* Whatever the unit, with a sign where it is a difference. */
static void put_amount(struct buf *out, const struct layout *layout, double amount,
		       const char *sign)
{
	if (amount > 0)
		buf_puts(out, sign);
	if (layout->diff->options.scale == DIFF_SHARE)
		buf_printf(out, "%.2f%%", amount);
	else
		scale_format(out, &layout->scale, llround(amount));
}

void diff_put_percent(struct buf *out, const struct diff_row *row)
{
	double old = row->amounts[DIFF_OLD], percent = old ? 100 * diff_of(row) / old : 0;

	if (!row->is_in[DIFF_OLD] || !old)
		buf_puts(out, row->amounts[DIFF_NEW] ? "new" : "");
	else if (!row->amounts[DIFF_NEW])
		buf_puts(out, "gone");
	else if (fabs(percent) > MOST_PERCENT)
		buf_printf(out, "%.0fx", row->amounts[DIFF_NEW] / old);
	else
		buf_printf(out, "%+.1f%%", percent);
}

static void put_cell(struct buf *out, const struct layout *layout, const struct diff_row *row,
		     int cell)
{
	switch (cell) {
	case CELL_OLD:
	case CELL_NEW:
		if (row->is_in[cell == CELL_NEW])
			put_amount(out, layout, row->amounts[cell == CELL_NEW], "");
		else
			buf_puts(out, "-");
		break;
	case CELL_DIFF:
		put_amount(out, layout, diff_of(row), "+");
		break;
	case CELL_PERCENT:
		diff_put_percent(out, row);
		break;
	case CELL_NOISE:
		if (row->noise > 0)
			put_amount(out, layout, row->noise, "±");
		break;
	}
}

static void measure(struct layout *layout, const struct diff_row *row)
{
	struct buf cell = { 0 };

	for (int i = 0; i < N_CELLS; i++) {
		size_t width;

		buf_clear(&cell);
		put_cell(&cell, layout, row, i);
		width = utf8_length(buf_str(&cell));
		if (width > layout->widths[i])
			layout->widths[i] = width;
	}
	buf_release(&cell);
}

static void put_right(struct buf *out, const char *text, size_t width)
{
	buf_printf(out, "%*s%s ", (int)(width - utf8_length(text)), "", text);
}

static void put_name(struct buf *out, const struct layout *layout, const struct diff_row *row)
{
	buf_puts(out, row->name);
	if (layout->diff->options.key == TABLE_LINE && *row->file)
		buf_printf(out, " %s:%u", row->file, row->line);
	if (*row->module)
		buf_printf(out, "  %s", row->module);
}

static void put_row(struct buf *out, const struct layout *layout, const struct diff_row *row)
{
	size_t used = 1, room;
	unsigned int width = layout->options->width;
	struct buf cell = { 0 };

	for (int i = 0; i < N_CELLS; i++) {
		buf_clear(&cell);
		put_cell(&cell, layout, row, i);
		put_right(out, buf_str(&cell), layout->widths[i]);
		used += layout->widths[i] + 1;
	}
	buf_clear(&cell);
	put_name(&cell, layout, row);
	room = width > used + NAME_WIDTH_MIN ? width - used : NAME_WIDTH_MIN;
	buf_puts(out, " ");
	text_fit_name(out, buf_str(&cell), width && utf8_length(buf_str(&cell)) > room ? room : 0);
	buf_puts(out, "\n");
	buf_release(&cell);
}

static bool is_shown(const struct layout *layout, const struct diff_row *row)
{
	return layout->options->with_noise || !diff_is_noise(row);
}

static void put_rows(struct buf *out, struct layout *layout)
{
	size_t n_rows = layout->options->n_rows, n = 0, n_noise = 0, n_more = 0;
	const struct diff_row *row;

	array_for_each(row, &layout->diff->rows) {
		if (is_shown(layout, row) && (!n_rows || n++ < n_rows))
			measure(layout, row);
	}
	buf_puts(out, "\n");
	for (int i = 0; i < N_CELLS; i++)
		put_right(out, heads[i], layout->widths[i]);
	buf_puts(out, " name\n");
	put_row(out, layout, &layout->diff->total);
	n = 0;
	array_for_each(row, &layout->diff->rows) {
		if (!is_shown(layout, row))
			n_noise++;
		else if (n_rows && n++ >= n_rows)
			n_more++;
		else
			put_row(out, layout, row);
	}
	if (n_more)
		buf_printf(out, "… %zu more; -n 0 shows all\n", n_more);
	if (n_noise)
		buf_printf(out, "%zu more differ by less than their noise; --noise shows them\n",
			   n_noise);
}

/* The first lines of a report, behind which of the two it is. */
static void put_side(struct buf *out, const struct diff *diff,
		     const struct diff_text_options *options, enum diff_side side)
{
	const struct profile *profile = diff->sides[side];
	struct text_subject subject = { profile->name, profile->model, profile->time_ns,
					profile->duration_ns };
	struct buf text = { 0 };

	buf_printf(out, "%s ", names[side]);
	escape_text(out, options->paths[side], strlen(options->paths[side]));
	buf_puts(out, "\n");
	text_subject(&text, &subject);
	text_notes(&text, &profile->notes);
	text_flaws(&text, profile->audit);
	for (const char *line = buf_str(&text); *line; line += strcspn(line, "\n") + 1)
		buf_printf(out, "    %.*s\n", (int)strcspn(line, "\n"), line);
	buf_release(&text);
}

static const char *scale_text(enum diff_scale scale)
{
	switch (scale) {
	case DIFF_TIME:
		return "in each second of recording";
	case DIFF_SHARE:
		return "as shares of the profile";
	case DIFF_RUN:
		return "in all of each recording";
	}
	return "";
}

void diff_put_head(struct buf *out, const struct diff *diff,
		   const struct diff_text_options *options, const char *which)
{
	put_side(out, diff, options, DIFF_OLD);
	put_side(out, diff, options, DIFF_NEW);
	buf_printf(out, "%s, %s%s\n", diff->sides[DIFF_OLD]->types[diff->options.value].type, which,
		   scale_text(diff->options.scale));
	if (*options->filter)
		buf_printf(out, "filter %s\n", options->filter);
}

int diff_text(const struct diff *diff, const struct diff_text_options *options, FILE *out)
{
	const double *totals = diff->total.amounts;
	const struct value_type *type = &diff->sides[DIFF_OLD]->types[diff->options.value];
	double largest = totals[DIFF_OLD] > totals[DIFF_NEW] ? totals[DIFF_OLD] : totals[DIFF_NEW];
	struct layout layout = {
		.diff = diff,
		.options = options,
		.scale = scale_for(type->unit, llround(largest / FINER)),
	};
	struct buf text = { 0 };
	int error;

	diff_put_head(&text, diff, options, diff->options.by_cum ? "cum, " : "flat, ");
	for (int i = 0; i < N_CELLS; i++)
		layout.widths[i] = strlen(heads[i]);
	measure(&layout, &diff->total);
	put_rows(&text, &layout);
	error = text_write(&text, options->has_colour, out);
	buf_release(&text);
	return error;
}
