/* SPDX-License-Identifier: GPL-2.0-only */
/* Growable byte buffer.  All-zero is a valid empty one. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
	unsigned char *data; /* owned; NULL while empty */
	size_t size;
	size_t alloc;
};

/* Make room for @size more bytes and return where they go; size grows by @size. */
void *buf_extend(struct buf *buf, size_t size);
void buf_add(struct buf *buf, const void *data, size_t size);
void buf_puts(struct buf *buf, const char *s);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The bytes as a C string, borrowed until the next change. */
const char *buf_str(struct buf *buf);

void buf_clear(struct buf *buf); /* empty, but keep the memory */
void buf_release(struct buf *buf);

#endif /* BASE_BUF_H */
