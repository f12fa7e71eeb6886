/* SPDX-License-Identifier: GPL-2.0-only */
/* A process that something is to be loaded into: what it consists of, and whether that can be. */
#ifndef INJECT_TARGET_H
#define INJECT_TARGET_H

#include <sys/types.h>

#include "base/array.h"
#include "base/buf.h"
#include "place.h"
#include "proc/space.h"
#include "shim/heap_page.h"

#define TARGET_MAX_WAITS 64

struct target {
	pid_t pid;
	struct modules *modules;
	struct spaces *spaces;
	const struct space *space;
	struct unwinder *unwinder;
	ARRAY(struct place_module) parts;
	struct export waits[TARGET_MAX_WAITS];
	struct place_facts facts;

	/* Addresses of functions. */
	uint64_t dlopen, syscall;
	uint64_t sigreturn;    /* what a signal's handler returns to */
	uint64_t errno_offset; /* of errno, from the thread's pointer */

	/* What an earlier time left: where it is mapped; 0: nothing. */
	uint64_t shim_start, shim_end, shim_bias;
	uint64_t page_start, page_end;
};

#define TARGET_SHIM HEAP_SHIM      /* the names of what is in memory only, */
#define TARGET_PAGE HEAP_LATE_PAGE /* as /proc/PID/maps has them */

/* 0; or -errno, and @why says what stands in the way and what to do.  target_release() anyway. */
int target_read(struct target *ret, pid_t pid, struct buf *why);
void target_release(struct target *target);

/* Look again for what is mapped of ours. */
int target_find_shim(struct target *target);

bool target_read_memory(pid_t pid, uint64_t address, void *data, size_t size);
bool target_write_memory(pid_t pid, uint64_t address, const void *data, size_t size);

/* The bounds of the mapping that holds @address, of any kind; false: none does. */
bool target_area(pid_t pid, uint64_t address, uint64_t *ret_start, uint64_t *ret_end,
		 bool *ret_is_stack);

#endif /* INJECT_TARGET_H */
