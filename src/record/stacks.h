/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a perf sample to the id of a stack: unwinds the user side, hangs the kernel's
 * call chain below it, and interns every frame on the way.
 */
#ifndef RECORD_STACKS_H
#define RECORD_STACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "event/definer.h"
#include "proc/space.h"
#include "record/perf_record.h"
#include "unwind/walk.h"

/*
 * What needs to be copied of a stack where the callers of each place that a thread blocks at
 * have been seen before.  Not of the samples of the CPU.
 */
#define STACKS_SMALL_BYTES 1024u

struct stacks;

/* All borrowed. */
struct stacks *stacks_new(struct spaces *spaces, struct definer *definer);
void stacks_free(struct stacks *stacks);

/* The stack of a PERF_RECORD_SAMPLE; 0 if it holds no frame at all. */
uint32_t stacks_intern(struct stacks *stacks, const struct perf_record *record);

/*
 * Have the frames of the same sample seen as far as its captured bytes lead, with their registers;
 * dearer than stacks_intern().
 */
void stacks_walk(struct stacks *stacks, const struct perf_record *record, unwind_visit_fn *visit,
		 void *arg);

/* The id of such a frame. */
uint32_t stacks_frame(struct stacks *stacks, const struct unwind_frame *frame);

/* The frame that stands for static data of the kernel's at @address. */
uint32_t stacks_kernel_data(struct stacks *stacks, uint64_t address);

/* How many samples of waits had more of a stack than what is copied of it where that is small. */
uint64_t stacks_n_near(const struct stacks *stacks);

/* How many samples would have been unfinished if they had been small. */
uint64_t stacks_n_unknown_callers(const struct stacks *stacks);

/* Whether a tick without the user's call chain was met that may need it: Go's. */
bool stacks_want_chains(const struct stacks *stacks);

/*
 * Whether some in the last second could only be finished from their process's live memory:
 * what is read sooner is there more often.
 */
bool stacks_are_in_hurry(struct stacks *stacks);

/*
 * The definer gives out new ids.  Those of before are good for stacks_module_fd() until the
 * next call.
 */
void stacks_forget_ids(struct stacks *stacks);

const struct unwind_stats *stacks_unwind_stats(const struct stacks *stacks);

/*
 * Open the perf maps of JITs whose map is not open yet; of all of them, anew, if
 * @again.  While a process lives: a map must belong to the process's user.
 */
void stacks_open_jit_maps(struct stacks *stacks, bool again);

/* The file that has the names of the definer's module @id, or -1. */
int stacks_module_fd(struct stacks *stacks, uint32_t id);

#endif /* RECORD_STACKS_H */
