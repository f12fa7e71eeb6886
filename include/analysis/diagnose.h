/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands out in a recording, and where to look: the figures of the other
 * analyses, weighed against the time that threads had something to do.
 */
#ifndef ANALYSIS_DIAGNOSE_H
#define ANALYSIS_DIAGNOSE_H

#include "analysis/analysis.h"

extern const struct analysis diagnose;

#endif /* ANALYSIS_DIAGNOSE_H */
