/* SPDX-License-Identifier: GPL-2.0-only */
#include "processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/human.h"
#include "base/mem.h"

struct process {
	unsigned int n_threads, n_running, n_disk;
	uint64_t run_ns, wait_ns;
};

static bool read_at(int dir, const char *path, struct buf *ret)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	buf_clear(ret);
	if (fd >= 0) {
		n = file_read_fd(fd, ret);
		close(fd);
	}
	return n > 0;
}

/* The state stands behind the name, in parentheses, which may hold anything. */
static char state_of(struct buf *stat)
{
	const char *end = strrchr(buf_str(stat), ')');

	return end && end[1] == ' ' ? end[2] : '?';
}

static void add_thread(int tasks, const char *tid, struct process *process, struct buf *text)
{
	char *path = xasprintf("%s/stat", tid), *end;
	char state = read_at(tasks, path, text) ? state_of(text) : 0;

	free(path);
	if (!state)
		return;
	process->n_threads++;
	process->n_running += state == 'R';
	process->n_disk += state == 'D';
	path = xasprintf("%s/schedstat", tid);
	if (read_at(tasks, path, text)) {
		process->run_ns += strtoull(buf_str(text), &end, 10);
		process->wait_ns += strtoull(end, NULL, 10);
	}
	free(path);
}

static struct process add_threads(int process_dir, struct buf *text)
{
	int fd = openat(process_dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *tasks = fd < 0 ? NULL : fdopendir(fd);
	struct process process = { 0 };
	struct dirent *entry;

	while (tasks && (entry = readdir(tasks))) {
		if (entry->d_name[0] != '.')
			add_thread(fd, entry->d_name, &process, text);
	}
	if (tasks)
		closedir(tasks);
	return process;
}

static void set_text(json_t *to, const char *key, const char *data, size_t size)
{
	struct buf text = { 0 };

	escape_text(&text, data, size);
	json_object_set_new(to, key, json_string(buf_str(&text)));
	buf_release(&text);
}

static void set_line(json_t *to, const char *key, struct buf *text)
{
	set_text(to, key, (char *)text->data, text->size - (text->size > 0));
}

/* Of "0::/path", or of the first hierarchy of the old kind. */
static void set_cgroup(json_t *to, struct buf *text)
{
	const char *path = strchr(buf_str(text), '/');

	if (path)
		set_text(to, "cgroup", path, strcspn(path, "\n"));
}

static json_t *process_json(int dir, const char *pid, struct buf *text)
{
	struct process process;
	json_t *ret;
	struct stat st;
	char *end;

	if (fstat(dir, &st) || !read_at(dir, "comm", text))
		return NULL;
	ret = json_object();
	set_line(ret, "name", text);
	json_object_set_new(ret, "pid", json_integer(strtoll(pid, NULL, 10)));
	json_object_set_new(ret, "user", json_integer(st.st_uid));
	if (read_at(dir, "cgroup", text))
		set_cgroup(ret, text);
	if (read_at(dir, "statm", text)) {
		strtoull(buf_str(text), &end, 10);
		json_object_set_new(ret, "rss_bytes",
				    json_integer(strtoll(end, NULL, 10) * sysconf(_SC_PAGESIZE)));
	}
	process = add_threads(dir, text);
	json_object_set_new(ret, "threads", json_integer(process.n_threads));
	json_object_set_new(ret, "running", json_integer(process.n_running));
	json_object_set_new(ret, "disk", json_integer(process.n_disk));
	json_object_set_new(ret, "blocked",
			    json_integer(process.n_threads - process.n_running - process.n_disk));
	json_object_set_new(ret, "run_ns", json_integer((json_int_t)process.run_ns));
	json_object_set_new(ret, "wait_ns", json_integer((json_int_t)process.wait_ns));
	return ret;
}

static void add_process(json_t *list, int proc, const char *pid, struct buf *text)
{
	int dir = openat(proc, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	json_t *process;

	if (dir < 0)
		return;
	process = process_json(dir, pid, text);
	if (process)
		json_array_append_new(list, process);
	close(dir);
}

void processes_json(struct buf *out)
{
	json_t *root = json_object(), *list = json_array();
	DIR *proc = opendir("/proc");
	struct buf text = { 0 };
	struct dirent *entry;
	uint64_t pid;
	char *dump;

	while (proc && (entry = readdir(proc))) {
		if (!human_parse_number(entry->d_name, 1, INT32_MAX, &pid))
			add_process(list, dirfd(proc), entry->d_name, &text);
	}
	if (proc)
		closedir(proc);
	json_object_set_new(root, "time_ns", json_integer((json_int_t)clock_ns(CLOCK_MONOTONIC)));
	json_object_set_new(root, "processes", list);
	dump = json_dumps(root, JSON_COMPACT);
	buf_puts(out, dump ? dump : "{}");
	free(dump);
	json_decref(root);
	buf_release(&text);
}
