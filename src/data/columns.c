/* SPDX-License-Identifier: GPL-2.0-only */
#include "columns.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/array.h"
#include "base/mem.h"
#include "data/chunk.h"

#define VARINT_BYTES 10
#define MAX_SHAPES   255
#define MAX_FIELDS   64
#define MAX_TAGS     256 /* that are put in columns; others may be read */
#define SIZE_BYTES   2   /* of the size of a body, MAX_FIELDS * VARINT_BYTES at most */

struct shape {
	uint64_t tag;
	uint32_t n_fields;
	uint32_t n_rows;
	size_t first; /* of its columns, which are VARINT_BYTES a field */
};

/* A part of what is read. */
struct span {
	const unsigned char *at;
	const unsigned char *end;
};

/* Nothing may be added to the NULL of an empty buffer, not even 0. */
static struct span span_of(const struct buf *buf)
{
	return (struct span){ buf->data, buf->size ? buf->data + buf->size : buf->data };
}

static unsigned char *put_varint(unsigned char *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (unsigned char)(value | 0x80);
	*at++ = (unsigned char)value;
	return at;
}

static bool get_varint(struct span *in, uint64_t *ret)
{
	unsigned int shift = 0;

	for (*ret = 0; in->at < in->end && shift < 64; shift += 7) {
		uint64_t byte = *in->at++;

		*ret |= (byte & 0x7f) << shift;
		if (byte < 0x80)
			return shift < 63 || byte < 2;
	}
	return false;
}

/* An event in rows. */
struct row {
	uint64_t tag;
	struct span body;
};

static bool get_row(struct span *rows, struct row *ret)
{
	uint64_t size;

	if (!get_varint(rows, &ret->tag) || !get_varint(rows, &size) ||
	    size > (uint64_t)(rows->end - rows->at))
		return false;
	ret->body = (struct span){ rows->at, rows->at + size };
	rows->at = ret->body.end;
	return true;
}

struct encoder {
	struct shape shapes[MAX_SHAPES];
	unsigned int n_shapes;
	unsigned char numbers[MAX_TAGS][MAX_FIELDS + 1]; /* of shapes, from 1 */
	ARRAY(size_t) columns;                           /* their sizes, then where they go on */
	struct buf order;                                /* the shape of each row */
};

static struct shape *add_shape(struct encoder *encoder, uint64_t tag, uint32_t n_fields)
{
	struct shape *shape = &encoder->shapes[encoder->n_shapes++];

	if (!encoder->columns.n)
		*array_add(&encoder->columns) =
			0; /* there is an array where no event has fields, too */
	*shape = (struct shape){ tag, n_fields, 0, encoder->columns.n };
	for (size_t i = 0; i < (size_t)n_fields * VARINT_BYTES; i++)
		*array_add(&encoder->columns) = 0;
	return shape;
}

/* NULL: it cannot be put into columns. */
static struct shape *shape_of(struct encoder *encoder, const struct row *row)
{
	const unsigned char *at = row->body.at, *end = row->body.end;
	uint32_t n_fields = 0;
	unsigned char *number;

	if (row->tag >= MAX_TAGS || (at < end && end[-1] >= 0x80))
		return NULL;
	for (; at < end; at++)
		n_fields += *at < 0x80;
	if (n_fields > MAX_FIELDS)
		return NULL;
	number = &encoder->numbers[row->tag][n_fields];
	if (*number)
		return &encoder->shapes[*number - 1];
	if (encoder->n_shapes == MAX_SHAPES)
		return NULL;
	*number = (unsigned char)(encoder->n_shapes + 1);
	return add_shape(encoder, row->tag, n_fields);
}

/* Count the bytes of @body in their columns, the first of which is @column. */
static bool measure_row(size_t *column, struct span body)
{
	for (; body.at < body.end; column += VARINT_BYTES) {
		unsigned int byte = 0;

		do {
			if (byte == VARINT_BYTES)
				return false;
			column[byte++]++;
		} while (*body.at++ >= 0x80);
	}
	return true;
}

/* How much goes into each column, and the order of the shapes. */
static bool measure(struct encoder *encoder, struct span rows)
{
	unsigned char *order = buf_extend(&encoder->order, (size_t)(rows.end - rows.at));
	size_t n_rows = 0;
	struct row row;

	for (; rows.at < rows.end; n_rows++) {
		struct shape *shape = get_row(&rows, &row) ? shape_of(encoder, &row) : NULL;

		if (!shape || !measure_row(encoder->columns.items + shape->first, row.body))
			return false;
		order[n_rows] = (unsigned char)(shape - encoder->shapes);
	}
	encoder->order.size = n_rows;
	return true;
}

/* All that is in front of the columns. */
static void put_head(const struct encoder *encoder, struct buf *out)
{
	unsigned char head[2 * VARINT_BYTES], *end;

	end = put_varint(put_varint(head, encoder->order.size), encoder->n_shapes);
	buf_add(out, head, (size_t)(end - head));
	for (unsigned int i = 0; i < encoder->n_shapes; i++) {
		const struct shape *shape = &encoder->shapes[i];

		end = put_varint(put_varint(head, shape->tag), shape->n_fields);
		buf_add(out, head, (size_t)(end - head));
	}
	buf_add(out, encoder->order.data, encoder->order.size);
}

