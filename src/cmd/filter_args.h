/* SPDX-License-Identifier: GPL-2.0-only */
/* The filters as options of a command: the same words everywhere (model/filter.h). */
#ifndef CMD_FILTER_ARGS_H
#define CMD_FILTER_ARGS_H

#include <argp.h>

/* A child for argp; its input is a struct filter, to be released by the command. */
extern const struct argp filter_argp;

#endif /* CMD_FILTER_ARGS_H */
