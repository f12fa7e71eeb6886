/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory as tables: a row for each stack, with what its figures may be off by. */
#include <math.h>
#include <stdlib.h>

#include "analyses.h"
#include "base/human.h"
#include "heap.h"
#include "leaf.h"

struct line { /* of a stack: what the rows of all its tasks add up to */
	uint32_t stack, mapping;
	struct heap_sum value, allocated;
	int64_t freed_1ms, freed_1s;
	int64_t by_age[N_AGES];
};

struct lines {
	struct heap_report *report;
	struct map by_stack; /* and mapping, to the index + 1 */
	ARRAY(struct line) items;
	int64_t total; /* of what the rows have, more or less */
	double seconds;
};

static struct line *line_of(struct lines *lines, uint32_t stack, uint32_t mapping)
{
	uint64_t *index = map_insert(&lines->by_stack, (uint64_t)stack << 32 | mapping);

	if (!*index) {
		struct line *line = array_add(&lines->items);

		line->stack = stack;
		line->mapping = mapping;
		*index = lines->items.n;
	}
	return &lines->items.items[*index - 1];
}

static void add_row(struct lines *lines, const struct heap_row *row)
{
	struct line *line;
	uint32_t stack;

	if (!heap_stack(lines->report, row, &stack))
		return;
	line = line_of(lines, stack, row->key.mapping);
	line->value = heap_sum_add(line->value, heap_value(lines->report, row), 1);
	line->allocated = heap_sum_add(line->allocated, row->allocated, 1);
	line->freed_1ms = value_add(line->freed_1ms, row->freed_1ms);
	line->freed_1s = value_add(line->freed_1s, row->freed_1s);
	for (int i = 0; i < N_AGES; i++)
		line->by_age[i] = value_add(line->by_age[i], row->by_age[i]);
}

static const struct heap_sum *main_sum(const struct lines *lines, const struct line *line)
{
	return lines->report->view == HEAP_VIEW_ALLOCS ? &line->allocated : &line->value;
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct line *x = a, *y = b;
	int64_t left = main_sum(arg, x)->bytes, right = main_sum(arg, y)->bytes;

	if (left != right)
		return left < right ? 1 : -1;
	return x->stack < y->stack ? -1 : x->stack > y->stack;
}

static int64_t round_positive(double value)
{
	return value < 9e18 ? llround(value) : INT64_MAX;
}

/* What all tables about memory begin and end with. */
enum { H_BYTES, H_ERROR, H_SHARE, H_OBJECTS, H_SAMPLES, H_FUNCTION, H_STACK, H_N_COLUMNS };

#define ERROR_COLUMN                            \
	{                                       \
		"error_bytes", "±", SHEET_BYTES \
	}

#define COLUMNS_BEGIN(key, title, name)                                                           \
	[H_BYTES] = { key, title, SHEET_BYTES }, [H_ERROR] = ERROR_COLUMN,                        \
	[H_SHARE] = { "percent", "%", SHEET_PERCENT }, [H_OBJECTS] = { name, name, SHEET_COUNT }, \
	[H_SAMPLES] = { "samples", "samples", SHEET_COUNT },                                      \
	[H_FUNCTION] = { "function", NULL, SHEET_TEXT }, [H_STACK] = { "stack", "", SHEET_BELOW }

static const struct sheet_column held_columns[] = { COLUMNS_BEGIN("inuse_bytes", "in use",
								  "objects") };
static const struct sheet_column growth_columns[] = { COLUMNS_BEGIN("growth_bytes", "growth",
								    "objects") };

enum { A_RATE = H_N_COLUMNS, A_OBJECT_RATE, A_MEAN, A_1MS, A_1S, A_N_COLUMNS };

static const struct sheet_column allocs_columns[] = {
	COLUMNS_BEGIN("alloc_bytes", "allocated", "objects"),
	[A_RATE] = { "bytes_per_second", "a second", SHEET_BYTES },
	[A_OBJECT_RATE] = { "objects_per_second", "objects/s", SHEET_COUNT },
	[A_MEAN] = { "mean_bytes", "mean", SHEET_BYTES },
	[A_1MS] = { "freed_1ms_percent", "freed in 1ms", SHEET_PERCENT },
	[A_1S] = { "freed_1s_percent", "freed in 1s", SHEET_PERCENT },
};

enum { G_FIRST = H_N_COLUMNS, G_N_COLUMNS = H_N_COLUMNS + N_AGES };

