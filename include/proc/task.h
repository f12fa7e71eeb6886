/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel says of one thread. */
#ifndef PROC_TASK_H
#define PROC_TASK_H

#include <stdint.h>
#include <sys/types.h>

/* The signals that @tid blocks now, signal n at bit n - 1.  Returns 0 or -errno. */
int task_blocked_signals(pid_t tid, uint64_t *ret);

#endif /* PROC_TASK_H */
