/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables that are not about stacks: what an analysis says of threads or system
 * calls.  A sheet is rows under typed columns, so that one printer for people and
 * one for programs serve every analysis.
 */
#ifndef MODEL_SHEET_H
#define MODEL_SHEET_H

#include <stdint.h>

#include "base/array.h"
#include "model/audit.h"
#include "model/filter.h"
#include "model/model.h"

enum sheet_unit {
	SHEET_TEXT,
	SHEET_COUNT,
	SHEET_NS,
	SHEET_BYTES,
	SHEET_PERCENT,
	SHEET_BELOW,  /* a text that has a line of its own below the row, unless it is empty */
	SHEET_PEOPLE, /* a text that says what other columns do: for people only */
	SHEET_ID,     /* a number that programs need, as a pid: no thousands, not added up */
};

struct sheet_column {
	const char *key;   /* for programs: "p99_ns" */
	const char *title; /* for people; NULL: for programs only */
	enum sheet_unit unit;
};

#define SHEET_UNKNOWN INT64_MIN /* a number that nobody knows */

union sheet_cell {
	char *text; /* owned; fit to print; NULL: empty */
	int64_t number;
	double percent;
};

struct sheet {
	const char *name;  /* for programs: "threads" */
	const char *title; /* for people; NULL: none */
	const struct sheet_column *columns;
	size_t n_columns;
	ARRAY(union sheet_cell) cells; /* row by row */
};

struct sheets {
	const char *name;    /* of the analysis */
	struct model *model; /* borrowed */
	uint64_t time_ns;    /* as of a profile */
	uint64_t duration_ns;
	struct audit notes;        /* what to say first */
	const struct audit *audit; /* borrowed; or NULL */
	ARRAY(struct sheet) sheets;
};

void sheets_init(struct sheets *sheets, const char *name, struct model *model,
		 const struct filter *filter);
void sheets_release(struct sheets *sheets);

/* Another sheet; good until the next call. */
struct sheet *sheets_add(struct sheets *sheets, const char *name, const char *title,
			 const struct sheet_column *columns, size_t n_columns);

/* A row more: its zeroed cells, good until the next call. */
union sheet_cell *sheet_row(struct sheet *sheet);
size_t sheet_n_rows(const struct sheet *sheet);

#endif /* MODEL_SHEET_H */
