/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Giving up, for good, what a process needs not have to read files, or to talk to strangers.
 */
#ifndef SYMBOL_CONFINE_H
#define SYMBOL_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct confine_options {
	pid_t parent;   /* die with it */
	const int *fds; /* to keep open; all others are closed, 0 to 2 are /dev/null */
	size_t n_fds;
	uint32_t cpu_seconds; /* 0: no bound */
	bool is_nobody;       /* root becomes nobody, whoever called sudo */
};

/*
 * Root becomes who called sudo, else nobody; capabilities go, and cannot come
 * back; memory and CPU time are bounded.  Returns 0, or -errno: then the process
 * may still have privilege and must end.
 */
int confine(const struct confine_options *options);

#endif /* SYMBOL_CONFINE_H */
