/* SPDX-License-Identifier: GPL-2.0-only */
/* The files that descriptors were, by process, number and time. */
#ifndef EVENT_DESCRIPTOR_TABLE_H
#define EVENT_DESCRIPTOR_TABLE_H

#include "base/array.h"
#include "event/event.h"

struct descriptor_table { /* all-zero: empty */
	ARRAY(struct event_descriptor) rows;
	bool is_unsorted;
};

void descriptor_table_add(struct descriptor_table *table, const struct event_descriptor *row);

/* String id of what @fd of @pid was at @time_ns; 0: not known.  Times must not overlap. */
uint32_t descriptor_table_find(struct descriptor_table *table, uint32_t pid, uint32_t fd,
			       uint64_t time_ns);
void descriptor_table_release(struct descriptor_table *table);

#endif /* EVENT_DESCRIPTOR_TABLE_H */
