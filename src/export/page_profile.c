/* SPDX-License-Identifier: GPL-2.0-only */
#include "page_profile.h"

#include <math.h>

/* What follows a number of things is told once for each of them. */
enum {
	PROFILE_NAME,
	PROFILE_IS_OF_SAMPLES, /* it has no rows here: they are those of the table of samples */
	PROFILE_DEFAULT_TYPE,
	PROFILE_N_TYPES,
	PROFILE_TYPE,
	PROFILE_UNIT,
	PROFILE_N_ROWS,
	PROFILE_N_NOTES,
	PROFILE_IS_FLAW,
	PROFILE_NOTE,
	N_PROFILE
};
enum {
	ROW_STACK,
	ROW_THREAD,
	ROW_CPU,
	ROW_N_SLOTS,
	ROW_SLOT,
	ROW_VALUE,
	N_ROW
}; /* one for each type */

enum {
	SHEET_ANALYSIS,
	SHEET_NAME,
	SHEET_TITLE,
	SHEET_N_COLUMNS,
	SHEET_KEY,
	SHEET_HEAD, /* 0: for programs only */
	SHEET_UNIT,
	SHEET_N_ROWS,
	N_SHEET
};
enum { CELL_VALUE, N_CELL };
enum { AUDIT_IS_FLAW, AUDIT_TEXT, N_AUDIT };

#define PERCENT_PARTS 1e6 /* of one */

static int first_error(int error, int next)
{
	return error ? error : next;
}

int page_put_audit(struct page_names *names, const struct audit *audit, const char *whose,
		   FILE *out)
{
	struct page_table table = { .name = "audit", .out = out, .n_columns = N_AUDIT };
	const struct audit_line *line;
	struct buf text = { 0 };

	array_for_each(line, &audit->lines) {
		buf_clear(&text);
		buf_printf(&text, "%s%s", whose, line->text);
		page_table_add(&table, AUDIT_IS_FLAW, line->is_flaw);
		page_table_add(&table, AUDIT_TEXT, page_string(names, buf_str(&text)));
	}
	buf_release(&text);
	return page_table_finish(&table);
}

static int put_rows(struct page_names *names, const struct profile *profile, FILE *out)
{
	struct page_table table = { .name = "rows", .out = out, .n_columns = N_ROW };
	const struct profile_row *row;
	int error = 0;

	array_for_each(row, &profile->rows) {
		uint32_t thread = model_task(profile->model, row->key.task).thread;
		uint32_t cpu = row->key.cpu;

		page_table_add(&table, ROW_STACK, page_stack(names, row->key.stack));
		page_table_add(&table, ROW_THREAD, page_thread(names, thread)->ref);
		page_table_add(&table, ROW_CPU, cpu == PROFILE_NO_CPU ? 0 : (uint64_t)cpu + 1);
		page_table_add(&table, ROW_N_SLOTS, row->key.when.n);
		if (row->key.when.n)
			page_table_add(&table, ROW_SLOT, row->key.when.first);
		for (size_t i = 0; i < profile->n_types; i++)
			page_table_add_signed(&table, ROW_VALUE, row->values[i]);
		error = first_error(error, page_table_end_row(&table));
	}
	return first_error(error, page_table_finish(&table));
}

