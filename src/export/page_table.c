/* SPDX-License-Identifier: GPL-2.0-only */
#include "page_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"

static size_t put_number(unsigned char *to, uint64_t value)
{
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		to[n++] = (unsigned char)(value | 0x80);
	to[n++] = (unsigned char)value;
	return n;
}

void page_table_add(struct page_table *table, size_t column, uint64_t value)
{
	unsigned char bytes[10];
	size_t n = put_number(bytes, value);

	buf_add(&table->columns[column], bytes, n);
	table->bytes += n;
}

void page_table_add_signed(struct page_table *table, size_t column, int64_t value)
{
	page_table_add(table, column, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

void page_table_add_text(struct page_table *table, size_t column, const char *text)
{
	size_t size = strlen(text);

	page_table_add(table, column, size);
	buf_add(&table->columns[column + 1], text, size);
	table->bytes += size;
}

static int put_base64(FILE *out, const unsigned char *data, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	char line[4 * 1024];
	size_t n = 0;

	for (size_t i = 0; i < size; i += 3) {
		size_t left = size - i;
		uint32_t bits = (uint32_t)data[i] << 16 |
				(left > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
				(left > 2 ? data[i + 2] : 0);

		line[n++] = digits[bits >> 18];
		line[n++] = digits[bits >> 12 & 63];
		line[n++] = left > 1 ? digits[bits >> 6 & 63] : '=';
		line[n++] = left > 2 ? digits[bits & 63] : '=';
		if (n < sizeof(line) && left > 3)
			continue;
		if (fwrite(line, 1, n, out) != n)
			return -(errno ? errno : EIO);
		n = 0;
	}
	return 0;
}

static int put_part(struct page_table *table, const struct buf *raw)
{
	uLongf size = compressBound(raw->size);
	unsigned char *packed = xmalloc(size);
	int error;

	if (compress2(packed, &size, raw->data, raw->size, Z_DEFAULT_COMPRESSION) != Z_OK)
		abort(); /* out of memory */
	fprintf(table->out, "<script type=\"text/plain\" data-table=\"%s\">", table->name);
	error = put_base64(table->out, packed, size);
	fputs("</script>\n", table->out);
	free(packed);
	return error;
}

static int flush(struct page_table *table)
{
	struct buf raw = { 0 };
	unsigned char number[10];
	int error;

	buf_add(&raw, number, put_number(number, table->n_columns));
	for (size_t i = 0; i < table->n_columns; i++)
		buf_add(&raw, number, put_number(number, table->columns[i].size));
	for (size_t i = 0; i < table->n_columns; i++) {
		buf_add(&raw, table->columns[i].data, table->columns[i].size);
		buf_clear(&table->columns[i]);
	}
	table->bytes = 0;
	error = put_part(table, &raw);
	buf_release(&raw);
	return error;
}

int page_table_end_row(struct page_table *table)
{
	return table->bytes < PAGE_TABLE_BYTES ? 0 : flush(table);
}

int page_table_finish(struct page_table *table)
{
	int error = table->bytes ? flush(table) : 0;

	for (size_t i = 0; i < table->n_columns; i++)
		buf_release(&table->columns[i]);
	return error;
}
