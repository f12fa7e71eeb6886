/* SPDX-License-Identifier: GPL-2.0-only */
#include "priority.h"

#include <sched.h>

/*
 * The lowest of the real-time ones: above all that share the CPUs fairly, below all that
 * were given a place of their own.  Niceness would not do: it counts within a session.
 */
void priority_raise(void)
{
	struct sched_param param = { .sched_priority = sched_get_priority_min(SCHED_RR) };

	if (sched_getscheduler(0) == SCHED_OTHER)
		sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &param);
}

void priority_restore(void)
{
	struct sched_param param = { 0 };

	if (sched_getscheduler(0) == (SCHED_RR | SCHED_RESET_ON_FORK))
		sched_setscheduler(0, SCHED_OTHER, &param);
}
