/* SPDX-License-Identifier: GPL-2.0-only */
/* What the profiles and the sheets about memory have in common: the figures, and their notes. */
#ifndef ANALYSIS_HEAP_H
#define ANALYSIS_HEAP_H

#include "heap_objects.h"
#include "model/names.h"

enum heap_view {
	HEAP_VIEW_HELD, /* in use at the end */
	HEAP_VIEW_ALLOCS,
	HEAP_VIEW_PEAK,
	HEAP_VIEW_GROWTH,
	HEAP_VIEW_AGE,
	HEAP_VIEW_LEAKS,
};

struct heap_report {
	struct heap_objects objects;
	enum heap_view view;
	struct names *names; /* owned; made when everything has passed */
};

/* What @row has of what the view is about. */
struct heap_sum heap_value(const struct heap_report *report, const struct heap_row *row);

/*
 * @row's stack without the frames of the allocator, to which C++'s operator new is counted;
 * false: the filter leaves out its task.
 */
bool heap_stack(const struct heap_report *report, const struct heap_row *row, uint32_t *ret);

/* @stack without the frames of C++'s operator new.  The report's names are made. */
uint32_t heap_caller(const struct heap_report *report, uint32_t stack);

/* What the figures are, what they may be off by, and what is missing. */
void heap_note(const struct heap_report *report, struct audit *notes);

void heap_report_free(struct heap_report *report);

#endif /* ANALYSIS_HEAP_H */
