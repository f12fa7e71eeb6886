/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/scale.h"

#include <math.h>
#include <string.h>

struct unit {
	const char *suffix;
	double factor;
	int decimals;
};

/* Largest first; the last one takes what is smaller than all. */
static const struct unit time_units[] = {
	{ "s", 1e9, 2 }, { "ms", 1e6, 2 }, { "us", 1e3, 2 }, { "ns", 1, 0 }, { 0 },
};

static const struct unit byte_units[] = {
	{ "GB", 1 << 30, 2 }, { "MB", 1 << 20, 2 }, { "kB", 1 << 10, 2 }, { "B", 1, 0 }, { 0 },
};

static const struct unit count_units[] = { { "", 1, 0 }, { 0 } };

struct scale scale_for(const char *unit, int64_t largest)
{
	const struct unit *units = count_units;
	double size = fabs((double)largest);

	if (!strcmp(unit, "nanoseconds"))
		units = time_units;
	else if (!strcmp(unit, "bytes"))
		units = byte_units;
	while (units[1].suffix && size < units->factor)
		units++;
	return (struct scale){
		.divisor = units->factor,
		.decimals = units->decimals,
		.suffix = units->suffix,
	};
}

void scale_format(struct buf *out, const struct scale *scale, int64_t value)
{
	if (value == 0)
		buf_puts(out, "0");
	else if (scale->decimals == 0)
		buf_printf(out, "%lld%s", (long long)value, scale->suffix);
	else
		buf_printf(out, "%.*f%s", scale->decimals, (double)value / scale->divisor,
			   scale->suffix);
}

void scale_value(struct buf *out, const char *unit, int64_t value)
{
	struct scale scale = scale_for(unit, value);

	scale_format(out, &scale, value);
}
