/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON written as it comes, for documents that do not fit in memory.  The caller puts
 * the brackets and commas: json_stream_raw() is for what stands in the source.
 */
#ifndef EXPORT_JSON_STREAM_H
#define EXPORT_JSON_STREAM_H

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"

struct json_stream { /* { .out = file } is a valid new one */
	FILE *out;   /* borrowed */
	struct buf pending;
	int error; /* 0, or the first -errno */
};

void json_stream_raw(struct json_stream *stream, const char *text);
void json_stream_number(struct json_stream *stream, uint64_t value);

/* A string of valid UTF-8, in quotes. */
void json_stream_string(struct json_stream *stream, const char *text);

/*
 * @ns as microseconds; and how long it is from one to another.  Readers shift times and add
 * lengths to them in floating point, and what ends a bit late overlaps what follows.  So they
 * are binary fractions, of which sums and differences are exact, less than half a nanosecond off.
 */
void json_stream_us(struct json_stream *stream, uint64_t ns);
void json_stream_us_between(struct json_stream *stream, uint64_t start_ns, uint64_t end_ns);

/* A string: "0x7f00". */
void json_stream_address(struct json_stream *stream, uint64_t address);

/* A few digits after the point. */
void json_stream_double(struct json_stream *stream, double value);

/* Write what is left.  0, or the first -errno. */
int json_stream_finish(struct json_stream *stream);

#endif /* EXPORT_JSON_STREAM_H */
