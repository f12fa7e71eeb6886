/* SPDX-License-Identifier: GPL-2.0-only */
/* What another analysis quotes of `report pauses`. */
#ifndef ANALYSIS_PAUSES_H
#define ANALYSIS_PAUSES_H

#include "base/buf.h"
#include "model/names.h"

/*
 * Everything has passed.  If pauses stopped a process for at least @percent of @passed_ns: the
 * one that was stopped for the longest, in a sentence; else nothing.  @state: of pauses_begin().
 */
void pauses_blame(void *state, struct names *names, double percent, int64_t passed_ns,
		  struct buf *out);

/* Instead of pauses_sheets(). */
void pauses_end(void *state);

#endif /* ANALYSIS_PAUSES_H */
