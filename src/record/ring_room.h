/* SPDX-License-Identifier: GPL-2.0-only */
/* How large rings may be where memory that is locked is limited. */
#ifndef RECORD_RING_ROOM_H
#define RECORD_RING_ROOM_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether events of @attr may have a ring of @bytes each, one on every CPU, at once. */
bool ring_room_for(const struct perf_event_attr *attr, bool is_tasks, size_t bytes);

#endif /* RECORD_RING_ROOM_H */
