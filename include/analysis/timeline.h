/* SPDX-License-Identifier: GPL-2.0-only */
/* What every thread did when: states, system calls, wake-ups and samples, told to a sink. */
#ifndef ANALYSIS_TIMELINE_H
#define ANALYSIS_TIMELINE_H

#include "analysis/analysis.h"
#include "model/timeline.h"

struct timeline;

struct timeline_options {
	uint64_t start_ns, end_ns; /* what the recording's events span, or the filter leaves */
	bool has_syscalls;         /* the recording holds some */
};

/*
 * Tell @sink, which is borrowed, of all that passes in @input from now on.  Threads are
 * chosen by what they are called then, and definitions must have passed before.
 */
struct timeline *timeline_begin(const struct analysis_input *input,
				const struct timeline_options *options, struct timeline_sink *sink);

/* Why there is nothing to show, as a sentence; or NULL. */
const char *timeline_lack(const struct timeline *timeline);

/* Everything has passed, sched_finish() too: tell the rest and free @timeline. */
void timeline_end(struct timeline *timeline);

#endif /* ANALYSIS_TIMELINE_H */
