/* SPDX-License-Identifier: GPL-2.0-only */
/* The library that sees allocations, in a process that ran before: it enters, and stands aside. */
#ifndef RECORD_HEAP_GUEST_H
#define RECORD_HEAP_GUEST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim/heap_page.h"

struct heap_area {                /* memory that is shared with processes */
	struct heap_header *page; /* mapped: and the blocks */
	size_t bytes;
	uint32_t max_blocks;
	uint32_t pid, inner_pid; /* of the process that it is of, here and as it calls itself */
};

struct heap_guest {
	pid_t pid;
	int shim_fd; /* the library's file: that process has one of its own */
};

/* 0; or -errno, having said why not.  @ret_area is to be unmapped. */
int heap_guest_enter(pid_t pid, const char *shim, uint64_t rate, struct heap_guest *ret,
		     struct heap_area *ret_area);

/* Says so where it cannot: then it goes on counting for nobody. */
void heap_guest_leave(struct heap_guest *guest, const char *shim);

#endif /* RECORD_HEAP_GUEST_H */
