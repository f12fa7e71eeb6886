/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames that an analysis adds to stacks: what was waited for, by whom it was ended. */
#ifndef ANALYSIS_LEAF_H
#define ANALYSIS_LEAF_H

#include "event/definer.h"
#include "model/names.h"
#include "waits.h"

/* "disk: read /var/db": class, system call and object, as far as they are known. */
void leaf_reason(struct buf *out, const struct model *model, const struct wait_row *row);

/* The stack of @row with a frame for what it waits for, such as "[disk: read /var/db]". */
uint32_t leaf_wait(struct definer *definer, const struct model *model, const struct wait_row *row);

/* The same, and then the waker's frames, from the one that woke outwards. */
uint32_t leaf_waker(struct definer *definer, const struct model *model, const struct wait_row *row);

/* leaf_wait(), and then who ended it and what kept that one: from each one's outermost frame. */
uint32_t leaf_chain(struct definer *definer, const struct model *model, const struct chain *chain,
		    const struct wait_row *row);

/* "leak ← serve ← main": the innermost @n calls of @stack at most.  Owned. */
char *leaf_path(const struct model *model, struct names *names, uint32_t stack, uint32_t n);

#endif /* ANALYSIS_LEAF_H */
