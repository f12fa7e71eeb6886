/* SPDX-License-Identifier: GPL-2.0-only */
/* The analyses by name: one file each. */
#ifndef ANALYSIS_ANALYSES_H
#define ANALYSIS_ANALYSES_H

#include "analysis/analysis.h"

struct model_observer *cpu_begin(struct model *model, const struct filter *filter);
void cpu_end(struct model_observer *observer, struct profile *ret);

#endif /* ANALYSIS_ANALYSES_H */
