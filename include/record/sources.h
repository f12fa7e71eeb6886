/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every source of events and names: whether it works here and now, for this user,
 * found out by trying.
 */
#ifndef RECORD_SOURCES_H
#define RECORD_SOURCES_H

#include "base/buf.h"

enum source_state {
	SOURCE_WORKS,
	SOURCE_PARTLY, /* something less serves instead */
	SOURCE_FAILS,
};

struct source {
	const char *name;
	const char *gives; /* what is had of it */

	/* Try it.  What was found goes to @detail, what would help to @remedy, if anything. */
	enum source_state (*probe)(struct buf *detail, struct buf *remedy);
};

extern const struct source sources[]; /* ends with a row without a name */

#endif /* RECORD_SOURCES_H */
