/* SPDX-License-Identifier: GPL-2.0-only */
/* The columns of each view. */
#ifndef UI_TOP_COLUMNS_H
#define UI_TOP_COLUMNS_H

#include "ui/top.h"

enum top_unit {
	TOP_UNIT_PERCENT, /* of the total */
	TOP_UNIT_WINDOW,  /* the same of the time that passed: 100 is one CPU, or one thread */
	TOP_UNIT_TIME,
	TOP_UNIT_COUNT,
	TOP_UNIT_PID,
	TOP_UNIT_TID,
	TOP_UNIT_BAR, /* of the states of a life */
	TOP_UNIT_KIND,
	TOP_UNIT_NAME,
	TOP_UNIT_BESIDE,
	TOP_UNIT_END
};

struct top_column {
	const char *title;
	enum top_unit unit;
	uint32_t value; /* which of a row */
	uint32_t width; /* at least that; what is left of the line is the name's */
	uint32_t rank;  /* the highest are the first to go where there is no room; 0: never */
};

struct top_sort {
	const char *title;
	bool is_name;
	uint32_t value;
};

const struct top_column *top_columns(uint32_t view);        /* ends with TOP_UNIT_END */
const struct top_sort *top_sort(uint32_t view, uint32_t i); /* @i: less than */
uint32_t top_n_sorts(uint32_t view);
const char *top_title(uint32_t view);

#endif /* UI_TOP_COLUMNS_H */
