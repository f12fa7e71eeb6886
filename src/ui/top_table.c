/* SPDX-License-Identifier: GPL-2.0-only */
/* From what analyses found to the rows of a view. */
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "model/names.h"
#include "model/table.h"
#include "ui/top.h"

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = hash_u64(hash ^ (unsigned char)*text);
	return hash;
}

/* Not 0, which is nobody's. */
static uint64_t id_of(const struct top_row *row)
{
	uint64_t hash = hash_text(hash_u64((uint64_t)row->pid << 32 | row->tid), row->name);

	return hash_text(hash, row->kind) | 1;
}

static int64_t number(const struct sheet *sheet, const union sheet_cell *cells, const char *key)
{
	for (size_t i = 0; i < sheet->n_columns; i++) {
		if (sheet->columns[i].key && !strcmp(sheet->columns[i].key, key))
			return cells[i].number;
	}
	return 0;
}

static const char *text(const struct sheet *sheet, const union sheet_cell *cells, const char *key)
{
	for (size_t i = 0; i < sheet->n_columns; i++) {
		const struct sheet_column *column = &sheet->columns[i];
		const char *name = column->key ? column->key : column->title;

		if (name && !strcmp(name, key))
			return cells[i].text ? cells[i].text : "";
	}
	return "";
}

static void take_times(struct top_row *row, const struct sheet *sheet,
		       const union sheet_cell *cells)
{
	static const char *const keys[] = {
		[TOP_LIFE] = "lifetime_ns",   [TOP_RUN] = "running_ns",
		[TOP_READY] = "runnable_ns",  [TOP_BLOCK] = "blocked_ns",
		[TOP_UNKNOWN] = "unknown_ns",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		row->values[i] = value_add(row->values[i], number(sheet, cells, keys[i]));
}

static void take_thread(struct top_table *ret, const struct sheet *sheet,
			const union sheet_cell *cells)
{
	struct top_row *row = array_add(&ret->rows);

	row->name = xstrdup(text(sheet, cells, "name"));
	row->beside = xstrdup(text(sheet, cells, "waits for"));
	row->pid = (uint32_t)number(sheet, cells, "pid");
	row->tid = (uint32_t)number(sheet, cells, "tid");
	take_times(row, sheet, cells);
}

static struct top_row *row_of_pid(struct top_table *table, struct map *by_pid, uint32_t pid)
{
	uint64_t *at = map_insert(by_pid, pid);

	if (!*at) {
		array_add(&table->rows)->pid = pid;
		*at = table->rows.n;
	}
	return &table->rows.items[*at - 1];
}

/* Sums over the threads of each process. */
static void take_processes(struct top_table *ret, const struct sheet *sheet)
{
	struct map by_pid = { 0 };
	struct top_row *row;

	for (size_t i = 0; i < sheet_n_rows(sheet); i++) {
		const union sheet_cell *cells = &sheet->cells.items[i * sheet->n_columns];

		row = row_of_pid(ret, &by_pid, (uint32_t)number(sheet, cells, "pid"));
		if (!row->name)
			row->name = xstrdup(text(sheet, cells, "process"));
		row->tid++; /* counts them, up to the end of this */
		take_times(row, sheet, cells);
	}
	array_for_each(row, &ret->rows) {
		row->beside = xasprintf("%u", row->tid);
		row->tid = 0;
	}
	map_release(&by_pid);
}

static void take_lock(struct top_table *ret, const struct sheet *sheet,
		      const union sheet_cell *cells)
{
	struct top_row *row = array_add(&ret->rows);

	row->name = xstrdup(text(sheet, cells, "lock"));
	row->kind = xstrdup(text(sheet, cells, "kind"));
	row->beside = xstrdup(text(sheet, cells, "top_holder"));
	row->pid = (uint32_t)number(sheet, cells, "pid");
	row->values[TOP_TOTAL] = number(sheet, cells, "total_ns");
	row->values[TOP_COUNT] = number(sheet, cells, "contentions");
	row->values[TOP_MOST] = number(sheet, cells, "max_ns");
	row->values[TOP_AT_ONCE] = number(sheet, cells, "waiting");
	ret->total = value_add(ret->total, row->values[TOP_TOTAL]);
}

/* The first note that says that something is amiss. */
static void take_flaw(struct top_table *ret, const struct audit *notes)
{
	const struct audit_line *line;

	if (!notes || ret->flaw)
		return;
	array_for_each(line, &notes->lines) {
		if (line->is_flaw) {
			ret->flaw = xstrdup(line->text);
			return;
		}
	}
}

static void set_ids(struct top_table *table)
{
	struct top_row *row;

	array_for_each(row, &table->rows)
		row->id = id_of(row);
}

void top_take_sheets(struct top_table *ret, const struct sheets *sheets, enum top_view view)
{
	const struct sheet *sheet = sheets->sheets.n ? &sheets->sheets.items[0] : NULL;
	size_t n = sheet ? sheet_n_rows(sheet) : 0;

	ret->end_ns = ret->start_ns + sheets->duration_ns;
	take_flaw(ret, &sheets->notes);
	take_flaw(ret, sheets->audit);
	if (n && view == TOP_PROCESSES)
		take_processes(ret, sheet);
	for (size_t i = 0; i < n && view != TOP_PROCESSES; i++) {
		const union sheet_cell *cells = &sheet->cells.items[i * sheet->n_columns];

		if (view == TOP_LOCKS)
			take_lock(ret, sheet, cells);
		else
			take_thread(ret, sheet, cells);
	}
	set_ids(ret);
}

static void take_row(struct top_table *ret, const struct profile *profile,
		     const struct table_row *from, enum top_view view)
{
	struct top_row *row = array_add(&ret->rows);
	size_t type = profile->default_type;

	row->name = xstrdup(names_text(profile->names, from->name));
	if (view == TOP_FUNCTIONS) {
		row->beside = xasprintf("%s%s", names_text(profile->names, from->module),
					from->is_in_more ? " …" : "");
		row->values[TOP_FLAT] = from->flat[type];
		row->values[TOP_CUM] = from->cum[type];
		return;
	}
	row->values[TOP_TOTAL] = from->flat[type];
	row->values[TOP_COUNT] = from->flat[0];
	row->values[TOP_MOST] = from->max;
}

void top_take_profile(struct top_table *ret, const struct profile *profile, enum top_view view)
{
	const struct table_row *row;
	struct table table;

	ret->end_ns = ret->start_ns + profile->duration_ns;
	take_flaw(ret, &profile->notes);
	take_flaw(ret, profile->audit);
	table_build(&table, profile, view == TOP_FUNCTIONS ? TABLE_FUNCTION : TABLE_STACK);
	ret->total = table.total[profile->default_type];
	array_for_each(row, &table.rows)
		take_row(ret, profile, row, view);
	table_release(&table);
	set_ids(ret);
}

void top_table_release(struct top_table *table)
{
	struct top_row *row;

	array_for_each(row, &table->rows) {
		free(row->name);
		free(row->beside);
		free(row->kind);
	}
	array_release(&table->rows);
	free(table->lack);
	free(table->flaw);
	*table = (struct top_table){ 0 };
}
