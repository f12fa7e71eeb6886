/* SPDX-License-Identifier: GPL-2.0-only */
/* How many threads ran and waited, and requests were with disks, in each short time of a window. */
#ifndef ANALYSIS_LOAD_H
#define ANALYSIS_LOAD_H

#include <stdint.h>

#include "base/array.h"
#include "model/timeline.h"

enum load_kind { LOAD_RUNNING, LOAD_RUNNABLE, LOAD_REQUESTS, LOAD_N_KINDS };

struct load_step {
	uint64_t ns[LOAD_N_KINDS];     /* of what does not last all the step */
	int64_t n_whole[LOAD_N_KINDS]; /* how many more than in the one before do */
	uint64_t n_switches;
};

struct load {
	uint64_t start_ns, step_ns;
	ARRAY(struct load_step) steps;
};

void load_init(struct load *load, uint64_t start_ns, uint64_t end_ns);
void load_release(struct load *load);

/* One more of @kind from @start_ns to @end_ns; not before the window. */
void load_add(struct load *load, enum load_kind kind, uint64_t start_ns, uint64_t end_ns);

/* A thread got a CPU. */
void load_switch(struct load *load, uint64_t time_ns);

void load_tell(const struct load *load, struct timeline_sink *sink);

#endif /* ANALYSIS_LOAD_H */
