/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* Sees to room for @size more bytes. */
static unsigned char *reserve(struct buf *buf, size_t size)
{
	if (size > buf->alloc - buf->size) {
		buf->alloc = 2 * (buf->size + size);
		buf->data = xrealloc(buf->data, buf->alloc, 1);
	}
	return buf->data ? buf->data + buf->size : NULL;
}

void *buf_extend(struct buf *buf, size_t size)
{
	unsigned char *room = reserve(buf, size);

	buf->size += size;
	return room;
}

void buf_add(struct buf *buf, const void *data, size_t size)
{
	if (size)
		memcpy(buf_extend(buf, size), data, size);
}

void buf_puts(struct buf *buf, const char *s)
{
	buf_add(buf, s, strlen(s));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args, again;
	int size;

	va_start(args, format);
	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, args);
	vsnprintf((char *)reserve(buf, (size_t)size + 1), (size_t)size + 1, format, again);
	buf->size += (size_t)size;
	va_end(again);
	va_end(args);
}

const char *buf_str(struct buf *buf)
{
	*reserve(buf, 1) = '\0';
	return (const char *)buf->data;
}

void buf_clear(struct buf *buf)
{
	buf->size = 0;
}

void buf_release(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ 0 };
}
