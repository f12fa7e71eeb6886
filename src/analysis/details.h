/* SPDX-License-Identifier: GPL-2.0-only */
/* What --trace records beside system calls, added up: page faults, disk requests, interrupts. */
#ifndef ANALYSIS_DETAILS_H
#define ANALYSIS_DETAILS_H

#include "analysis/analysis.h"

struct details;

struct details *details_begin(const struct analysis_input *input);

/* Add a sheet for each of them that was recorded to @ret; free @details. */
void details_sheets(struct details *details, struct sheets *ret);

#endif /* ANALYSIS_DETAILS_H */
