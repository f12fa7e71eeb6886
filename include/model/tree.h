/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The call tree of a profile: its stacks, inlined calls spelled out, merged from
 * the outermost frame inwards.  Tables, callers, callees and flame graphs are
 * all made from it, so that they agree.
 *
 * A node stands for a label called by what its parent stands for.  Labels are
 * what is told apart: functions by name (as pprof does), functions and modules,
 * source lines, or modules alone.
 */
#ifndef MODEL_TREE_H
#define MODEL_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/map.h"
#include "event/values.h"
#include "model/profile.h"

enum tree_key {
	TREE_FUNCTION, /* by name */
	TREE_SYMBOL,   /* by name and module */
	TREE_LINE,     /* by name, file and line */
	TREE_MODULE,
};

struct tree_label {
	uint32_t name;   /* text ids of the profile's names */
	uint32_t module; /* short; the first seen, where it is no part of the key */
	uint32_t file;   /* 0 unless told apart by line */
	uint32_t line;
	enum module_kind kind; /* of the first seen, too; 0: unknown */
	bool is_in_more;       /* seen in other modules as well */
	bool is_inlined;       /* seen inlined; seen called */
	bool is_called;
	bool is_process; /* a root of tree_build_by_process(): no frame */
	uint32_t next;   /* chain of the hash table */
};

struct tree_node {
	uint32_t label;        /* index in labels */
	uint32_t parent;       /* index in nodes, less than the node's own */
	uint32_t first_child;  /* 0: none; children stand largest first */
	uint32_t next_sibling; /* 0: none */
	int64_t self[PROFILE_MAX_VALUES];
	int64_t total[PROFILE_MAX_VALUES]; /* self and all below */
};

struct tree {
	const struct profile *profile; /* borrowed */
	ARRAY(struct tree_label) labels;
	ARRAY(struct tree_node) nodes; /* 0 is the root and stands for all */
	struct map by_hash;            /* of labels, while the tree grows */
	struct map children;           /* (parent, label) → node, likewise */
};

/* All of @profile; children in order of value @type. */
void tree_build(struct tree *ret, const struct profile *profile, enum tree_key key, size_t type);

/* The same, but the processes' names stand between the root and the outermost frames. */
void tree_build_by_process(struct tree *ret, const struct profile *profile, enum tree_key key,
			   size_t type);

/*
 * The part of @tree below @label, or, turned round, what leads to it.  The first
 * node below the root is @label; its total counts each stack once: where @label
 * recurses, its outermost call.
 */
void tree_callees(struct tree *ret, const struct tree *tree, uint32_t label, size_t type);
void tree_callers(struct tree *ret, const struct tree *tree, uint32_t label, size_t type);

/* The same, a function that calls itself directly being one node. */
void tree_fold_recursion(struct tree *ret, const struct tree *tree, size_t type);
void tree_release(struct tree *tree);

/*
 * Depth first, children in their order, the root left out.  @enter returns whether
 * to go on below the node; @leave (may be NULL) sees every node that was entered.
 */
struct tree_visitor {
	bool (*enter)(struct tree_visitor *visitor, uint32_t node);
	void (*leave)(struct tree_visitor *visitor, uint32_t node);
};
void tree_walk(const struct tree *tree, struct tree_visitor *visitor);

#endif /* MODEL_TREE_H */
