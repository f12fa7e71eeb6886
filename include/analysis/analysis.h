/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An analysis turns what the model sees into a profile (or a timeline).  One file
 * and one row in analyses[] each; exporters and screens do not know which is which.
 */
#ifndef ANALYSIS_ANALYSIS_H
#define ANALYSIS_ANALYSIS_H

#include <stdint.h>

#include "model/filter.h"
#include "model/model.h"
#include "model/profile.h"

struct analysis {
	const char *name;
	const char *summary; /* one line, for help and the manual */

	/*
	 * Observe @model from now on.  @filter: which times to leave out; borrowed.
	 * What is returned is freed by end.
	 */
	struct model_observer *(*begin)(struct model *model, const struct filter *filter);

	/* Everything has passed: fill @ret, free the observer. */
	void (*end)(struct model_observer *observer, struct profile *ret);
};

extern const struct analysis analyses[]; /* ends with a row without a name */

const struct analysis *analysis_find(const char *name); /* or NULL */

/* End @analysis and leave out of @ret what @filter leaves out; release @ret. */
void analysis_finish(const struct analysis *analysis, struct model_observer *observer,
		     const struct filter *filter, struct profile *ret);

#endif /* ANALYSIS_ANALYSIS_H */
