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

/* What a child runs; it does not return. */
typedef void worker_fn(const struct plan *plan, const struct dictionary *dict,
		       const struct worker_options *options);

worker_fn worker_run __attribute__((noreturn));

/* resolver_run() with another worker than worker_run(): one that misbehaves, in a test. */
int resolver_run_worker(const struct dictionary *dict, const struct resolver_options *options,
			struct definer *definer, worker_fn *worker, struct resolver_result *ret);

#endif /* SYMBOL_WORKER_H */
