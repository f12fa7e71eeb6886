/* SPDX-License-Identifier: GPL-2.0-only */
/* What a process's descriptor stands for, and what class of wait one on it is. */
#ifndef RECORD_WAIT_FILE_H
#define RECORD_WAIT_FILE_H

#include <stdint.h>

#include "base/buf.h"
#include "event/event.h"

struct wait_file {
	struct buf name;
	enum wait_class why; /* of a wait for it */
};

struct wait_files;

struct wait_files *wait_files_new(void);
void wait_files_free(struct wait_files *files);

/*
 * Say what @pid's descriptor @fd is; the name is appended.  Returns a number that
 * differs where the descriptor is another file, or 0: /proc does not tell.
 */
uint64_t wait_files_find(struct wait_files *files, uint32_t pid, uint32_t fd, uint64_t now_ns,
			 struct wait_file *ret);

#endif /* RECORD_WAIT_FILE_H */
