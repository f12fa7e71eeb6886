/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/diff_tree.h"

#include <stdlib.h>

#include "model/names.h"
#include "model/tree.h"

/* One of the two trees, and where its nodes are in that of both. */
struct side_tree {
	enum diff_side side;
	struct tree tree;
	uint32_t *node_of;
};

static uint32_t child(struct diff_tree *tree, uint32_t parent, uint32_t key)
{
	uint64_t *node = map_insert(&tree->children, (uint64_t)parent << 32 | key);

	if (!*node) {
		*node = tree->nodes.n;
		*array_add(&tree->nodes) = (struct diff_node){ .parent = parent, .key = key };
	}
	return (uint32_t)*node;
}

/* A process is no function of the same name. */
static uint32_t key_of(struct diff_tree *tree, const char *name, bool is_process)
{
	struct buf text = { 0 };
	uint32_t key;

	buf_printf(&text, "%s%s", is_process ? "\n" : "", name);
	key = intern_string(&tree->keys, buf_str(&text));
	buf_release(&text);
	return key;
}

static void add_node(struct diff_tree *ret, const struct side_tree *from, uint32_t i)
{
	const struct names *names = from->tree.profile->names;
	const struct tree_node *node = &from->tree.nodes.items[i];
	const struct tree_label *label = &from->tree.labels.items[node->label];
	const char *name = names_text(names, label->name);
	uint32_t at = child(ret, from->node_of[node->parent], key_of(ret, name, label->is_process));
	struct diff_node *to = &ret->nodes.items[at];

	from->node_of[i] = at;
	if (!to->name) {
		to->name = name;
		to->module = names_text(names, label->module);
		to->is_process = label->is_process;
	}
	to->self[from->side] = diff_sum_of(ret->diff, node->self);
}

static void add_side(struct diff_tree *ret, enum diff_side side)
{
	struct side_tree from = { .side = side };

	tree_build_by_process(&from.tree, ret->diff->sides[side], TREE_FUNCTION,
			      ret->diff->options.value);
	from.node_of = xcalloc(from.tree.nodes.n, sizeof(*from.node_of));
	for (uint32_t i = 1; i < from.tree.nodes.n; i++)
		add_node(ret, &from, i);
	free(from.node_of);
	tree_release(&from.tree);
}

static void add_sum(struct diff_sum *to, struct diff_sum sum)
{
	to->value = value_add(to->value, sum.value);
	to->n = value_add(to->n, sum.n);
}

static void sum_up(struct diff_tree *tree)
{
	for (size_t i = tree->nodes.n; i-- > 0;) {
		struct diff_node *node = &tree->nodes.items[i];

		for (int side = 0; side < DIFF_N_SIDES; side++) {
			add_sum(&node->total[side], node->self[side]);
			if (i)
				add_sum(&tree->nodes.items[node->parent].total[side],
					node->total[side]);
		}
	}
}

static double size_of(const struct diff_tree *tree, const struct diff_node *node)
{
	struct diff_row row;

	diff_judge(tree->diff, node->total, &row);
	return row.amounts[DIFF_OLD] + row.amounts[DIFF_NEW];
}

/* @node among the children of its parent that are linked already. */
static void link_child(struct diff_tree *tree, uint32_t i, const double *sizes)
{
	struct diff_node *nodes = tree->nodes.items;
	uint32_t *at = &nodes[nodes[i].parent].first_child;

	while (*at && (sizes[*at] > sizes[i] || (sizes[*at] == sizes[i] && *at < i)))
		at = &nodes[*at].next_sibling;
	nodes[i].next_sibling = *at;
	*at = i;
}

void diff_tree_build(struct diff_tree *ret, const struct diff *diff)
{
	double *sizes;

	*ret = (struct diff_tree){ .diff = diff };
	*array_add(&ret->nodes) = (struct diff_node){ .name = "all", .module = "" };
	for (int side = 0; side < DIFF_N_SIDES; side++)
		add_side(ret, (enum diff_side)side);
	sum_up(ret);
	sizes = xcalloc(ret->nodes.n, sizeof(*sizes));
	for (size_t i = 0; i < ret->nodes.n; i++)
		sizes[i] = size_of(ret, &ret->nodes.items[i]);
	for (uint32_t i = 1; i < ret->nodes.n; i++)
		link_child(ret, i, sizes);
	free(sizes);
}

void diff_tree_release(struct diff_tree *tree)
{
	array_release(&tree->nodes);
	intern_release(&tree->keys);
	map_release(&tree->children);
}
