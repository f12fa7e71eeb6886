/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two profiles as one call tree, processes first: a node for each path of names that is in
 * either, with what both have there.
 */
#ifndef MODEL_DIFF_TREE_H
#define MODEL_DIFF_TREE_H

#include "base/map.h"
#include "model/diff.h"

struct diff_node {
	const char *name;      /* borrowed from the profiles' names */
	const char *module;    /* "": none */
	uint32_t key;          /* equal of equal names */
	uint32_t parent;       /* index in nodes, less than the node's own */
	uint32_t first_child;  /* 0: none; children stand largest first */
	uint32_t next_sibling; /* 0: none */
	bool is_process;
	struct diff_sum self[DIFF_N_SIDES], total[DIFF_N_SIDES];
};

struct diff_tree {
	const struct diff *diff;       /* borrowed */
	ARRAY(struct diff_node) nodes; /* 0 is the root and stands for all */
	struct intern keys;
	struct map children; /* (parent, key) → node */
};

void diff_tree_build(struct diff_tree *ret, const struct diff *diff);
void diff_tree_release(struct diff_tree *tree);

#endif /* MODEL_DIFF_TREE_H */
