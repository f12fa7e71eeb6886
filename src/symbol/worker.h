/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The child that reads symbols: gives up its privileges, then answers the jobs of
 * a plan on a pipe.
 */
#ifndef SYMBOL_WORKER_H
#define SYMBOL_WORKER_H

#include <sys/types.h>

#include "plan.h"

struct worker_options {
	pid_t parent;
	int out; /* the pipe */
	size_t first_job;
	uint32_t cpu_seconds;
	uint32_t download_seconds;
};

/* Does not return. */
void worker_run(const struct plan *plan, const struct dictionary *dict,
		const struct worker_options *options) __attribute__((noreturn));

#endif /* SYMBOL_WORKER_H */
