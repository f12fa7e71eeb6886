/* SPDX-License-Identifier: GPL-2.0-only */
#include "disk_name.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool disk_name_add(struct buf *out, unsigned int major, unsigned int minor)
{
	char path[48], target[PATH_MAX];
	const char *slash;
	ssize_t size;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major, minor);
	size = readlink(path, target, sizeof(target) - 1);
	if (size <= 0)
		return false;
	target[size] = '\0';
	slash = strrchr(target, '/');
	buf_puts(out, slash ? slash + 1 : target);
	return true;
}
