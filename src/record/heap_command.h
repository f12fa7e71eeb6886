/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a command will load a library that LD_PRELOAD names; and where ours is. */
#ifndef RECORD_HEAP_COMMAND_H
#define RECORD_HEAP_COMMAND_H

#include "base/buf.h"

/*
 * Why @name, found as execvp() finds it, cannot have its allocations recorded: what it is,
 * as in "is linked statically".  NULL: it can, or there is no such command.
 */
const char *heap_command_lack(const char *name);

/* The path of libsysprof-heap.so, beside this program or where it is installed. */
int heap_command_find_shim(struct buf *ret);

#endif /* RECORD_HEAP_COMMAND_H */
