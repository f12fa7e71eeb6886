/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between two profiles as one flame graph.  A box is as wide as what both have
 * there, so that what is new and what is gone are both to be seen; its colour says which of
 * them has more, and is grey where chance may be it.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "export/diff.h"
#include "export/scale.h"
#include "flame.h"
#include "model/diff_tree.h"

#define GREY 0xd9dde2u

struct drawer {
	const struct diff_tree *tree;
	FILE *out;
	struct flame_picture picture;
	struct diff_row *rows; /* of nodes */
	double *widths;        /* of nodes: parts of the whole */
	double *next;          /* where the next child begins */
	unsigned int *levels;
};

/* Of what is less than nothing, as growth may be, there is no width. */
static double amount_of(const struct diff_row *row)
{
	return fmax(0, row->amounts[DIFF_OLD]) + fmax(0, row->amounts[DIFF_NEW]);
}

/* A node is at least as wide as its children are together. */
static void measure_widths(struct drawer *drawer)
{
	const struct diff_tree *tree = drawer->tree;
	double *widths = drawer->widths;

	for (size_t i = tree->nodes.n; i-- > 0;) {
		struct diff_row self;

		diff_judge(tree->diff, tree->nodes.items[i].total, &drawer->rows[i]);
		diff_judge(tree->diff, tree->nodes.items[i].self, &self);
		widths[i] += amount_of(&self);
		if (i)
			widths[tree->nodes.items[i].parent] += widths[i];
	}
	for (size_t i = tree->nodes.n; i-- > 0;)
		widths[i] = widths[0] > 0 ? widths[i] / widths[0] : 0;
}

static void measure_levels(struct drawer *drawer)
{
	const struct diff_tree *tree = drawer->tree;

	drawer->picture.n_levels = 1;
	for (uint32_t i = 1; i < tree->nodes.n; i++) {
		drawer->levels[i] = drawer->levels[tree->nodes.items[i].parent] + 1;
		if (drawer->widths[i] < FLAME_NARROWEST)
			drawer->picture.n_left_out += drawer->widths[i] > 0;
		else if (drawer->levels[i] >= drawer->picture.n_levels)
			drawer->picture.n_levels = drawer->levels[i] + 1;
	}
}

static void append_amount(struct buf *out, const struct diff *diff, double amount)
{
	if (diff->options.scale == DIFF_SHARE)
		buf_printf(out, "%.2f%%", amount);
	else
		scale_value(out, diff->sides[DIFF_OLD]->types[diff->options.value].unit,
			    llround(amount));
}

/* "old 1.20s, new 1.50s: +300.00ms (+25.0%), noise ±100.00ms" */
static void append_details(struct buf *out, const struct drawer *drawer, uint32_t i)
{
	const struct diff *diff = drawer->tree->diff;
	const struct diff_node *node = &drawer->tree->nodes.items[i];
	const struct diff_row *row = &drawer->rows[i];

	buf_puts(out, "old ");
	append_amount(out, diff, row->amounts[DIFF_OLD]);
	buf_puts(out, ", new ");
	append_amount(out, diff, row->amounts[DIFF_NEW]);
	buf_puts(out, diff_of(row) > 0 ? ": +" : ": ");
	append_amount(out, diff, diff_of(row));
	buf_puts(out, " (");
	diff_put_percent(out, row);
	buf_puts(out, ")");
	if (row->noise > 0) {
		buf_puts(out, diff_is_noise(row) ? ", chance may be it: ±" : ", noise ±");
		append_amount(out, diff, row->noise);
	}
	if (node->is_process)
		buf_puts(out, "\nprocess");
	if (*node->module)
		buf_printf(out, "\n%s", node->module);
}

static uint32_t colour_of(const struct diff_row *row)
{
	double all = amount_of(row), part = all > 0 ? fmin(1, fabs(diff_of(row)) / all) : 0;

	if (diff_is_noise(row))
		return GREY;
	return flame_hsl(diff_of(row) > 0 ? 8 : 214, 0.8, 0.9 - 0.28 * sqrt(part));
}

static void put_box(struct drawer *drawer, uint32_t i)
{
	const struct diff_node *node = &drawer->tree->nodes.items[i];
	struct buf details = { 0 };
	struct flame_box box = {
		.name = node->name,
		.level = drawer->levels[i],
		.start = i ? drawer->next[node->parent] : 0,
		.width = i ? drawer->widths[i] : 1,
		.colour = colour_of(&drawer->rows[i]),
	};

	drawer->next[i] = box.start;
	if (i)
		drawer->next[node->parent] += box.width;
	append_details(&details, drawer, i);
	box.details = buf_str(&details);
	flame_box(&box, drawer->out);
	buf_release(&details);
}

/* Depth first, without what is too narrow. */
static void put_boxes(struct drawer *drawer)
{
	const struct diff_node *nodes = drawer->tree->nodes.items;
	uint32_t i = 0;

	do {
		bool is_shown = !i || drawer->widths[i] >= FLAME_NARROWEST;

		if (is_shown)
			put_box(drawer, i);
		if (is_shown && nodes[i].first_child) {
			i = nodes[i].first_child;
			continue;
		}
		while (i && !nodes[i].next_sibling)
			i = nodes[i].parent;
		i = nodes[i].next_sibling;
	} while (i);
}

int diff_svg(const struct diff *diff, const struct diff_text_options *options, FILE *out)
{
	struct drawer drawer = { .out = out };
	struct buf head = { 0 };
	struct diff_tree tree;

	diff_tree_build(&tree, diff);
	drawer.tree = &tree;
	drawer.rows = xcalloc(tree.nodes.n, sizeof(*drawer.rows));
	drawer.widths = xcalloc(tree.nodes.n, sizeof(*drawer.widths));
	drawer.next = xcalloc(tree.nodes.n, sizeof(*drawer.next));
	drawer.levels = xcalloc(tree.nodes.n, sizeof(*drawer.levels));
	measure_widths(&drawer);
	measure_levels(&drawer);
	diff_put_head(&head, diff, options, "");
	buf_puts(&head, "widths: old and new together; red: new has more, blue: old had; grey: "
			"chance may be it\n");
	drawer.picture.head = buf_str(&head);
	flame_begin(&drawer.picture, out);
	put_boxes(&drawer);
	flame_end(&drawer.picture, out);
	free(drawer.rows);
	free(drawer.widths);
	free(drawer.next);
	free(drawer.levels);
	buf_release(&head);
	diff_tree_release(&tree);
	return ferror(out) ? -(errno ? errno : EIO) : 0;
}
