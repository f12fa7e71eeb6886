/* SPDX-License-Identifier: GPL-2.0-only */
/* What a recording begins with: a magic, the version of the format, a checksum. */
#ifndef DATA_HEADER_H
#define DATA_HEADER_H

#include <stddef.h>
#include <stdint.h>

#define FILE_HEADER_BYTES 24
#define FILE_VERSION      2 /* grows when older readers cannot make sense of a file */

void file_header_encode(unsigned char ret[FILE_HEADER_BYTES]);

/*
 * The version that the head of a file of @size bytes states; 0 if @data ends within
 * a header that is right so far; -EBADMSG if it is a recording's, but damaged; -EINVAL if
 * it is not a recording's.
 */
int file_header_decode(const void *data, size_t size);

#endif /* DATA_HEADER_H */
