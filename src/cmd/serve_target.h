/* SPDX-License-Identifier: GPL-2.0-only */
/* Which processes the target of a request stands for, now. */
#ifndef CMD_SERVE_TARGET_H
#define CMD_SERVE_TARGET_H

#include <sys/types.h>

#include "base/array.h"
#include "ui/serve.h"

struct serve_pids {
	ARRAY(pid_t) list;
};

/*
 * The ids of the target's processes: of one that is called by its id, if it lives; of all that have
 * the name; of all that are in the cgroup or below it.  All of SERVE_ALL.  Added to @ret.
 */
void serve_target_pids(const struct serve_target *target, struct serve_pids *ret);

#endif /* CMD_SERVE_TARGET_H */
