/* SPDX-License-Identifier: GPL-2.0-only */
#include "top_columns.h"

#define MAX_COLUMNS 10
#define MAX_SORTS   5

static const struct view {
	const char *title, *analysis;
	struct top_column columns[MAX_COLUMNS];
	uint32_t n_sorts;
	struct top_sort sorts[MAX_SORTS];
} views[TOP_N_VIEWS] = {
	[TOP_PROCESSES] = {
		"processes", "threads",
		{ { "pid", TOP_UNIT_PID, 0, 7, 3 },
		  { "run%", TOP_UNIT_WINDOW, TOP_RUN, 6, 0 },
		  { "ready%", TOP_UNIT_WINDOW, TOP_READY, 6, 4 },
		  { "block%", TOP_UNIT_WINDOW, TOP_BLOCK, 7, 5 },
		  { "#run +ready .block", TOP_UNIT_BAR, 0, 20, 2 },
		  { "process", TOP_UNIT_NAME, 0, 12, 0 },
		  { "threads", TOP_UNIT_BESIDE, 0, 8, 1 },
		  { 0, TOP_UNIT_END, 0, 0, 0 } },
		5,
		{ { "run", false, TOP_RUN },
		  { "ready", false, TOP_READY },
		  { "block", false, TOP_BLOCK },
		  { "life", false, TOP_LIFE },
		  { "name", true, 0 } },
	},
	[TOP_THREADS] = {
		"threads", "threads",
		{ { "tid", TOP_UNIT_TID, 0, 7, 4 },
		  { "run%", TOP_UNIT_WINDOW, TOP_RUN, 6, 0 },
		  { "ready%", TOP_UNIT_WINDOW, TOP_READY, 6, 5 },
		  { "block%", TOP_UNIT_WINDOW, TOP_BLOCK, 6, 6 },
		  { "#run +ready .block", TOP_UNIT_BAR, 0, 20, 2 },
		  { "thread", TOP_UNIT_NAME, 0, 12, 0 },
		  { "waits for", TOP_UNIT_BESIDE, 0, 22, 3 },
		  { 0, TOP_UNIT_END, 0, 0, 0 } },
		5,
		{ { "run", false, TOP_RUN },
		  { "ready", false, TOP_READY },
		  { "block", false, TOP_BLOCK },
		  { "life", false, TOP_LIFE },
		  { "name", true, 0 } },
	},
	[TOP_FUNCTIONS] = {
		"functions", "cpu",
		{ { "flat", TOP_UNIT_TIME, TOP_FLAT, 7, 2 },
		  { "flat%", TOP_UNIT_PERCENT, TOP_FLAT, 6, 0 },
		  { "cum", TOP_UNIT_TIME, TOP_CUM, 7, 3 },
		  { "cum%", TOP_UNIT_PERCENT, TOP_CUM, 6, 4 },
		  { "function", TOP_UNIT_NAME, 0, 20, 0 },
		  { "module", TOP_UNIT_BESIDE, 0, 18, 1 },
		  { 0, TOP_UNIT_END, 0, 0, 0 } },
		3,
		{ { "flat", false, TOP_FLAT }, { "cum", false, TOP_CUM }, { "name", true, 0 } },
	},
	[TOP_WAITS] = {
		"waits", "block",
		{ { "delay", TOP_UNIT_TIME, TOP_TOTAL, 7, 0 },
		  { "delay%", TOP_UNIT_PERCENT, TOP_TOTAL, 6, 1 },
		  { "count", TOP_UNIT_COUNT, TOP_COUNT, 7, 2 },
		  { "max", TOP_UNIT_TIME, TOP_MOST, 7, 3 },
		  { "stack, from the innermost outwards", TOP_UNIT_NAME, 0, 20, 0 },
		  { 0, TOP_UNIT_END, 0, 0, 0 } },
		4,
		{ { "delay", false, TOP_TOTAL },
		  { "count", false, TOP_COUNT },
		  { "max", false, TOP_MOST },
		  { "name", true, 0 } },
	},
	[TOP_LOCKS] = {
		"locks", "locks",
		{ { "total", TOP_UNIT_TIME, TOP_TOTAL, 7, 0 },
		  { "total%", TOP_UNIT_PERCENT, TOP_TOTAL, 6, 2 },
		  { "count", TOP_UNIT_COUNT, TOP_COUNT, 7, 3 },
		  { "max", TOP_UNIT_TIME, TOP_MOST, 7, 4 },
		  { "at once", TOP_UNIT_COUNT, TOP_AT_ONCE, 7, 6 },
		  { "kind", TOP_UNIT_KIND, 0, 8, 5 },
		  { "lock", TOP_UNIT_NAME, 0, 14, 0 },
		  { "most ended by", TOP_UNIT_BESIDE, 0, 24, 1 },
		  { 0, TOP_UNIT_END, 0, 0, 0 } },
		5,
		{ { "total", false, TOP_TOTAL },
		  { "count", false, TOP_COUNT },
		  { "max", false, TOP_MOST },
		  { "at once", false, TOP_AT_ONCE },
		  { "name", true, 0 } },
	},
};

const struct top_column *top_columns(uint32_t view)
{
	return views[view % TOP_N_VIEWS].columns;
}

const struct top_sort *top_sort(uint32_t view, uint32_t i)
{
	return &views[view % TOP_N_VIEWS].sorts[i % views[view % TOP_N_VIEWS].n_sorts];
}

uint32_t top_n_sorts(uint32_t view)
{
	return views[view % TOP_N_VIEWS].n_sorts;
}

const char *top_title(uint32_t view)
{
	return views[view % TOP_N_VIEWS].title;
}

const char *top_analysis(enum top_view view)
{
	return views[(uint32_t)view % TOP_N_VIEWS].analysis;
}
