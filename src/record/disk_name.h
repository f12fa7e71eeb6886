/* SPDX-License-Identifier: GPL-2.0-only */
/* The name of a block device: "vda1". */
#ifndef RECORD_DISK_NAME_H
#define RECORD_DISK_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Append it.  false: the kernel knows no such device. */
bool disk_name_add(struct buf *out, unsigned int major, unsigned int minor);

#endif /* RECORD_DISK_NAME_H */
