/* SPDX-License-Identifier: GPL-2.0-only */
#include "inner_tid.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "targets.h"

#define AGAIN_NS 1000000000u /* between looks at all threads of a process, at least */
#define NO_OTHER 1u

uint32_t inner_tid_parse(const char *status, bool *ret_is_other)
{
	static const char key[] = "\nNSpid:";
	const char *at = strstr(status, key);
	uint32_t inner = 0;
	unsigned int n = 0;
	char *end;

	for (at = at ? at + strlen(key) : ""; *at == '\t' || *at == ' '; at = end, n++) {
		inner = (uint32_t)strtoul(at, &end, 10);
		if (end == at)
			break;
	}
	*ret_is_other = n > 1;
	return n ? inner : 0;
}

static uint32_t read_inner(uint32_t pid, uint32_t tid, bool *ret_is_other)
{
	char *path = xasprintf("/proc/%u/task/%u/status", pid, tid);
	struct buf text = { 0 };
	uint32_t inner = 0;

	*ret_is_other = false;
	if (file_read(path, &text) > 0)
		inner = inner_tid_parse(buf_str(&text), ret_is_other);
	free(path);
	buf_release(&text);
	return inner;
}

static void take_thread(void *arg, pid_t pid, pid_t tid)
{
	struct inner_tids *tids = arg;
	bool is_other;
	uint32_t inner = read_inner((uint32_t)pid, (uint32_t)tid, &is_other);

	if (inner)
		*map_insert(&tids->by_inner, (uint64_t)pid << 32 | inner) = (uint64_t)tid;
}

uint32_t inner_tids_find(struct inner_tids *tids, uint32_t pid, uint32_t inner, bool is_old,
			 uint64_t now_ns)
{
	const uint64_t *read_ns = map_find(&tids->by_pid, pid), *tid;
	bool is_other = true;

	if (!read_ns && !read_inner(pid, pid, &is_other))
		return 0;
	if (!is_other)
		*map_insert(&tids->by_pid, pid) = NO_OTHER;
	if (!is_other || (read_ns && *read_ns == NO_OTHER))
		return inner;
	tid = map_find(&tids->by_inner, (uint64_t)pid << 32 | inner);
	if (tid && !is_old)
		return (uint32_t)*tid;
	if (read_ns && now_ns - *read_ns < AGAIN_NS)
		return 0;
	*map_insert(&tids->by_pid, pid) = now_ns;
	threads_of((pid_t)pid, take_thread, tids);
	tid = map_find(&tids->by_inner, (uint64_t)pid << 32 | inner);
	return tid ? (uint32_t)*tid : 0;
}

void inner_tids_release(struct inner_tids *tids)
{
	map_release(&tids->by_inner);
	map_release(&tids->by_pid);
}
