/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/human.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *name;
	double factor;
};

static const struct unit durations[] = {
	{ "", 1e9 }, { "s", 1e9 },  { "ms", 1e6 },   { "us", 1e3 },   { "µs", 1e3 },
	{ "ns", 1 }, { "m", 60e9 }, { "min", 60e9 }, { "h", 3600e9 }, { NULL, 0 },
};

static const struct unit sizes[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "k", 1024 },
	{ "K", 1024 },
	{ "M", 1024.0 * 1024 },
	{ "G", 1024.0 * 1024 * 1024 },
	{ "T", 1024.0 * 1024 * 1024 * 1024 },
	{ NULL, 0 },
};

/* A plain decimal number, then one of @units. */
static int parse(const char *text, const struct unit *units, uint64_t *ret)
{
	char *end;
	double value;

	if (!isdigit((unsigned char)text[0]) && text[0] != '.')
		return -EINVAL;
	value = strtod(text, &end);
	for (; units->name; units++) {
		if (strcmp(end, units->name) != 0)
			continue;
		value *= units->factor;
		if (!isfinite(value) || value >= 9.2e18)
			return -EINVAL;
		*ret = (uint64_t)(value + 0.5);
		return 0;
	}
	return -EINVAL;
}

int human_parse_duration(const char *text, uint64_t *ret_ns)
{
	return parse(text, durations, ret_ns);
}

int human_parse_size(const char *text, uint64_t *ret_bytes)
{
	char plain[32];
	size_t n = strlen(text);

	if (n >= sizeof(plain))
		return -EINVAL;
	memcpy(plain, text, n + 1);
	if (n > 1 && plain[n - 1] == 'B' && isalpha((unsigned char)plain[n - 2])) {
		plain[n - 1] = '\0';
		if (n > 2 && plain[n - 2] == 'i')
			plain[n - 2] = '\0';
	}
	return parse(plain, sizes, ret_bytes);
}

int human_parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	char *end;
	unsigned long long value;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || value < min || value > max)
		return -EINVAL;
	*ret = value;
	return 0;
}

/* Three significant digits, as many as a measurement is worth. */
static const char *scaled(char out[HUMAN_SIZE], double value, const char *unit)
{
	int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

	snprintf(out, HUMAN_SIZE, "%.*f%s", decimals, value, unit);
	return out;
}

const char *human_duration(char out[HUMAN_SIZE], uint64_t ns)
{
	if (!ns) {
		snprintf(out, HUMAN_SIZE, "0s");
		return out;
	}
	if (ns < 1000) {
		snprintf(out, HUMAN_SIZE, "%" PRIu64 "ns", ns);
		return out;
	}
	if (ns < 1000000)
		return scaled(out, (double)ns / 1e3, "us");
	if (ns < 1000000000)
		return scaled(out, (double)ns / 1e6, "ms");
	return scaled(out, (double)ns / 1e9, "s");
}

const char *human_bytes(char out[HUMAN_SIZE], uint64_t bytes)
{
	static const char *const units[] = { " KiB", " MiB", " GiB", " TiB" };
	double value = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(out, HUMAN_SIZE, "%" PRIu64 " B", bytes);
		return out;
	}
	for (; value >= 1024 && i < 3; i++)
		value /= 1024;
	return scaled(out, value, units[i]);
}

const char *human_count(char out[HUMAN_SIZE], uint64_t n)
{
	char digits[24];
	int size = snprintf(digits, sizeof(digits), "%" PRIu64, n);
	char *at = out;

	for (int i = 0; i < size; i++) {
		if (i && !((size - i) % 3))
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = '\0';
	return out;
}
