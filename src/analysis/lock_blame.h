/* SPDX-License-Identifier: GPL-2.0-only */
/* Who keeps others from locks, in a few words. */
#ifndef ANALYSIS_LOCK_BLAME_H
#define ANALYSIS_LOCK_BLAME_H

#include "locks.h"

/*
 * Append "held by hold_a (61%), hold_b (20%)", of resolved @locks: the functions that
 * unlocked, by what everybody waited for them meanwhile, or, where that is not known, by
 * the waits that they ended; nothing where nobody unlocked.  Then, as "; held across disk I/O
 * (62%)", what they did meanwhile, where that stands out.
 */
void lock_blame(struct buf *out, struct locks *locks, const struct names *names);

#endif /* ANALYSIS_LOCK_BLAME_H */
