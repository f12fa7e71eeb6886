/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks that were not unlocked by the end, whose owners are known: threads that wait for each
 * other in a circle, and others.
 */
#ifndef ANALYSIS_LOCK_STUCK_H
#define ANALYSIS_LOCK_STUCK_H

#include "locks.h"
#include "model/audit.h"

/*
 * Add a line for each deadlock among @locks, which are resolved, as far as the filter leaves
 * one of its locks: a circle of threads, each of which had a lock when the others waited
 * already.  And one for the lock without one that was waited for longest, if that is most of all
 * the delay.  Whether there is a deadlock.
 */
bool lock_stuck_note(struct audit *notes, struct locks *locks, const struct model *model,
		     struct names *names);

/* "north (27371)": @task's name and tid; owned. */
char *lock_stuck_name(const struct model *model, struct names *names, uint32_t task);

#endif /* ANALYSIS_LOCK_STUCK_H */
