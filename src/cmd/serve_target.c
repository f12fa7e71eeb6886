/* SPDX-License-Identifier: GPL-2.0-only */
#include "serve_target.h"

#include <dirent.h>
#include <string.h>

#include "base/file.h"
#include "base/human.h"

static bool read_of(pid_t pid, const char *name, struct buf *ret)
{
	char *path = xasprintf("/proc/%d/%s", (int)pid, name);
	ssize_t n;

	buf_clear(ret);
	n = file_read(path, ret);
	free(path);
	return n > 0;
}

static bool has_name(pid_t pid, const char *name, struct buf *text)
{
	size_t size = strlen(name);

	return read_of(pid, "comm", text) && text->size == size + 1 &&
	       !memcmp(text->data, name, size);
}

/* "0::/system.slice/x", or a line for each hierarchy of the old kind: in it, or below. */
static bool is_in_cgroup(pid_t pid, const char *cgroup, struct buf *text)
{
	size_t size = strlen(cgroup);
	const char *at;

	if (!read_of(pid, "cgroup", text))
		return false;
	for (at = buf_str(text); at && *at; at = strchr(at, '\n'), at += at != NULL) {
		const char *path = strchr(at, '/');

		if (path && !strncmp(path, cgroup, size) && path[size] && strchr("\n/", path[size]))
			return true;
	}
	return false;
}

static bool is_meant(const struct serve_target *target, pid_t pid, struct buf *text)
{
	switch ((enum serve_scope)target->scope) {
	case SERVE_PID:
		return (uint32_t)pid == target->pid;
	case SERVE_COMM:
		return has_name(pid, target->name, text);
	case SERVE_CGROUP:
		return is_in_cgroup(pid, target->name, text);
	default:
		return true;
	}
}

void serve_target_pids(const struct serve_target *target, struct serve_pids *ret)
{
	DIR *dir = opendir("/proc");
	struct buf text = { 0 };
	struct dirent *entry;
	uint64_t pid;

	while (dir && (entry = readdir(dir))) {
		if (!human_parse_number(entry->d_name, 1, INT32_MAX, &pid) &&
		    is_meant(target, (pid_t)pid, &text))
			*array_add(&ret->list) = (pid_t)pid;
	}
	if (dir)
		closedir(dir);
	buf_release(&text);
}
