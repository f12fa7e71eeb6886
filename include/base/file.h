/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading and writing files whole.  Failures are -errno. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

/* Append all of @path, or of @fd from where it stands, to @ret.  Returns the bytes, or -errno. */
ssize_t file_read(const char *path, struct buf *ret);
ssize_t file_read_fd(int fd, struct buf *ret);

/* Write all of it, however often write() is interrupted or short. */
int file_write_fd(int fd, const void *data, size_t size);

#endif /* BASE_FILE_H */
