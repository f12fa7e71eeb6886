/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes that did nothing: none of their threads ran in all of the window.  A machine
 * has many of them (shells at their prompts, programs at the other end of a pipe), and
 * what they wait for says nothing about why others are slow.
 */
#ifndef ANALYSIS_DORMANT_H
#define ANALYSIS_DORMANT_H

#include <stdbool.h>

#include "base/map.h"
#include "waits.h"

struct dormant {
	const struct model *model;
	struct map running_ns; /* of a process, by its id */
	bool is_wanted;
};

/*
 * Once all lives are known.  Nobody is dormant but in a recording of the whole machine of
 * which no process or thread was picked: who asks for one wants to know what it waits for.
 */
void dormant_find(struct dormant *dormant, const struct waits *waits, const struct model *model,
		  const struct filter *filter);
void dormant_release(struct dormant *dormant);

/*
 * Whether @row is of such a process, and for nothing that has to be told in any case: who
 * waits for a lock, the disk or a page all the time is stuck.
 */
bool dormant_has(const struct dormant *dormant, const struct wait_row *row);

#endif /* ANALYSIS_DORMANT_H */
