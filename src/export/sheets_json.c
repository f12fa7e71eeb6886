/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/sheets.h"
#include "json.h"

static json_t *cell_of(const struct sheet_column *column, const union sheet_cell *cell)
{
	switch (column->unit) {
	case SHEET_TEXT:
	case SHEET_BELOW:
	case SHEET_PEOPLE:
		return json_string(cell->text ? cell->text : "");
	case SHEET_PERCENT:
		return json_real(cell->percent);
	case SHEET_COUNT:
	case SHEET_NS:
	case SHEET_BYTES:
	case SHEET_ID:
		break;
	}
	return cell->number == SHEET_UNKNOWN ? json_null() : json_integer(cell->number);
}

static json_t *rows_of(const struct sheet *sheet, size_t n_rows)
{
	size_t all = sheet_n_rows(sheet), n = n_rows && n_rows < all ? n_rows : all;
	json_t *ret = json_array();

	for (size_t row = 0; row < n; row++) {
		const union sheet_cell *cells = &sheet->cells.items[row * sheet->n_columns];
		json_t *object = json_object();

		for (size_t i = 0; i < sheet->n_columns; i++) {
			if (sheet->columns[i].key)
				json_object_set_new(object, sheet->columns[i].key,
						    cell_of(&sheet->columns[i], &cells[i]));
		}
		json_array_append_new(ret, object);
	}
	return ret;
}

int sheets_json(const struct sheets *sheets, const struct sheet_options *options, FILE *out)
{
	json_t *root = json_object();
	const struct sheet *sheet;

	json_object_set_new(root, "sysprof", json_string(SYSPROF_VERSION));
	json_object_set_new(root, "profile", json_string(sheets->name));
	json_object_set_new(root, "filter", json_string(options->filter ? options->filter : ""));
	json_object_set_new(root, "time_ns", json_number(sheets->time_ns));
	json_object_set_new(root, "duration_ns", json_number(sheets->duration_ns));
	json_object_set_new(root, "recording", json_recording(sheets->model));
	json_object_set_new(root, "notes", json_lines(&sheets->notes));
	array_for_each(sheet, &sheets->sheets)
		json_object_set_new(root, sheet->name, rows_of(sheet, options->n_rows));
	json_object_set_new(root, "audit", json_audit(sheets->model, sheets->audit));
	return json_finish(root, out);
}
