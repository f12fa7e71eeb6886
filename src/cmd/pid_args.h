/* SPDX-License-Identifier: GPL-2.0-only */
/* What -p is told. */
#ifndef CMD_PID_ARGS_H
#define CMD_PID_ARGS_H

#include <argp.h>
#include <sys/types.h>

#include "base/array.h"

typedef ARRAY(pid_t) pid_array;

/* Add the ids in @list, with commas between.  Ends the program where one is none. */
void pid_args_add(pid_array *pids, const char *list, struct argp_state *state);

#endif /* CMD_PID_ARGS_H */
