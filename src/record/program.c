/* SPDX-License-Identifier: GPL-2.0-only */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static int open_at(const char *path, char **ret_path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (ret_path)
		*ret_path = xstrdup(path);
	return fd;
}

int program_open(const char *name, char **ret_path)
{
	const char *path = getenv("PATH");
	struct buf full = { 0 };
	int fd = -ENOENT;

	if (strchr(name, '/'))
		return open_at(name, ret_path);
	path = path ? path : "/bin:/usr/bin";
	while (fd < 0 && *path) {
		size_t n = strcspn(path, ":");

		buf_clear(&full);
		buf_printf(&full, "%.*s/%s", n ? (int)n : 1, n ? path : ".", name);
		if (!access(buf_str(&full), X_OK))
			fd = open_at(buf_str(&full), ret_path);
		path += n + (path[n] == ':');
	}
	buf_release(&full);
	return fd;
}
