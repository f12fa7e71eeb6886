/* SPDX-License-Identifier: GPL-2.0-only */
/* Stops threads of a process, one after the other, until one is at a safe place. */
#ifndef INJECT_FIND_H
#define INJECT_FIND_H

#include "base/array.h"
#include "hijack.h"

struct find {
	struct target *target; /* borrowed, as the next */
	struct hijack *hijack;
	ARRAY(pid_t) tids;
	size_t next;
	uint32_t n_tries;
	const char *lack; /* of the last that was not */
	struct buf stack;
};

/*
 * 0: hijack is of a thread that is stopped at a safe place; -EAGAIN: the next one was not, and has
 * gone on; another -errno: none can be stopped.
 */
int find_next(struct find *find);
void find_release(struct find *find);

#endif /* INJECT_FIND_H */
