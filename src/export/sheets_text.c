/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/human.h"
#include "export/sheets.h"
#include "text.h"

#define BELOW_INDENT 8
#define NAME_WIDTH_MAX \
	64 /* of what stands before figures: longer ones push their own line's only */

/* The cell as people read it; empty where there is nothing to say. */
static bool has_number(enum sheet_unit unit)
{
	return unit == SHEET_COUNT || unit == SHEET_NS || unit == SHEET_BYTES || unit == SHEET_ID;
}

static void put_cell(struct buf *out, const struct sheet_column *column,
		     const union sheet_cell *cell)
{
	char human[HUMAN_SIZE];

	if (has_number(column->unit) && cell->number == SHEET_UNKNOWN) {
		buf_puts(out, "?");
		return;
	}
	switch (column->unit) {
	case SHEET_TEXT:
	case SHEET_BELOW:
	case SHEET_PEOPLE:
		buf_puts(out, cell->text ? cell->text : "");
		break;
	case SHEET_COUNT:
		buf_puts(out, cell->number < 0 ? "-" : "");
		buf_puts(out, human_count(human, (uint64_t)llabs(cell->number)));
		break;
	case SHEET_ID:
		buf_printf(out, "%lld", (long long)cell->number);
		break;
	case SHEET_NS:
		buf_puts(out, cell->number ? human_duration(human, (uint64_t)cell->number) : "0");
		break;
	case SHEET_BYTES:
		buf_puts(out, cell->number < 0 ? "-" : "");
		buf_puts(out, human_bytes(human, (uint64_t)llabs(cell->number)));
		break;
	case SHEET_PERCENT:
		buf_printf(out, "%.1f%%", cell->percent);
		break;
	}
}

static bool is_left(const struct sheet_column *column)
{
	return column->unit == SHEET_TEXT || column->unit == SHEET_PEOPLE;
}

/* It stands in the row itself. */
static bool is_in_row(const struct sheet_column *column)
{
	return column->title && column->unit != SHEET_BELOW;
}

static bool is_last(const struct sheet *sheet, size_t column)
{
	while (++column < sheet->n_columns) {
		if (is_in_row(&sheet->columns[column]))
			return false;
	}
	return true;
}

static size_t *widths_of(const struct sheet *sheet, size_t n_rows)
{
	size_t *widths = xcalloc(sheet->n_columns, sizeof(*widths));
	struct buf text = { 0 };

	for (size_t i = 0; i < sheet->n_columns; i++)
		widths[i] = is_in_row(&sheet->columns[i]) ? utf8_length(sheet->columns[i].title) :
							    0;
	for (size_t i = 0; i < n_rows * sheet->n_columns; i++) {
		size_t column = i % sheet->n_columns;

		buf_clear(&text);
		put_cell(&text, &sheet->columns[column], &sheet->cells.items[i]);
		if (is_in_row(&sheet->columns[column]) &&
		    utf8_length(buf_str(&text)) > widths[column])
			widths[column] = utf8_length(buf_str(&text));
		if (widths[column] > NAME_WIDTH_MAX && !is_last(sheet, column))
			widths[column] = NAME_WIDTH_MAX;
	}
	buf_release(&text);
	return widths;
}

static void put_padded(struct buf *line, const char *text, size_t width, bool left)
{
	size_t size = utf8_length(text);
	int padding = size < width ? (int)(width - size) : 0;

	buf_puts(line, line->size ? "  " : "");
	if (left)
		buf_printf(line, "%s%*s", text, padding, "");
	else
		buf_printf(line, "%*s%s", padding, "", text);
}

/* Where lines are cut, it is the name, not the figures behind it. */
static void put_fitted(struct buf *line, const char *text, size_t width,
		       const struct sheet_column *column, unsigned int line_width)
{
	struct buf brief = { 0 };

	if (line_width && utf8_length(text) > width)
		text_fit_name(&brief, text, width);
	else
		buf_puts(&brief, text);
	put_padded(line, buf_str(&brief), width, is_left(column));
	buf_release(&brief);
}

/* Ends @line: no blanks behind it, no longer than @width. */
static void put_line(struct buf *out, struct buf *line, unsigned int width)
{
	while (line->size && line->data[line->size - 1] == ' ')
		line->size--;
	if (width && utf8_length(buf_str(line)) > width)
		text_fit(out, buf_str(line), width);
	else
		buf_puts(out, buf_str(line));
	buf_puts(out, "\n");
	buf_clear(line);
}

static void put_titles(struct buf *out, const struct sheet *sheet, const size_t *widths,
		       unsigned int width)
{
	struct buf line = { 0 };

	for (size_t i = 0; i < sheet->n_columns; i++) {
		if (is_in_row(&sheet->columns[i]))
			put_padded(&line, sheet->columns[i].title, widths[i],
				   is_left(&sheet->columns[i]));
	}
	put_line(out, &line, width);
	buf_release(&line);
}

static void put_row(struct buf *out, const struct sheet *sheet, const union sheet_cell *cells,
		    const size_t *widths, unsigned int width)
{
	struct buf line = { 0 }, text = { 0 };

	for (size_t i = 0; i < sheet->n_columns; i++) {
		buf_clear(&text);
		put_cell(&text, &sheet->columns[i], &cells[i]);
		if (is_in_row(&sheet->columns[i]))
			put_fitted(&line, buf_str(&text), widths[i], &sheet->columns[i], width);
	}
	put_line(out, &line, width);
	for (size_t i = 0; i < sheet->n_columns; i++) {
		if (sheet->columns[i].unit != SHEET_BELOW || !cells[i].text || !*cells[i].text)
			continue;
		buf_printf(&line, "%*s%s", BELOW_INDENT, "", cells[i].text);
		put_line(out, &line, width);
	}
	buf_release(&line);
	buf_release(&text);
}

static void put_sheet(struct buf *out, const struct sheet *sheet,
		      const struct sheet_options *options)
{
	size_t all = sheet_n_rows(sheet);
	size_t n = options->n_rows && options->n_rows < all ? options->n_rows : all;
	size_t *widths;

	if (!all)
		return;
	widths = widths_of(sheet, n);
	buf_puts(out, "\n");
	if (sheet->title)
		buf_printf(out, "%s\n", sheet->title);
	put_titles(out, sheet, widths, options->width);
	for (size_t i = 0; i < n; i++)
		put_row(out, sheet, &sheet->cells.items[i * sheet->n_columns], widths,
			options->width);
	if (n < all)
		buf_printf(out, "... %zu more; -n 0 shows all\n", all - n);
	free(widths);
}

int sheets_text(const struct sheets *sheets, const struct sheet_options *options, FILE *out)
{
	struct text_subject subject = { sheets->name, sheets->model, sheets->time_ns,
					sheets->duration_ns };
	const struct sheet *sheet;
	struct buf text = { 0 };
	int error;

	text_subject(&text, &subject);
	if (options->filter && *options->filter)
		buf_printf(&text, "filter %s\n", options->filter);
	text_notes(&text, &sheets->notes);
	if (options->is_brief)
		text_flaws(&text, sheets->audit);
	array_for_each(sheet, &sheets->sheets)
		put_sheet(&text, sheet, options);
	if (!options->is_brief)
		text_audit(&text, sheets->audit);
	error = text_write(&text, options->has_colour, out);
	buf_release(&text);
	return error;
}
