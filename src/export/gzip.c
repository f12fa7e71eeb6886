/* SPDX-License-Identifier: GPL-2.0-only */
#include "gzip.h"

#include <errno.h>
#include <stdlib.h>

#define PENDING_MAX 65536u
#define GZIP_WINDOW (MAX_WBITS + 16) /* + 16: with gzip's header and trailer */

static void deflate_pending(struct gzip *gzip, int flush)
{
	unsigned char out[16384];
	size_t size;

	gzip->stream.next_in = gzip->pending.data;
	gzip->stream.avail_in = (uInt)gzip->pending.size;
	do {
		gzip->stream.next_out = out;
		gzip->stream.avail_out = sizeof(out);
		deflate(&gzip->stream, flush);
		size = sizeof(out) - gzip->stream.avail_out;
		if (!gzip->error && fwrite(out, 1, size, gzip->out) != size)
			gzip->error = errno ? -errno : -EIO;
	} while (gzip->stream.avail_out == 0);
	buf_clear(&gzip->pending);
}

static void append(ProtobufCBuffer *buffer, size_t size, const uint8_t *data)
{
	struct gzip *gzip = (struct gzip *)buffer;
	size_t n;

	for (; size; size -= n, data += n) {
		n = size < PENDING_MAX ? size : PENDING_MAX;
		buf_add(&gzip->pending, data, n);
		if (gzip->pending.size >= PENDING_MAX)
			deflate_pending(gzip, Z_NO_FLUSH);
	}
}

void gzip_init(struct gzip *gzip, FILE *out)
{
	*gzip = (struct gzip){ .buffer.append = append, .out = out };
	if (deflateInit2(&gzip->stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		abort(); /* out of memory */
}

int gzip_finish(struct gzip *gzip)
{
	deflate_pending(gzip, Z_FINISH);
	deflateEnd(&gzip->stream);
	buf_release(&gzip->pending);
	return gzip->error;
}
