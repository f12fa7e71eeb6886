/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls by name, on the machine that was recorded. */
#ifndef MODEL_SYSCALLS_H
#define MODEL_SYSCALLS_H

#include <stdint.h>

#include "event/syscalls.h"
#include "model/model.h"

/* Call @nr, its name; NULL: not known. */
const struct syscall_form *syscall_form_in(const struct model *model, uint32_t nr);
const char *syscall_name(const struct model *model, uint32_t nr);

/* The same, or "syscall_N" where it is not known; freed by the caller. */
char *syscall_text(const struct model *model, uint32_t nr);

#endif /* MODEL_SYSCALLS_H */
