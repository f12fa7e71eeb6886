/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/sheet.h"

void sheets_init(struct sheets *sheets, const char *name, struct model *model,
		 const struct filter *filter)
{
	struct model_window window = model_window(model);
	uint64_t start_ns = window.start_ns, end_ns = window.end_ns;

	*sheets = (struct sheets){ .name = name, .model = model };
	filter_clip(filter, &start_ns, &end_ns);
	if (window.wall_ns)
		sheets->time_ns = window.wall_ns + (start_ns - window.start_ns);
	sheets->duration_ns = end_ns - start_ns;
}

static bool is_text(enum sheet_unit unit)
{
	return unit == SHEET_TEXT || unit == SHEET_BELOW || unit == SHEET_PEOPLE;
}

static void sheet_release(struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->cells.n; i++) {
		if (is_text(sheet->columns[i % sheet->n_columns].unit))
			free(sheet->cells.items[i].text);
	}
	array_release(&sheet->cells);
}

void sheets_release(struct sheets *sheets)
{
	struct sheet *sheet;

	array_for_each(sheet, &sheets->sheets)
		sheet_release(sheet);
	array_release(&sheets->sheets);
	audit_release(&sheets->notes);
}

struct sheet *sheets_add(struct sheets *sheets, const char *name, const char *title,
			 const struct sheet_column *columns, size_t n_columns)
{
	struct sheet *sheet = array_add(&sheets->sheets);

	*sheet = (struct sheet){
		.name = name, .title = title, .columns = columns, .n_columns = n_columns
	};
	return sheet;
}

union sheet_cell *sheet_row(struct sheet *sheet)
{
	size_t first = sheet->cells.n;

	for (size_t i = 0; i < sheet->n_columns; i++)
		array_add(&sheet->cells);
	return &sheet->cells.items[first];
}

size_t sheet_n_rows(const struct sheet *sheet)
{
	return sheet->cells.n / sheet->n_columns;
}
