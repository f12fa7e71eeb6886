/* SPDX-License-Identifier: GPL-2.0-only */
#include "xml.h"

#include <stdbool.h>
#include <string.h>

#include "base/escape.h"

static const char *reference(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* U+FFFE and U+FFFF are characters of UTF-8, but not of XML. */
static bool is_forbidden(const char *text)
{
	return !strncmp(text, "\xef\xbf\xbe", 3) || !strncmp(text, "\xef\xbf\xbf", 3);
}

static void put_line(struct buf *out, const char *text, size_t size)
{
	struct buf clean = { 0 };

	escape_text(&clean, text, size);
	for (const char *at = buf_str(&clean); *at; at++) {
		if (reference(*at)) {
			buf_puts(out, reference(*at));
		} else if (is_forbidden(at)) {
			buf_printf(out, "\\xef\\xbf\\x%02x", (unsigned char)at[2]);
			at += 2;
		} else {
			buf_add(out, at, 1);
		}
	}
	buf_release(&clean);
}

void xml_text(FILE *out, const char *text)
{
	struct buf ready = { 0 };

	while (*text) {
		size_t size = strcspn(text, "\n");

		put_line(&ready, text, size);
		text += size;
		if (*text == '\n') {
			buf_puts(&ready, "\n");
			text++;
		}
	}
	fputs(buf_str(&ready), out);
	buf_release(&ready);
}
