/* SPDX-License-Identifier: GPL-2.0-only */
/* The call frame information of one module, asked of libdw. */
#ifndef UNWIND_CFI_H
#define UNWIND_CFI_H

#include "unwind/row.h"

struct cfi;

/*
 * What CFI @module has, borrowed.  What has a search table is read from the file when it is
 * asked for; the rest is copied, sections of up to @max_size bytes.  Never NULL: of a file
 * without CFI, or with CFI that lies, nothing will be found.
 */
struct cfi *cfi_new(const struct module *module, size_t max_size);
void cfi_free(struct cfi *cfi);

/* Bytes of memory that it can come to take, in libdw too. */
size_t cfi_size(const struct cfi *cfi);

/* Go code keeps a frame pointer always, and leaves its stacks in ways of its own. */
bool cfi_is_go(const struct cfi *cfi);

/* The row at @vaddr.  Returns 0, -ENOENT where nothing covers it, -EINVAL if it is of no use. */
int cfi_find(const struct cfi *cfi, uint64_t vaddr, struct row *ret);

#endif /* UNWIND_CFI_H */
