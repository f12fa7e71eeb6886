/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text that others wrote (names of functions, files and threads) made fit to print:
 * the result is valid UTF-8 without anything that drives a terminal or reorders a
 * line.  Other bytes become \xNN.
 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <stddef.h>

#include "base/buf.h"

/* Append the @size bytes at @data. */
void escape_text(struct buf *out, const void *data, size_t size);

/* Append @text so that a shell reads it as one word. */
void escape_shell(struct buf *out, const char *text);

/*
 * The bytes of the UTF-8 character at @data, and its code point, or 0 where none
 * stands there (also an overlong form, a surrogate, an unfinished one).
 */
size_t utf8_decode(const void *data, size_t size, unsigned int *ret);

/* Characters of valid UTF-8 text; the bytes of its first @n characters. */
size_t utf8_length(const char *text);
size_t utf8_prefix(const char *text, size_t n);

#endif /* BASE_ESCAPE_H */
