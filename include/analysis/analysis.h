/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An analysis turns what the model sees into a profile, or into sheets where it is
 * not about stacks, or into either.  One file and one row in analyses[] each; exporters and screens
 * do not know which is which.
 */
#ifndef ANALYSIS_ANALYSIS_H
#define ANALYSIS_ANALYSIS_H

#include <stdint.h>

#include "model/filter.h"
#include "model/model.h"
#include "model/profile.h"
#include "model/sched.h"
#include "model/sheet.h"

struct analysis_input {
	struct model *model;
	struct sched *sched;         /* of that model; NULL: what it tells is left out */
	const struct filter *filter; /* which times to leave out */
	const struct slots *slots;   /* rows of profiles are to be told apart by; or NULL */
	const char *arguments; /* of another command for the same: " -i FILE"; not kept; or NULL */
};

struct analysis {
	const char *name;
	const char *summary; /* one line, for help and the manual */

	/* Observe what is borrowed in @input from now on.  Returns what is freed by the end. */
	void *(*begin)(const struct analysis_input *input);

	/* Everything has passed: why the recording cannot tell, and what to do; NULL: it can. */
	const char *(*lack)(const void *state);

	/*
	 * Fill @ret and free @state.  One may be NULL; where both are there, the sheets are
	 * what is shown unless it is asked for stacks.
	 */
	void (*profile)(void *state, struct profile *ret);
	void (*sheets)(void *state, struct sheets *ret);
};

extern const struct analysis analyses[]; /* ends with a row without a name */

const struct analysis *analysis_find(const char *name); /* or NULL */

/* End @analysis and leave out of @ret what @filter leaves out; release @ret. */
void analysis_finish(const struct analysis *analysis, void *state, const struct filter *filter,
		     struct profile *ret);

/* End @analysis for nothing. */
void analysis_discard(const struct analysis *analysis, void *state);

#endif /* ANALYSIS_ANALYSIS_H */
