/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define READ_SIZE 16384

ssize_t file_read_fd(int fd, struct buf *ret)
{
	size_t before = ret->size;

	for (;;) {
		void *room = buf_extend(ret, READ_SIZE);
		ssize_t got = read(fd, room, READ_SIZE);

		ret->size -= READ_SIZE - (got > 0 ? (size_t)got : 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			return (ssize_t)(ret->size - before);
	}
}

ssize_t file_read(const char *path, struct buf *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = file_read_fd(fd, ret);
	close(fd);
	return got;
}

int file_write_fd(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t put = write(fd, at, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		at += put;
		size -= (size_t)put;
	}
	return 0;
}
