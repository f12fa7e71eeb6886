/* SPDX-License-Identifier: GPL-2.0-only */
/* What commands that print tables are told of them. */
#ifndef CMD_VIEW_ARGS_H
#define CMD_VIEW_ARGS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/table.h"

/* The argument of --by, and a number for @option; each ends the program where it is none. */
void view_parse_key(struct argp_state *state, const char *arg, enum table_key *ret);
uint64_t view_parse_count(struct argp_state *state, const char *option, const char *arg);

/* Of the terminal, or what COLUMNS says; 0: standard output is no terminal. */
unsigned int view_width(void);

/* Standard output is a terminal with colours, and NO_COLOR does not say otherwise. */
bool view_has_colour(void);

#endif /* CMD_VIEW_ARGS_H */
