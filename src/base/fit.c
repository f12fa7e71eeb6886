/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/fit.h"

#include <stdbool.h>
#include <string.h>

#include "base/escape.h"

#define ELLIPSIS "…"

struct range {
	unsigned int first, last;
};

/* Of those that are in use in names and texts; the C library's own table wants a locale. */
static const struct range combining[] = {
	{ 0x300, 0x36f },   { 0x483, 0x489 },   { 0x591, 0x5bd },     { 0x610, 0x61a },
	{ 0x64b, 0x65f },   { 0x6d6, 0x6dc },   { 0x93a, 0x93c },     { 0x941, 0x948 },
	{ 0xe31, 0xe31 },   { 0xe34, 0xe3a },   { 0xe47, 0xe4e },     { 0x200b, 0x200d },
	{ 0x20d0, 0x20f0 }, { 0xfe00, 0xfe0f }, { 0xe0100, 0xe01ef },
};

static const struct range wide[] = {
	{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },   { 0xac00, 0xd7a3 },
	{ 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },
	{ 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1faff }, { 0x20000, 0x3fffd },
};

static bool is_in(unsigned int c, const struct range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	}
	return false;
}

static size_t columns_of(unsigned int c)
{
	if (c < 0x300)
		return 1;
	if (is_in(c, combining, sizeof(combining) / sizeof(combining[0])))
		return 0;
	return 1 + is_in(c, wide, sizeof(wide) / sizeof(wide[0]));
}

/* Bytes of the character at @text, and its columns; what is none takes one byte and column. */
static size_t next(const char *text, size_t *ret_columns)
{
	unsigned int c = 0;
	size_t n = utf8_decode(text, strnlen(text, 4), &c);

	*ret_columns = n ? columns_of(c) : 1;
	return n ? n : 1;
}

size_t fit_columns(const char *text)
{
	size_t sum = 0, columns;

	while (*text) {
		text += next(text, &columns);
		sum += columns;
	}
	return sum;
}

size_t fit_prefix(const char *text, size_t columns)
{
	size_t at = 0, n, more;

	while (text[at]) {
		n = next(text + at, &more);
		if (more > columns)
			break;
		columns -= more;
		at += n;
	}
	return at;
}

/* Where what ends @text begins that takes no more than @columns. */
static const char *suffix(const char *text, size_t columns)
{
	size_t skip = fit_columns(text), n;

	while (skip > columns) {
		size_t taken;

		n = next(text, &taken);
		skip -= taken;
		text += n;
	}
	while (*text) { /* what combines with a character that is gone */
		size_t taken;

		n = next(text, &taken);
		if (taken)
			break;
		text += n;
	}
	return text;
}

void fit_cut(struct buf *out, const char *text, size_t columns, enum fit_cut cut)
{
	size_t tail = cut == FIT_MIDDLE && columns > 4 ? (columns - 1) / 2 : 0;

	if (fit_columns(text) <= columns) {
		buf_puts(out, text);
		return;
	}
	if (!columns)
		return;
	buf_add(out, text, fit_prefix(text, columns - 1 - tail));
	buf_puts(out, ELLIPSIS);
	if (tail)
		buf_puts(out, suffix(text, tail));
}

static void put_blanks(struct buf *out, size_t n)
{
	buf_printf(out, "%*s", (int)n, "");
}

void fit_left(struct buf *out, const char *text, size_t columns, enum fit_cut cut)
{
	struct buf fitted = { 0 };
	size_t taken;

	fit_cut(&fitted, text, columns, cut);
	taken = fit_columns(buf_str(&fitted));
	buf_puts(out, buf_str(&fitted));
	put_blanks(out, columns > taken ? columns - taken : 0);
	buf_release(&fitted);
}

void fit_right(struct buf *out, const char *text, size_t columns)
{
	size_t taken = fit_columns(text);

	put_blanks(out, columns > taken ? columns - taken : 0);
	fit_cut(out, text, columns, FIT_END);
}
