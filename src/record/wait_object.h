/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a wait is for, as people name it: a file, a connection, the process at the other
 * end of a pipe, a futex, a child.
 *
 * What /proc tells is kept for a while, so that a hot wait reads nothing; where a
 * descriptor is found to be another file now, it is looked at more often.  Look-ups are
 * bounded a second: beyond that waits go without an object.
 */
#ifndef RECORD_WAIT_OBJECT_H
#define RECORD_WAIT_OBJECT_H

#include "event/definer.h"
#include "syscall_nr.h"
#include "wait_reason.h"

struct wait_objects;

struct wait_objects *wait_objects_new(struct definer *definer,
				      struct spaces *spaces); /* borrowed, both */
void wait_objects_free(struct wait_objects *objects);
void wait_objects_forget(struct wait_objects *objects); /* all that is kept, and so all ids */

/* Fill in @reason's object, and its class where that follows from the object. */
void wait_objects_find(struct wait_objects *objects, const struct wait_call *call,
		       const struct syscall_row *row, struct wait_reason *reason);

/* Whether a thread of @call's process was seen to wait for the futex at @address. */
bool wait_objects_has_futex(const struct wait_objects *objects, const struct wait_call *call,
			    uint64_t address);

#endif /* RECORD_WAIT_OBJECT_H */
