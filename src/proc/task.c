/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/task.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

int task_blocked_signals(pid_t tid, uint64_t *ret)
{
	static const char field[] = "\nSigBlk:";
	struct buf status = { 0 };
	const char *line = NULL;
	char path[64];
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	got = file_read(path, &status);
	if (got > 0)
		line = strstr(buf_str(&status), field);
	if (line)
		*ret = strtoull(line + sizeof(field) - 1, NULL, 16);
	buf_release(&status);
	if (line)
		return 0;
	return got < 0 ? (int)got : -ESRCH;
}
