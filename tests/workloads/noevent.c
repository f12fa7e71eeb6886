/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Preloaded, it makes the kernel one that lacks a trace event: what is opened with
 * $NO_EVENT in its path, such as "sched/sched_waking/", is not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_unless_hidden(int dir, const char *path, int flags, unsigned int mode)
{
	const char *hidden = getenv("NO_EVENT");

	if (hidden && *hidden && strstr(path, hidden)) {
		errno = ENOENT;
		return -1;
	}
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

/* Of no meaning where the flags ask for none. */
#define MODE(mode, flags)                               \
	va_list args;                                   \
	va_start(args, flags);                          \
	unsigned int mode = va_arg(args, unsigned int); \
	va_end(args)

int open(const char *path, int flags, ...)
{
	MODE(mode, flags);
	return open_unless_hidden(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	MODE(mode, flags);
	return open_unless_hidden(AT_FDCWD, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	MODE(mode, flags);
	return open_unless_hidden(dir, path, flags, mode);
}
