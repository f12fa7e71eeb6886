/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "symbol/jit_map.h"

struct identity {
	uid_t uids[4];   /* real, effective, saved, of the file system; as we see them */
	pid_t inner_pid; /* in its own namespace */
};

/* The numbers on the line of @status that begins with @key: up to @max.  Returns how many. */
static size_t numbers_of(const char *status, const char *key, uint32_t *ret, size_t max)
{
	const char *at = strstr(status, key);
	size_t n = 0;

	if (!at)
		return 0;
	for (at += strlen(key); n < max && (*at == ' ' || *at == '\t'); n++) {
		at += strspn(at, " \t");
		for (ret[n] = 0; *at >= '0' && *at <= '9'; at++)
			ret[n] = 10 * ret[n] + (uint32_t)(*at - '0');
	}
	return n;
}

static int read_identity(pid_t pid, struct identity *ret)
{
	struct buf status = { 0 };
	uint32_t pids[32];
	char path[64];
	ssize_t got;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	got = file_read(path, &status);
	if (got >= 0) {
		n = numbers_of(buf_str(&status), "\nNSpid:", pids, 32);
		ret->inner_pid = n ? (pid_t)pids[n - 1] : pid;
		n = numbers_of(buf_str(&status), "\nUid:", ret->uids, 4);
		got = n == 4 ? 0 : -ESRCH;
	}
	buf_release(&status);
	return got == -ENOENT ? -ESRCH : (int)got;
}

/*
 * Links are followed inside @root only, so that a container's /tmp cannot lead
 * into the host's files; the map itself may not be a link at all.
 */
static int open_below(const char *root, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	if (dir < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	if (fd < 0)
		fd = -errno;
	close(dir);
	return fd;
}

static bool is_trusted(int fd, const struct identity *of)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	if (!st.st_uid)
		return true;
	for (size_t i = 0; i < 4; i++) {
		if (st.st_uid == of->uids[i])
			return true;
	}
	return false;
}

static int open_trusted(const char *root, pid_t name, const struct identity *of)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "tmp/perf-%d.map", (int)name);
	fd = open_below(root, path);
	if (fd >= 0 && !is_trusted(fd, of)) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

int jit_map_open(pid_t pid)
{
	struct identity of;
	char root[64];
	int r = read_identity(pid, &of), fd;

	if (r < 0)
		return r;
	snprintf(root, sizeof(root), "/proc/%d/root", (int)pid);
	fd = open_trusted(root, of.inner_pid, &of);
	if (fd < 0)
		fd = open_trusted("/", pid, &of);
	return fd;
}
