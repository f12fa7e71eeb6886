/* SPDX-License-Identifier: GPL-2.0-only */
#include "targets.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/file.h"

#define FIRST_PID_NS 0xeffffffcu /* its inode, by definition */

bool targets_has(const struct targets *targets, uint32_t pid)
{
	return targets->is_all || map_find(&targets->pids, pid);
}

void targets_add_process(struct targets *targets, uint32_t pid)
{
	map_insert(&targets->pids, pid);
}

void targets_add_thread(struct targets *targets, uint32_t pid, uint32_t tid)
{
	uint64_t *n_threads;

	if (targets->is_all || map_find(&targets->tids, tid))
		return;
	*map_insert(&targets->tids, tid) = pid;
	n_threads = map_insert(&targets->pids, pid);
	targets->n_live += !(*n_threads)++;
}

bool targets_is_single(const struct targets *targets, uint32_t pid)
{
	const uint64_t *n_threads = map_find(&targets->pids, pid);

	return !n_threads || (*n_threads == 1 && map_find(&targets->tids, pid));
}

void targets_remove_thread(struct targets *targets, uint32_t tid)
{
	uint64_t *pid = map_find(&targets->tids, tid), *n_threads;

	if (!pid)
		return;
	n_threads = map_find(&targets->pids, *pid);
	targets->n_live -= !--*n_threads;
	map_remove(&targets->tids, tid);
}

bool targets_are_gone(const struct targets *targets)
{
	return !targets->is_all && !targets->n_live;
}

void targets_check(struct targets *targets)
{
	struct map gone = { 0 };
	struct map_slot *slot;

	map_for_each(slot, &targets->tids) {
		char state = task_state((pid_t)slot->key);

		if (!state || state == 'Z' || state == 'X')
			map_insert(&gone, slot->key);
	}
	map_for_each(slot, &targets->gone) {
		if (map_find(&gone, slot->key))
			targets_remove_thread(targets, (uint32_t)slot->key);
	}
	map_release(&targets->gone);
	targets->gone = gone;
}

void targets_release(struct targets *targets)
{
	map_release(&targets->pids);
	map_release(&targets->tids);
	map_release(&targets->gone);
}

/* Calls @fn for each entry of @path that is a number.  0 or -errno. */
static int each_number(const char *path, void (*fn)(void *arg, pid_t number), void *arg)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((entry = readdir(dir)) != NULL) {
		if (isdigit((unsigned char)entry->d_name[0]))
			fn(arg, (pid_t)strtol(entry->d_name, NULL, 10));
	}
	closedir(dir);
	return 0;
}

struct thread_call {
	void (*fn)(void *arg, pid_t pid, pid_t tid);
	void *arg;
	pid_t pid;
};

static void call_thread(void *arg, pid_t tid)
{
	struct thread_call *call = arg;

	call->fn(call->arg, call->pid, tid);
}

int threads_of(pid_t pid, void (*fn)(void *arg, pid_t pid, pid_t tid), void *arg)
{
	struct thread_call call = { fn, arg, pid };
	char *path = xasprintf("/proc/%d/task", pid);
	int r = each_number(path, call_thread, &call);

	free(path);
	return r;
}

int processes_now(void (*fn)(void *arg, pid_t pid), void *arg)
{
	return each_number("/proc", fn, arg);
}

char task_state(pid_t pid)
{
	char *path = xasprintf("/proc/%d/stat", pid);
	struct buf text = { 0 };
	char *name_end, state = 0;

	/* The name, in parentheses, may itself hold anything. */
	if (file_read(path, &text) > 0) {
		buf_str(&text);
		name_end = strrchr((char *)text.data, ')');
		if (name_end && name_end[1] == ' ')
			state = name_end[2];
	}
	free(path);
	buf_release(&text);
	return state;
}

bool targets_have_first_ids(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) || st.st_ino == FIRST_PID_NS;
}
