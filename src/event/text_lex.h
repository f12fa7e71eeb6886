/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts that the text form of events is made of. */
#ifndef EVENT_TEXT_LEX_H
#define EVENT_TEXT_LEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct lexer {
	const char *at; /* in a text that ends with a NUL; never passed over a newline */
	unsigned int line;
	struct buf *message;
};

/* Say in @lexer->message what is wrong with the line; returns -EINVAL. */
int lexer_fail(struct lexer *lexer, const char *format, ...) __attribute__((format(printf, 2, 3)));

void lexer_skip_blanks(struct lexer *lexer);
bool lexer_is_at_end(const struct lexer *lexer); /* of the line */
bool lexer_take(struct lexer *lexer, char c);    /* pass over @c, if it is what comes next */

/*
 * Read a text into @ret: one in quotes, or anything up to the end of the line or a
 * character of @stops.
 */
int lexer_text(struct lexer *lexer, const char *stops, struct buf *ret);
bool lexer_is_at_quote(const struct lexer *lexer);

/* Append @data as it stands in quotes. */
void text_quote(struct buf *out, const void *data, size_t size);

/* A number, decimal or 0x hexadecimal, up to @max and nothing else.  0, -EINVAL, -ERANGE. */
int text_number(const char *text, uint64_t max, uint64_t *ret);

#endif /* EVENT_TEXT_LEX_H */
