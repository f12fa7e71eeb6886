/* SPDX-License-Identifier: GPL-2.0-only */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/human.h"
#include "base/mem.h"

static int open_stdout(int *ret_fd)
{
	int fd;

	if (isatty(STDOUT_FILENO))
		return -ENOTTY;
	fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static bool is_stream(const struct stat *st)
{
	return S_ISCHR(st->st_mode) || S_ISFIFO(st->st_mode);
}

/* A link may have been turned elsewhere since it was looked at: only what is open counts. */
static int open_stream(const char *path, int *ret_fd)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY), r = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		r = -errno;
	else if (!is_stream(&st))
		r = -ELOOP;
	else if (isatty(fd))
		r = -ENOTTY;
	if (r)
		close(fd);
	else
		*ret_fd = fd;
	return r;
}

/* A user or group id in the environment; false if there is none. */
static bool get_id(const char *name, unsigned int *ret)
{
	const char *text = getenv(name);
	uint64_t value;

	if (!text || human_parse_number(text, 0, UINT32_MAX - 1, &value)) /* (uid_t)-1 is none */
		return false;
	*ret = (unsigned int)value;
	return true;
}

/* File systems without owners are no reason not to record. */
static int give_to_sudo_user(int fd)
{
	unsigned int uid, gid;

	if (geteuid() || !get_id("SUDO_UID", &uid) || !get_id("SUDO_GID", &gid))
		return 0;
	return fchown(fd, uid, gid) && errno != EPERM ? -errno : 0;
}

static int create(const char *path, int *ret_fd)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), r;

	if (fd < 0)
		return -errno;
	r = give_to_sudo_user(fd);
	if (r) {
		unlink(path);
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static int move_to_old(const char *path)
{
	char *old = xasprintf("%s.old", path);
	int r = rename(path, old) ? -errno : 0;

	free(old);
	return r;
}

static void restore_old(const char *path)
{
	char *old = xasprintf("%s.old", path);

	(void)!rename(old, path);
	free(old);
}

/* The recording before stays as PATH.old, and comes back if there will be no new one. */
static int replace(const char *path, int *ret_fd)
{
	int r = move_to_old(path);

	if (r)
		return r;
	r = create(path, ret_fd);
	if (r)
		restore_old(path);
	return r;
}

int output_open(const char *path, struct output *ret)
{
	struct stat st, target;

	ret->kind = OUTPUT_STREAM;
	if (!strcmp(path, "-"))
		return open_stdout(&ret->fd);
	if (lstat(path, &st)) {
		if (errno != ENOENT)
			return -errno;
		ret->kind = OUTPUT_NEW;
		return create(path, &ret->fd);
	}
	if (is_stream(&st) || (S_ISLNK(st.st_mode) && !stat(path, &target) && is_stream(&target)))
		return open_stream(path, &ret->fd);
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -ENOTSUP;
	ret->kind = OUTPUT_REPLACING;
	return replace(path, &ret->fd);
}

int output_check(const char *path)
{
	struct output output;
	struct stat st;
	int r;

	if (strcmp(path, "-") != 0 && !stat(path, &st) && is_stream(&st))
		return 0; /* a FIFO's reader would take it for the end */
	r = output_open(path, &output);
	if (!r)
		output_undo(&output, path);
	return r;
}

void output_undo(struct output *output, const char *path)
{
	close(output->fd);
	if (output->kind == OUTPUT_NEW)
		unlink(path);
	if (output->kind == OUTPUT_REPLACING)
		restore_old(path);
}
