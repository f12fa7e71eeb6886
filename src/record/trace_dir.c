/* SPDX-License-Identifier: GPL-2.0-only */
#include "trace_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <traceevent/event-parse.h>
#include <tracefs/tracefs.h>
#include <unistd.h>

#include "base/mem.h"

#define LOCK_PATH "/run/sysprof.lock"

static const char *const usual_places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

/* A mount that hangs on a descriptor only: Linux 5.2. */
static int mount_detached(void)
{
	int fd = fsopen("tracefs", FSOPEN_CLOEXEC), mount_fd = -1, error;

	if (fd < 0)
		return -errno;
	if (!fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		mount_fd = fsmount(fd, FSMOUNT_CLOEXEC, 0);
	error = errno;
	close(fd);
	return mount_fd < 0 ? -error : mount_fd;
}

static int use_directory(const char *path)
{
	char *copy = xstrdup(path);
	int r = tracefs_set_tracing_dir(copy) ? -ENOMEM : 0;

	free(copy);
	return r;
}

static int use_usual_place(int error)
{
	char *path;
	int r;

	for (size_t i = 0; i < sizeof(usual_places) / sizeof(usual_places[0]); i++) {
		path = xasprintf("%s/instances", usual_places[i]);
		r = access(path, W_OK) ? -errno : 0;
		free(path);
		if (!r)
			return use_directory(usual_places[i]);
		if (r == -EACCES)
			error = r;
	}
	return error;
}

int trace_dir_open(struct trace_dir *ret)
{
	char *path;
	int r;

	*ret = (struct trace_dir){ -1, -1 };
	tracefs_set_loglevel(TEP_LOG_NONE);
	ret->fd = mount_detached();
	if (ret->fd < 0) {
		r = ret->fd == -ENOSYS ? -ENODEV : ret->fd;
		ret->fd = -1;
		return use_usual_place(r);
	}
	path = xasprintf("/proc/self/fd/%d", ret->fd);
	r = use_directory(path);
	free(path);
	return r;
}

void trace_dir_close(struct trace_dir *dir)
{
	trace_dir_unlock(dir);
	if (dir->fd >= 0)
		close(dir->fd);
	dir->fd = -1;
}

void trace_dir_lock(struct trace_dir *dir)
{
	dir->lock_fd = open(LOCK_PATH, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (dir->lock_fd >= 0)
		flock(dir->lock_fd, LOCK_EX);
}

void trace_dir_unlock(struct trace_dir *dir)
{
	if (dir->lock_fd >= 0)
		close(dir->lock_fd);
	dir->lock_fd = -1;
}

char *trace_dir_path(const struct trace_dir *dir, const char *name)
{
	(void)dir;
	return xasprintf("%s/%s", tracefs_tracing_dir(), name);
}
