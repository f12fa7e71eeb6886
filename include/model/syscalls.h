/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls by name. */
#ifndef MODEL_SYSCALLS_H
#define MODEL_SYSCALLS_H

#include <stdint.h>

#include "model/model.h"

/* The name of call @nr on the machine that was recorded; NULL if that is not known. */
const char *syscall_name(const struct model *model, uint32_t nr);

/* The same, or "syscall_N" where it is not known; freed by the caller. */
char *syscall_text(const struct model *model, uint32_t nr);

/*
 * What a call that came back with @result failed with: "ENOENT", or "error" where its
 * number has no name; NULL: it did not fail.
 */
const char *syscall_error(uint64_t result);

#endif /* MODEL_SYSCALLS_H */
