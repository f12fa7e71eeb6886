/* SPDX-License-Identifier: GPL-2.0-only */
/* A file to read from anywhere in it, and the sentences that say why there is none. */
#ifndef DATA_INPUT_H
#define DATA_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct input {
	int fd; /* of a file that pread() works on */
	uint64_t size_bytes;
	int version; /* of the recording; 0: cut off or damaged before it was stated */
	bool header_is_damaged;
};

/* As reader_open(). */
int input_open(const char *path, struct input *ret, struct buf *message);

#endif /* DATA_INPUT_H */
