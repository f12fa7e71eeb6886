/* SPDX-License-Identifier: GPL-2.0-only */
#include "json_stream.h"

#include <errno.h>
#include <string.h>

#define FLUSH_BYTES (256u << 10)

static void flush(struct json_stream *stream)
{
	struct buf *pending = &stream->pending;

	if (!stream->error && fwrite(pending->data, 1, pending->size, stream->out) != pending->size)
		stream->error = -(errno ? errno : EIO);
	buf_clear(pending);
}

static void add(struct json_stream *stream, const void *data, size_t size)
{
	buf_add(&stream->pending, data, size);
	if (stream->pending.size >= FLUSH_BYTES)
		flush(stream);
}

void json_stream_raw(struct json_stream *stream, const char *text)
{
	add(stream, text, strlen(text));
}

void json_stream_number(struct json_stream *stream, uint64_t value)
{
	char text[20], *at = text + sizeof(text);

	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	add(stream, at, (size_t)(text + sizeof(text) - at));
}

/*
 * A backslash by its number: Perfetto takes the quote behind an escaped one for a quote that is
 * escaped, so that a name which ends with a backslash ended the whole import.
 */
static void add_escape(struct json_stream *stream, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char text[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

	if (c == '"') {
		text[1] = (char)c;
		add(stream, text, 2);
	} else {
		add(stream, text, sizeof(text));
	}
}

void json_stream_string(struct json_stream *stream, const char *text)
{
	size_t n;

	add(stream, "\"", 1);
	for (;;) {
		for (n = 0; (unsigned char)text[n] >= ' ' && text[n] != '"' && text[n] != '\\'; n++)
			;
		add(stream, text, n);
		if (!text[n])
			break;
		add_escape(stream, (unsigned char)text[n]);
		text += n + 1;
	}
	add(stream, "\"", 1);
}

#define UNIT_BITS 12 /* of a microsecond: a quarter of a nanosecond */

/* The nearest whole number of units: rounded to nanoseconds, it is @ns again. */
static uint64_t units_of(uint64_t ns)
{
	return ns / 1000 * (1u << UNIT_BITS) + (ns % 1000 * (1u << UNIT_BITS) + 500) / 1000;
}

/* A fraction of so many bits has as many digits. */
static void add_units(struct json_stream *stream, uint64_t units)
{
	uint64_t fraction = (units & ((1u << UNIT_BITS) - 1)) * 244140625u; /* 5^12 */
	char text[1 + UNIT_BITS] = ".";
	size_t n = sizeof(text);

	json_stream_number(stream, units >> UNIT_BITS);
	if (!fraction)
		return;
	for (size_t i = UNIT_BITS; i; i--, fraction /= 10)
		text[i] = (char)('0' + fraction % 10);
	while (text[n - 1] == '0')
		n--;
	add(stream, text, n);
}

void json_stream_us(struct json_stream *stream, uint64_t ns)
{
	add_units(stream, units_of(ns));
}

void json_stream_us_between(struct json_stream *stream, uint64_t start_ns, uint64_t end_ns)
{
	add_units(stream, units_of(end_ns) - units_of(start_ns));
}

void json_stream_double(struct json_stream *stream, double value)
{
	char text[40];
	int n = snprintf(text, sizeof(text), "%.6g", value);

	add(stream, text, (size_t)n);
}

void json_stream_address(struct json_stream *stream, uint64_t address)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "\"0x%llx\"", (unsigned long long)address);

	add(stream, text, (size_t)n);
}

int json_stream_finish(struct json_stream *stream)
{
	flush(stream);
	if (!stream->error && fflush(stream->out))
		stream->error = -errno;
	buf_release(&stream->pending);
	return stream->error;
}