static const struct sheet_column age_columns[] = {
	COLUMNS_BEGIN("inuse_bytes", "in use", "objects"),
	[G_FIRST + AGE_1S] = { "under_1s_bytes", "under 1s", SHEET_BYTES },
	[G_FIRST + AGE_10S] = { "under_10s_bytes", "under 10s", SHEET_BYTES },
	[G_FIRST + AGE_1MIN] = { "under_1min_bytes", "under 1min", SHEET_BYTES },
	[G_FIRST + AGE_10MIN] = { "under_10min_bytes", "under 10min", SHEET_BYTES },
	[G_FIRST + AGE_OLDER] = { "older_bytes", "older", SHEET_BYTES },
};

enum { L_KEPT = H_N_COLUMNS, L_RATE, L_N_COLUMNS };

static const struct sheet_column leaks_columns[] = {
	COLUMNS_BEGIN("inuse_bytes", "in use", "objects"),
	[L_KEPT] = { "kept_percent", "of allocated", SHEET_PERCENT },
	[L_RATE] = { "bytes_per_second", "a second", SHEET_BYTES },
};

/* Of resident memory: */
enum { R_MAPPING = H_N_COLUMNS, R_N_COLUMNS, RA_RATE = R_N_COLUMNS, RA_N_COLUMNS };

#define RESIDENT_COLUMNS(key, title) \
	COLUMNS_BEGIN(key, title, "pages"), [R_MAPPING] = { "mapping", "mapping", SHEET_TEXT }

static const struct sheet_column resident_columns[] = { RESIDENT_COLUMNS("resident_bytes",
									 "resident") };
static const struct sheet_column resident_growth_columns[] = { RESIDENT_COLUMNS("growth_bytes",
										"growth") };
static const struct sheet_column touched_columns[] = {
	RESIDENT_COLUMNS("touched_bytes", "touched"),
	[RA_RATE] = { "bytes_per_second", "a second", SHEET_BYTES },
};

static int64_t per_second(const struct lines *lines, double amount)
{
	return lines->seconds > 0 ? round_positive(amount / lines->seconds) : 0;
}

static void put_allocs(const struct lines *lines, const struct line *line, union sheet_cell *cells)
{
	const struct heap_sum *sum = &line->allocated;

	cells[A_RATE].number = per_second(lines, (double)sum->bytes);
	cells[A_OBJECT_RATE].number = per_second(lines, sum->objects);
	cells[A_MEAN].number =
		sum->objects > 0 ? round_positive((double)sum->bytes / sum->objects) : 0;
	cells[A_1MS].percent = human_percent(line->freed_1ms, sum->bytes);
	cells[A_1S].percent = human_percent(line->freed_1s, sum->bytes);
}

static void put_age(const struct lines *lines, const struct line *line, union sheet_cell *cells)
{
	(void)lines;
	for (int i = 0; i < N_AGES; i++)
		cells[G_FIRST + i].number = line->by_age[i];
}

static void put_leak(const struct lines *lines, const struct line *line, union sheet_cell *cells)
{
	cells[L_KEPT].percent = human_percent(line->value.bytes, line->allocated.bytes);
	cells[L_RATE].number = per_second(lines, (double)line->value.bytes);
}

static void put_mapping(const struct lines *lines, const struct line *line, union sheet_cell *cells)
{
	(void)lines;
	cells[R_MAPPING].text = xstrdup(mapping_kind_name(line->mapping));
}

static void put_touched(const struct lines *lines, const struct line *line, union sheet_cell *cells)
{
	put_mapping(lines, line, cells);
	cells[RA_RATE].number = per_second(lines, (double)line->allocated.bytes);
}

struct table {
	const char *name, *title;
	const struct sheet_column *columns;
	size_t n_columns;
	void (*put)(const struct lines *lines, const struct line *line, union sheet_cell *cells);
};

static const struct table tables[] = {
	[HEAP_VIEW_HELD] = { "heap", NULL, held_columns, H_N_COLUMNS, NULL },
	[HEAP_VIEW_ALLOCS] = { "allocs", NULL, allocs_columns, A_N_COLUMNS, put_allocs },
	[HEAP_VIEW_PEAK] = { "peak", NULL, held_columns, H_N_COLUMNS, NULL },
	[HEAP_VIEW_GROWTH] = { "growth", NULL, growth_columns, H_N_COLUMNS, NULL },
	[HEAP_VIEW_AGE] = { "age", NULL, age_columns, G_N_COLUMNS, put_age },
	[HEAP_VIEW_LEAKS] = { "leaks", NULL, leaks_columns, L_N_COLUMNS, put_leak },
};

static const struct table resident_tables[] = {
	[HEAP_VIEW_HELD] = { "heap", NULL, resident_columns, R_N_COLUMNS, put_mapping },
	[HEAP_VIEW_ALLOCS] = { "allocs", NULL, touched_columns, RA_N_COLUMNS, put_touched },
	[HEAP_VIEW_PEAK] = { "peak", NULL, resident_columns, R_N_COLUMNS, put_mapping },
	[HEAP_VIEW_GROWTH] = { "growth", NULL, resident_growth_columns, R_N_COLUMNS, put_mapping },
};

