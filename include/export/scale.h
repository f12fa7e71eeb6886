/* SPDX-License-Identifier: GPL-2.0-only */
/* Values as columns of text show them: all of a column in one unit, as pprof does. */
#ifndef EXPORT_SCALE_H
#define EXPORT_SCALE_H

#include <stdint.h>

#include "base/buf.h"

struct scale {
	double divisor;
	int decimals;       /* 0 where values are whole as they are */
	const char *suffix; /* "s", "MB", "" */
};

/* What suits @largest; @unit as pprof names it: "nanoseconds", "bytes", "count". */
struct scale scale_for(const char *unit, int64_t largest);

/* Append @value; zero is "0". */
void scale_format(struct buf *out, const struct scale *scale, int64_t value);

/* Append one value in what suits it. */
void scale_value(struct buf *out, const char *unit, int64_t value);

#endif /* EXPORT_SCALE_H */
