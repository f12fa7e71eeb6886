/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much memory was in use, or resident, over time: in all, and of the stacks that had most of
 * it at their time.  Known when everything has passed; a point each 10 ms at most, and a thousand
 * of a curve.
 */
#ifndef ANALYSIS_MEMORY_CURVE_H
#define ANALYSIS_MEMORY_CURVE_H

#include "analysis/analysis.h"
#include "model/timeline.h"

struct memory_curve;

/* Of what lies from @start_ns to @end_ns. */
struct memory_curve *memory_curve_begin(const struct analysis_input *input, uint64_t start_ns,
					uint64_t end_ns);

/* Everything has passed: tell @sink, and free @curve. */
void memory_curve_end(struct memory_curve *curve, struct timeline_sink *sink);

#endif /* ANALYSIS_MEMORY_CURVE_H */
