/* SPDX-License-Identifier: GPL-2.0-only */
/* The frames of a stack with the registers that each had: for what lies in them. */
#ifndef UNWIND_WALK_H
#define UNWIND_WALK_H

#include "unwind/unwind.h"

/* A frame from which the walk went on to its caller. */
struct unwind_visit {
	struct unwind_frame frame;
	const uint64_t *regs; /* as they were when it called the next one */
	uint32_t known;       /* bit n: register n is */
	uint64_t cfa;
};

/* Returns whether to go on. */
typedef bool unwind_visit_fn(void *arg, const struct unwind_visit *visit);

/*
 * Unwind with all registers, slower than unwinder_run(), and have each frame but the outermost
 * seen, innermost first; not those that a signal interrupted.  Counts in no statistic of
 * samples.
 */
void unwinder_walk(struct unwinder *unwinder, const struct unwind_sample *sample,
		   unwind_visit_fn *visit, void *arg);

#endif /* UNWIND_WALK_H */
