/* SPDX-License-Identifier: GPL-2.0-only */
#include "parts.h"

#include <assert.h>

static const struct {
	const char *name;
	bool is_sheets;
} wanted[] = { /* in the order in which they are shown */
	       { "cpu", false },      { "block", false },   { "mutex", false }, { "latency", true },
	       { "syscalls", false }, { "syscalls", true }, { "heap", false },  { "allocs", false }
};

/*
 * So many slots are a column of a heat map, of which there are no more than that; a column
 * lasts 1, 2 or 5 of a power of ten.
 */
#define SLOTS_A_COLUMN 20
#define MAX_COLUMNS    90

struct slots parts_slots(uint64_t start_ns, uint64_t end_ns)
{
	static const uint64_t factors[] = { 2, 5, 10 };
	uint64_t least_ns = (end_ns - start_ns) / MAX_COLUMNS, power_ns = 100, column_ns = 100;

	for (size_t i = 0; column_ns < least_ns; i++) {
		column_ns = power_ns * factors[i % 3];
		if (i % 3 == 2)
			power_ns = column_ns;
	}
	return (struct slots){ start_ns, column_ns / SLOTS_A_COLUMN };
}

void parts_begin(struct parts *ret, const struct analysis_input *input,
		 const struct timeline_sink *sink)
{
	*ret = (struct parts){ 0 };
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct part *part = &ret->items[ret->n];

		if (!(wanted[i].is_sheets ? sink->sheets != NULL : sink->profile != NULL))
			continue;
		assert(ret->n < PARTS_MAX);
		part->analysis = analysis_find(wanted[i].name);
		part->is_sheets = wanted[i].is_sheets;
		part->state = part->analysis->begin(input);
		ret->n++;
	}
}

static bool tell_profile(const struct part *part, const struct filter *filter,
			 const struct audit *audit, struct timeline_sink *sink)
{
	struct profile profile;
	bool has_rows;

	analysis_finish(part->analysis, part->state, filter, &profile);
	profile.audit = audit;
	has_rows = profile.rows.n > 0;
	sink->profile(sink, &profile);
	profile_release(&profile);
	return has_rows;
}

static void tell_sheets(const struct part *part, const struct audit *audit,
			struct timeline_sink *sink)
{
	struct sheets sheets;

	part->analysis->sheets(part->state, &sheets);
	sheets.audit = audit;
	sink->sheets(sink, &sheets);
	sheets_release(&sheets);
}

bool parts_end(struct parts *parts, const struct filter *filter, const struct audit *audit,
	       struct timeline_sink *sink)
{
	bool has_any = false;

	for (size_t i = 0; i < parts->n; i++) {
		const struct part *part = &parts->items[i];
		const struct analysis *analysis = part->analysis;

		if (analysis->lack && analysis->lack(part->state))
			analysis_discard(analysis, part->state);
		else if (part->is_sheets)
			tell_sheets(part, audit, sink);
		else
			has_any |= tell_profile(part, filter, audit, sink);
	}
	return has_any;
}
