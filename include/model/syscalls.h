/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls by name. */
#ifndef MODEL_SYSCALLS_H
#define MODEL_SYSCALLS_H

#include <stdint.h>

#include "model/model.h"

/* The name of call @nr on the machine that was recorded; NULL if that is not known. */
const char *syscall_name(const struct model *model, uint32_t nr);

#endif /* MODEL_SYSCALLS_H */
