/* SPDX-License-Identifier: GPL-2.0-only */
/* Text in columns of a terminal: wide characters take two, combining ones none. */
#ifndef BASE_FIT_H
#define BASE_FIT_H

#include <stddef.h>

#include "base/buf.h"

/* The columns that printable UTF-8 takes; the bytes of what fits into @columns from its start. */
size_t fit_columns(const char *text);
size_t fit_prefix(const char *text, size_t columns);

enum fit_cut {
	FIT_END,    /* the beginning stays, and "…" */
	FIT_MIDDLE, /* beginning and end stay, the end being what tells names apart */
};

/* Append @text in exactly @columns: cut, or with blanks behind it. */
void fit_left(struct buf *out, const char *text, size_t columns, enum fit_cut cut);

/* The same with blanks in front of it. */
void fit_right(struct buf *out, const char *text, size_t columns);

/* Append @text, cut as above if it has more than @columns. */
void fit_cut(struct buf *out, const char *text, size_t columns, enum fit_cut cut);

#endif /* BASE_FIT_H */
