/* SPDX-License-Identifier: GPL-2.0-only */
/* Which functions a word from the command line means. */
#ifndef EXPORT_SELECT_H
#define EXPORT_SELECT_H

#include "base/array.h"
#include "base/buf.h"
#include "model/tree.h"

struct selection {
	ARRAY(uint32_t) labels; /* of the tree, largest cum first */
};

/*
 * The labels of @tree that are called @word; if none is, those that match it as
 * an extended RE.  -ENOENT or -EINVAL with a sentence in @message.
 */
int select_labels(const struct tree *tree, const char *word, size_t type, struct selection *ret,
		  struct buf *message);
void selection_release(struct selection *selection);

#endif /* EXPORT_SELECT_H */
