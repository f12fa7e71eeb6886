/* SPDX-License-Identifier: GPL-2.0-only */
#include "pid_args.h"

#include <stdlib.h>
#include <string.h>

#include "base/human.h"

void pid_args_add(pid_array *pids, const char *list, struct argp_state *state)
{
	char *copy = xstrdup(list), *at = copy, *item;
	uint64_t pid;

	while ((item = strsep(&at, ",")) != NULL) {
		if (human_parse_number(item, 1, INT32_MAX, &pid))
			argp_error(state,
				   "'%s' is not a process id; give numbers, as in -p 812,813",
				   item);
		*array_add(pids) = (pid_t)pid;
	}
	free(copy);
}
