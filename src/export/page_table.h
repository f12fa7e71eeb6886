/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables within a page: columns of numbers, each a run of LEB128 bytes, so that a column
 * is packed with its like.  A table that grows past PAGE_TABLE_BYTES is written as a
 * part and begun anew: the page puts the parts together in their order.  A part is
 * deflated and in base64, so that no byte of a recording can mean anything to a browser.
 *
 * Within: the number of columns, their sizes in bytes, the columns; all as numbers above.
 */
#ifndef EXPORT_PAGE_TABLE_H
#define EXPORT_PAGE_TABLE_H

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"

#define PAGE_TABLE_BYTES   (1u << 20)
#define PAGE_TABLE_COLUMNS 16

struct page_table { /* { .name, .out, .n_columns } is a valid empty one */
	const char *name;
	FILE *out; /* borrowed */
	size_t n_columns;
	size_t bytes; /* in all columns */
	struct buf columns[PAGE_TABLE_COLUMNS];
};

/* A value more at the end of @column; a signed one is folded: 0, -1, 1, -2 as 0, 1, 2, 3. */
void page_table_add(struct page_table *table, size_t column, uint64_t value);
void page_table_add_signed(struct page_table *table, size_t column, int64_t value);

/* A text of @size bytes: its size in @column, itself in the next. */
void page_table_add_text(struct page_table *table, size_t column, const char *text);

/* A row is complete: write what there is, if that is enough.  0 or -errno. */
int page_table_end_row(struct page_table *table);

/* Write what is left and free it.  0 or -errno. */
int page_table_finish(struct page_table *table);

#endif /* EXPORT_PAGE_TABLE_H */
