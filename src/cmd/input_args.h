/* SPDX-License-Identifier: GPL-2.0-only */
/* What every command that shows a recording is told: which one, and what of it. */
#ifndef CMD_INPUT_ARGS_H
#define CMD_INPUT_ARGS_H

#include <argp.h>

#include "analysis/analysis.h"
#include "model/filter.h"

struct input_args {
	const char *path;     /* sysprof.data, if -i does not say otherwise */
	struct filter filter; /* to be released by the command */
};

/*
 * The children of a command's argp, for -i and the filters, which are the same words
 * everywhere (model/filter.h).  Their input is a struct input_args.
 */
extern const struct argp_child input_children[];

/* The filters alone.  Their input is a struct filter. */
extern const struct argp_child filter_children[];

/* For ARGP_KEY_ARG: the one argument is a PROFILE.  Ends the program where it is none. */
void input_parse_profile(struct argp_state *state, const char *arg, const struct analysis **ret);

#endif /* CMD_INPUT_ARGS_H */