static const struct table *table_of(const struct heap_report *report)
{
	return &(report->objects.is_resident ? resident_tables : tables)[report->view];
}

static void put_line(const struct lines *lines, const struct line *line, struct sheet *sheet)
{
	const struct heap_sum *sum = main_sum(lines, line);
	const struct model *model = lines->report->objects.model;
	union sheet_cell *cells;

	if (!sum->n && !sum->bytes)
		return;
	cells = sheet_row(sheet);
	cells[H_BYTES].number = sum->bytes;
	cells[H_ERROR].number = heap_sum_error(sum);
	cells[H_SHARE].percent = human_percent(llabs(sum->bytes), lines->total);
	cells[H_OBJECTS].number = (int64_t)round(sum->objects);
	cells[H_SAMPLES].number = (int64_t)sum->n;
	cells[H_FUNCTION].text = leaf_path(model, lines->report->names, line->stack, 1);
	cells[H_STACK].text = leaf_path(model, lines->report->names, line->stack, UINT32_MAX);
	if (table_of(lines->report)->put)
		table_of(lines->report)->put(lines, line, cells);
}

enum { M_MAPPING, M_BYTES, M_TOUCHED, M_BEFORE, M_UNSEEN, M_N_COLUMNS };

static const struct sheet_column mapping_columns[] = {
	[M_MAPPING] = { "mapping", "mapping", SHEET_TEXT },
	[M_BYTES] = { "resident_bytes", "resident", SHEET_BYTES },
	[M_TOUCHED] = { "touched_bytes", "touched since", SHEET_BYTES },
	[M_BEFORE] = { "before_bytes", "there before", SHEET_BYTES },
	[M_UNSEEN] = { "unseen_bytes", "no fault seen", SHEET_BYTES },
};

static void put_mappings(const struct heap_report *report, struct sheets *ret)
{
	int64_t sums[MAPPING_N_KINDS][RESIDENT_N_ORIGINS] = { 0 };
	const struct heap_row *row;
	struct sheet *sheet =
		sheets_add(ret, "mappings", "by mapping", mapping_columns, M_N_COLUMNS);
	uint32_t stack;

	array_for_each(row, &report->objects.rows) {
		int64_t *sum = &sums[row->key.mapping][row->key.origin];

		if (heap_stack(report, row, &stack))
			*sum = value_add(*sum, row->held.bytes);
	}
	for (unsigned int i = 0; i < MAPPING_N_KINDS; i++) {
		union sheet_cell *cells = sheet_row(sheet);

		cells[M_MAPPING].text = xstrdup(mapping_kind_name(i));
		cells[M_TOUCHED].number = sums[i][RESIDENT_TOUCHED];
		cells[M_BEFORE].number = sums[i][RESIDENT_BEFORE];
		cells[M_UNSEEN].number = sums[i][RESIDENT_UNSEEN];
		cells[M_BYTES].number =
			value_add(sums[i][RESIDENT_TOUCHED],
				  value_add(sums[i][RESIDENT_BEFORE], sums[i][RESIDENT_UNSEEN]));
	}
}

void heap_sheets(void *state, struct sheets *ret)
{
	struct heap_report *report = state;
	const struct table *table;
	struct lines lines = { .report = report };
	const struct heap_row *row;
	const struct line *line;
	struct sheet *sheet;

	heap_objects_finish(&report->objects);
	report->names = names_new(model_dictionary(report->objects.model));
	if (heap_lack(report)) { /* there is no table for it: all that is left to do is to end */
		sheets_init(ret, "heap", report->objects.model, report->objects.filter);
		heap_report_free(report);
		return;
	}
	table = table_of(report);
	sheets_init(ret, table->name, report->objects.model, report->objects.filter);
	lines.seconds = (double)ret->duration_ns / 1e9;
	heap_note(report, &ret->notes);
	sheet = sheets_add(ret, table->name, table->title, table->columns, table->n_columns);
	array_for_each(row, &report->objects.rows)
		add_row(&lines, row);
	if (lines.items.n)
		qsort_r(lines.items.items, lines.items.n, sizeof(*line), compare, &lines);
	array_for_each(line, &lines.items)
		lines.total = value_add(lines.total, llabs(main_sum(&lines, line)->bytes));
	array_for_each(line, &lines.items)
		put_line(&lines, line, sheet);
	if (report->objects.is_resident && report->view == HEAP_VIEW_HELD)
		put_mappings(report, ret);
	array_release(&lines.items);
	map_release(&lines.by_stack);
	heap_report_free(report);
}
