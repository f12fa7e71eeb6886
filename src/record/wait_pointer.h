/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What may tell of which object a lock is part: the frames of a thread that waits for it hold
 * pointers to the lock, or to what is around it.  Registers and the stack are there only now, so
 * the pointers are put as POINTER events, of which debug information makes a name later.
 *
 * A lock may also lie in a frame itself: of that thread, or of one that was looked at before and
 * made it for others, as main does.  Whether that one still has the frame, nobody asks: but a name
 * comes of it only if the frame has a variable there that is a lock in just that place.
 *
 * Looked for once for each lock and stack; of locks in static data, which have names, not at all.
 */
#ifndef RECORD_WAIT_POINTER_H
#define RECORD_WAIT_POINTER_H

#include "base/array.h"
#include "base/map.h"
#include "event/definer.h"
#include "record/perf_record.h"
#include "stacks.h"

/* A frame that a thread had when it was looked at last, with its part of the stack. */
struct wait_frame {
	uint32_t pid, tid, frame;
	uint64_t sp, cfa, fp; /* fp: below the CFA, or 0 */
};

struct wait_pointers {
	struct stacks *stacks; /* borrowed, as is definer */
	struct definer *definer;
	struct map n_by_object;          /* how many stacks of it were looked at */
	struct map seen;                 /* object and stack */
	ARRAY(struct wait_frame) frames; /* those of a thread stand together */
};

void wait_pointers_init(struct wait_pointers *pointers, struct stacks *stacks,
			struct definer *definer);
void wait_pointers_release(struct wait_pointers *pointers);
void wait_pointers_forget_ids(struct wait_pointers *pointers); /* the definer gives out new ones */

/* A sample of a thread that begins to wait for a futex: @wait is what is told of it. */
void wait_pointers_take(struct wait_pointers *pointers, const struct perf_record *record,
			const struct event_wait_stack *wait);

#endif /* RECORD_WAIT_POINTER_H */
