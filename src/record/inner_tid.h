/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ids that threads have in the pid namespace of their process, which are what stands in its
 * memory: in a container they are other ones than those that we know the threads by.
 */
#ifndef RECORD_INNER_TID_H
#define RECORD_INNER_TID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"

struct inner_tids {          /* all-zero is valid */
	struct map by_inner; /* pid << 32 | inner, to a tid */
	struct map by_pid;   /* when its threads were read; or 1: they have no other ids */
};

/*
 * The thread of process @pid that calls itself @inner, by our id; 0: none is known.  What is known
 * may be of a thread that has ended; it is read anew, but not often, where @is_old or unknown.
 */
uint32_t inner_tids_find(struct inner_tids *tids, uint32_t pid, uint32_t inner, bool is_old,
			 uint64_t now_ns);
void inner_tids_release(struct inner_tids *tids);

/* The innermost id in the text of /proc/PID/status, or 0; @ret_is_other: not the only one. */
uint32_t inner_tid_parse(const char *status, bool *ret_is_other);

#endif /* RECORD_INNER_TID_H */