static void put_columns(struct encoder *encoder, struct span rows, struct buf *out)
{
	size_t size = 0, *column;
	unsigned char *start;
	struct row row;

	array_for_each(column, &encoder->columns) {
		size_t n = *column;

		*column = size;
		size += n;
	}
	start = buf_extend(out, size);
	for (size_t n = 0; get_row(&rows, &row); n++) {
		column = encoder->columns.items + encoder->shapes[encoder->order.data[n]].first;
		for (; row.body.at < row.body.end; column += VARINT_BYTES) {
			unsigned int byte = 0;

			do
				start[column[byte++]++] = *row.body.at;
			while (*row.body.at++ >= 0x80);
		}
	}
}

bool columns_encode(const struct buf *rows, struct buf *out)
{
	struct encoder *encoder = xcalloc(1, sizeof(*encoder));
	struct span all = span_of(rows);
	bool fits = rows->size && measure(encoder, all);

	if (fits) {
		put_head(encoder, out);
		put_columns(encoder, all, out);
	}
	array_release(&encoder->columns);
	buf_release(&encoder->order);
	free(encoder);
	return fits;
}

struct decoder {
	struct span in;
	struct shape shapes[MAX_SHAPES];
	uint64_t n_shapes, n_rows;
	const unsigned char *order;
	ARRAY(const unsigned char *) columns; /* where they go on */
	size_t size;                          /* what the rows take, or a little more */
};

static bool get_shapes(struct decoder *decoder)
{
	uint64_t n_fields;

	if (!get_varint(&decoder->in, &decoder->n_rows) ||
	    !get_varint(&decoder->in, &decoder->n_shapes) || decoder->n_shapes > MAX_SHAPES)
		return false;
	for (size_t i = 0; i < decoder->n_shapes; i++) {
		struct shape *shape = &decoder->shapes[i];

		if (!get_varint(&decoder->in, &shape->tag) ||
		    !get_varint(&decoder->in, &n_fields) || n_fields > MAX_FIELDS)
			return false;
		shape->n_fields = (uint32_t)n_fields;
	}
	return true;
}

static bool get_order(struct decoder *decoder)
{
	if (decoder->n_rows > (uint64_t)(decoder->in.end - decoder->in.at))
		return false;
	decoder->order = decoder->in.at;
	decoder->in.at += decoder->n_rows;
	for (size_t n = 0; n < decoder->n_rows; n++) {
		if (decoder->order[n] >= decoder->n_shapes)
			return false;
		decoder->shapes[decoder->order[n]].n_rows++;
	}
	return true;
}

/* A column of @n bytes begins here; how many of them go on in the next one. */
static bool get_column(struct decoder *decoder, size_t n, size_t *ret)
{
	const unsigned char *at = decoder->in.at;

	if (n > (size_t)(decoder->in.end - at))
		return false;
	*array_add(&decoder->columns) = at;
	decoder->in.at += n;
	for (*ret = 0; at < decoder->in.at; at++)
		*ret += *at >> 7;
	return true;
}

static bool get_columns(struct decoder *decoder)
{
	for (size_t i = 0; i < decoder->n_shapes; i++) {
		struct shape *shape = &decoder->shapes[i];
		unsigned char tag[VARINT_BYTES];

		shape->first = decoder->columns.n;
		decoder->size +=
			shape->n_rows * ((size_t)(put_varint(tag, shape->tag) - tag) + SIZE_BYTES);
		for (uint32_t field = 0; field < shape->n_fields; field++) {
			size_t n = shape->n_rows;

			for (unsigned int byte = 0; byte < VARINT_BYTES; byte++) {
				if (!get_column(decoder, n, &n))
					return false;
			}
			if (n)
				return false;
		}
	}
	return decoder->in.at == decoder->in.end;
}

static unsigned char *put_row(struct decoder *decoder, const struct shape *shape, unsigned char *at)
{
	const unsigned char **column = shape->n_fields ? decoder->columns.items + shape->first :
							 NULL;
	unsigned char body[MAX_FIELDS * VARINT_BYTES], *end = body;

	for (uint32_t field = 0; field < shape->n_fields; field++, column += VARINT_BYTES) {
		unsigned int byte = 0;

		do
			*end = *column[byte++]++;
		while (*end++ >= 0x80);
	}
	at = put_varint(put_varint(at, shape->tag), (uint64_t)(end - body));
	memcpy(at, body, (size_t)(end - body));
	return at + (end - body);
}

static void put_rows(struct decoder *decoder, struct buf *out)
{
	size_t start = out->size;
	unsigned char *first = buf_extend(out, decoder->size), *at = first;

	for (size_t n = 0; n < decoder->n_rows; n++)
		at = put_row(decoder, &decoder->shapes[decoder->order[n]], at);
	out->size = start + (size_t)(at - first);
}

int columns_decode(const struct buf *columns, struct buf *out)
{
	struct decoder *decoder = xcalloc(1, sizeof(*decoder));
	bool is_right;

	decoder->in = span_of(columns);
	decoder->size = columns->size;
	is_right = get_shapes(decoder) && get_order(decoder) && get_columns(decoder) &&
		   decoder->size <= 2 * CHUNK_PAYLOAD_BYTES;
	if (is_right)
		put_rows(decoder, out);
	array_release(&decoder->columns);
	free(decoder);
	return is_right ? 0 : -EBADMSG;
}
