/* SPDX-License-Identifier: GPL-2.0-only */
/* What a page holds beside the timeline: analyses, which see the same events in one pass. */
#ifndef CMD_PARTS_H
#define CMD_PARTS_H

#include "analysis/analysis.h"
#include "model/timeline.h"

#define PARTS_MAX 8

struct part {
	const struct analysis *analysis;
	bool is_sheets; /* of two that it can make */
	void *state;
};

struct parts { /* all-zero is a valid empty one */
	struct part items[PARTS_MAX];
	size_t n;
};

/* Slots for the time from @start_ns to @end_ns, as many as a picture can show. */
struct slots parts_slots(uint64_t start_ns, uint64_t end_ns);

/* Begin what @sink takes; nothing, if it takes but timelines. */
void parts_begin(struct parts *ret, const struct analysis_input *input,
		 const struct timeline_sink *sink);

/*
 * Everything has passed: tell @sink of what the recording holds, with @audit beside it.
 * Returns whether there was anything in it.
 */
bool parts_end(struct parts *parts, const struct filter *filter, const struct audit *audit,
	       struct timeline_sink *sink);

#endif /* CMD_PARTS_H */
