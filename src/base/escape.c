/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/escape.h"

#include <stdbool.h>
#include <string.h>

/* How long the character is that @first begins; 0: none does. */
static size_t utf8_size(unsigned int first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2) /* inside of a character, or an overlong form */
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

size_t utf8_decode(const void *data, size_t size, unsigned int *ret)
{
	static const unsigned int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = data;
	size_t n = size ? utf8_size(p[0]) : 0;
	unsigned int c;

	if (n == 0 || n > size)
		return 0;
	c = n > 1 ? p[0] & 0x7fu >> n : p[0];
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret = c;
	return n;
}

/* Controls (C0, DEL, C1), line and paragraph separators, and what turns the direction of text. */
static bool is_unprintable(unsigned int c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0xfeff ||
	       (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

void escape_text(struct buf *out, const void *data, size_t size)
{
	const unsigned char *p = data;
	unsigned int c;
	size_t n;

	for (size_t i = 0; i < size; i += n) {
		n = utf8_decode(p + i, size - i, &c);
		if (n > 0 && !is_unprintable(c)) {
			buf_add(out, p + i, n);
			continue;
		}
		n = n ? n : 1;
		for (size_t k = i; k < i + n; k++)
			buf_printf(out, "\\x%02x", p[k]);
	}
}

static bool is_start(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

size_t utf8_length(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += is_start(*text);
	return n;
}

size_t utf8_prefix(const char *text, size_t n)
{
	size_t i;

	for (i = 0; text[i]; i++) {
		if (is_start(text[i]) && n-- == 0)
			break;
	}
	return i;
}

void escape_shell(struct buf *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_./,:=@%+-";

	if (*text && !text[strspn(text, plain)]) {
		buf_puts(out, text);
		return;
	}
	buf_puts(out, "'");
	for (const char *quote; (quote = strchr(text, '\'')); text = quote + 1)
		buf_printf(out, "%.*s'\\''", (int)(quote - text), text);
	buf_printf(out, "%s'", text);
}
