/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Durations of many owners, counted in buckets that are 1/16 of their power of two
 * wide: a quantile is never less than the true one and at most 7% above it.
 */
#ifndef ANALYSIS_HISTOGRAM_H
#define ANALYSIS_HISTOGRAM_H

#include <stdint.h>

#include "base/map.h"

struct histogram { /* all-zero is a valid empty one */
	struct map counts;
};

void histogram_add(struct histogram *histogram, uint32_t owner, uint64_t ns);

/* What @share (0 … 1) of the @n durations of @owner do not exceed. */
uint64_t histogram_quantile(const struct histogram *histogram, uint32_t owner, uint64_t n,
			    double share);
void histogram_release(struct histogram *histogram);

#endif /* ANALYSIS_HISTOGRAM_H */