int page_put_profile(struct page_names *names, const struct profile *profile, FILE *out)
{
	struct page_table table = { .name = "profiles", .out = out, .n_columns = N_PROFILE };
	const struct audit_line *line;
	int error = profile->is_of_samples ? 0 : put_rows(names, profile, out);

	page_table_add(&table, PROFILE_NAME, page_string(names, profile->name));
	page_table_add(&table, PROFILE_IS_OF_SAMPLES, profile->is_of_samples);
	page_table_add(&table, PROFILE_DEFAULT_TYPE, profile->default_type);
	page_table_add(&table, PROFILE_N_TYPES, profile->n_types);
	for (size_t i = 0; i < profile->n_types; i++) {
		page_table_add(&table, PROFILE_TYPE, page_string(names, profile->types[i].type));
		page_table_add(&table, PROFILE_UNIT, page_string(names, profile->types[i].unit));
	}
	page_table_add(&table, PROFILE_N_ROWS, profile->is_of_samples ? 0 : profile->rows.n);
	page_table_add(&table, PROFILE_N_NOTES, profile->notes.lines.n);
	array_for_each(line, &profile->notes.lines) {
		page_table_add(&table, PROFILE_IS_FLAW, line->is_flaw);
		page_table_add(&table, PROFILE_NOTE, page_string(names, line->text));
	}
	return first_error(error, page_table_finish(&table));
}

static bool is_for_people(const struct sheet_column *column)
{
	return column->unit != SHEET_PEOPLE && column->unit != SHEET_BELOW;
}

/* A text's reference; a number folded, + 1, so that 0 is one that nobody knows. */
static void put_cell(struct page_names *names, struct page_table *table,
		     const struct sheet_column *column, const union sheet_cell *cell)
{
	int64_t number = cell->number;

	if (column->unit == SHEET_TEXT) {
		page_table_add(table, CELL_VALUE, page_string(names, cell->text ? cell->text : ""));
		return;
	}
	if (column->unit == SHEET_PERCENT)
		number = llround(cell->percent * PERCENT_PARTS);
	if (column->unit != SHEET_PERCENT && number == SHEET_UNKNOWN)
		page_table_add(table, CELL_VALUE, 0);
	else
		page_table_add(table, CELL_VALUE,
			       ((uint64_t)number << 1 ^ (uint64_t)(number >> 63)) + 1);
}

static int put_cells(struct page_names *names, const struct sheet *sheet, FILE *out)
{
	struct page_table table = { .name = "cells", .out = out, .n_columns = N_CELL };
	int error = 0;

	for (size_t i = 0; i < sheet->cells.n; i++) {
		const struct sheet_column *column = &sheet->columns[i % sheet->n_columns];

		if (!is_for_people(column))
			continue;
		put_cell(names, &table, column, &sheet->cells.items[i]);
		error = first_error(error, page_table_end_row(&table));
	}
	return first_error(error, page_table_finish(&table));
}

static int put_sheet(struct page_names *names, const struct sheets *sheets,
		     const struct sheet *sheet, FILE *out)
{
	struct page_table table = { .name = "sheets", .out = out, .n_columns = N_SHEET };
	int error = put_cells(names, sheet, out);
	uint64_t n = 0;

	for (size_t i = 0; i < sheet->n_columns; i++)
		n += is_for_people(&sheet->columns[i]);
	page_table_add(&table, SHEET_ANALYSIS, page_string(names, sheets->name));
	page_table_add(&table, SHEET_NAME, page_string(names, sheet->name));
	page_table_add(&table, SHEET_TITLE, page_string(names, sheet->title ? sheet->title : ""));
	page_table_add(&table, SHEET_N_COLUMNS, n);
	for (size_t i = 0; i < sheet->n_columns; i++) {
		const struct sheet_column *column = &sheet->columns[i];

		if (!is_for_people(column))
			continue;
		page_table_add(&table, SHEET_KEY,
			       page_string(names, column->key ? column->key : ""));
		page_table_add(&table, SHEET_HEAD,
			       page_string(names, column->title ? column->title : ""));
		page_table_add(&table, SHEET_UNIT, column->unit);
	}
	page_table_add(&table, SHEET_N_ROWS, sheet_n_rows(sheet));
	return first_error(error, page_table_finish(&table));
}

int page_put_sheets(struct page_names *names, const struct sheets *sheets, FILE *out)
{
	const struct sheet *sheet;
	int error = 0;

	array_for_each(sheet, &sheets->sheets)
		error = first_error(error, put_sheet(names, sheets, sheet, out));
	return error;
}
