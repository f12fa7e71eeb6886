/* SPDX-License-Identifier: GPL-2.0-only */
#include "analysis/analysis.h"

#include <string.h>

#include "analyses.h"

const struct analysis analyses[] = {
	{ "cpu", "which functions use the CPU", cpu_begin, cpu_end },
	{ 0 },
};

const struct analysis *analysis_find(const char *name)
{
	const struct analysis *a;

	for (a = analyses; a->name; a++) {
		if (!strcmp(a->name, name))
			return a;
	}
	return NULL;
}

void analysis_finish(const struct analysis *analysis, struct model_observer *observer,
		     const struct filter *filter, struct profile *ret)
{
	analysis->end(observer, ret);
	filter_apply(filter, ret);
}
