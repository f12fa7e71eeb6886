/* SPDX-License-Identifier: GPL-2.0-only */
/* What is contention, what stays apart, and what a report says of either first. */
#ifndef ANALYSIS_LOCK_FIGURES_H
#define ANALYSIS_LOCK_FIGURES_H

#include "locks.h"
#include "model/audit.h"

struct lock_figures {
	struct amount all; /* contention, before filters of threads and locks */
	struct amount counted, with_stack, gave_up;
	struct amount apart[LOCK_N_KINDS];
	int64_t runnable_ns; /* of counted */
};

/* Whether @row is contention that the filter leaves; what stays apart is added up. */
bool lock_figures_add(struct lock_figures *figures, const struct locks *locks,
		      const struct lock_row *row);

void lock_figures_note(const struct lock_figures *figures, const struct locks *locks,
		       struct audit *notes);

#endif /* ANALYSIS_LOCK_FIGURES_H */
