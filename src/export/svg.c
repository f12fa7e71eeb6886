/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A profile as a flame graph in one picture: processes first, then what they called.
 *
 * Widths are values; what is less than nothing, as growth may be, has no width, and is said
 * to be missing.
 */
#include <errno.h>

#include "base/human.h"
#include "export/report.h"
#include "export/scale.h"
#include "exporters.h"
#include "flame.h"
#include "model/names.h"
#include "model/tree.h"
#include "text.h"

struct drawer {
	struct tree_visitor visitor;
	const struct tree *tree;
	FILE *out;
	size_t value;
	struct flame_picture picture;
	int64_t *widths;      /* of nodes, in the value: all that is more than 0 at and below */
	double *next;         /* where the next child begins, as a part of the whole */
	unsigned int *levels; /* the root's is 0 */
};

static double part(const struct drawer *drawer, uint32_t node)
{
	return drawer->widths[0] ? (double)drawer->widths[node] / (double)drawer->widths[0] : 0;
}

static void append_amount(struct buf *out, const struct drawer *drawer, int64_t value)
{
	const struct profile *profile = drawer->tree->profile;

	scale_value(out, profile->types[drawer->value].unit, value);
	if (!strcmp(profile->types[drawer->value].unit, "count"))
		buf_printf(out, " %s", profile->types[drawer->value].type);
}

static void append_details(struct buf *out, const struct drawer *drawer, uint32_t i)
{
	const struct tree_node *node = &drawer->tree->nodes.items[i];
	const struct tree_label *label = &drawer->tree->labels.items[node->label];
	const char *module = names_text(drawer->tree->profile->names, label->module);

	append_amount(out, drawer, drawer->widths[i]);
	buf_printf(out, ", %.2f%% of all", 100 * part(drawer, i));
	if (node->self[drawer->value] > 0) {
		buf_puts(out, "; itself ");
		append_amount(out, drawer, node->self[drawer->value]);
	}
	if (label->is_process)
		buf_puts(out, "\nprocess");
	if (*module)
		buf_printf(out, "\n%s%s%s", module, label->is_in_more ? " and other modules" : "",
			   !label->is_inlined ? "" :
			   label->is_called   ? ", also inlined" :
						", inlined");
}

static bool enter(struct tree_visitor *visitor, uint32_t i)
{
	struct drawer *drawer = (struct drawer *)visitor;
	const struct tree_node *node = &drawer->tree->nodes.items[i];
	const struct tree_label *label = &drawer->tree->labels.items[node->label];
	const struct names *names = drawer->tree->profile->names;
	struct buf details = { 0 };
	struct flame_box box = {
		.name = names_text(names, label->name),
		.level = drawer->levels[i],
		.start = drawer->next[node->parent],
		.width = part(drawer, i),
	};

	drawer->next[i] = box.start;
	drawer->next[node->parent] += box.width;
	if (box.width < FLAME_NARROWEST)
		return false;
	append_details(&details, drawer, i);
	box.details = buf_str(&details);
	box.colour = flame_colour(label->is_process ? MODULE_NOTE : label->kind,
				  names_text(names, label->module), box.name);
	flame_box(&box, drawer->out);
	buf_release(&details);
	return true;
}

/* Widths and levels of all nodes; how many there are of levels, and boxes too narrow. */
static void measure(struct drawer *drawer)
{
	const struct tree *tree = drawer->tree;

	drawer->widths = xcalloc(tree->nodes.n, sizeof(*drawer->widths));
	drawer->next = xcalloc(tree->nodes.n, sizeof(*drawer->next));
	drawer->levels = xcalloc(tree->nodes.n, sizeof(*drawer->levels));
	for (size_t i = tree->nodes.n; i-- > 0;) {
		const struct tree_node *node = &tree->nodes.items[i];
		int64_t self = node->self[drawer->value];

		drawer->widths[i] = value_add(drawer->widths[i], self > 0 ? self : 0);
		if (i)
			drawer->widths[node->parent] =
				value_add(drawer->widths[node->parent], drawer->widths[i]);
	}
	drawer->picture.n_levels = 1;
	for (uint32_t i = 1; i < tree->nodes.n; i++) {
		drawer->levels[i] = drawer->levels[tree->nodes.items[i].parent] + 1;
		if (part(drawer, i) < FLAME_NARROWEST)
			drawer->picture.n_left_out += drawer->widths[i] > 0;
		else if (drawer->levels[i] >= drawer->picture.n_levels)
			drawer->picture.n_levels = drawer->levels[i] + 1;
	}
}

static void append_head(struct buf *out, const struct drawer *drawer,
			const struct export_options *options)
{
	const struct profile *profile = drawer->tree->profile;
	struct report_options head = { .filter = options->filter };
	int64_t missing = drawer->widths[0] - drawer->tree->nodes.items[0].total[drawer->value];

	text_header(out, profile, &head);
	buf_printf(out, "widths: %s", profile->types[drawer->value].type);
	if (missing > 0) {
		buf_puts(out, "; what is less than nothing, -");
		append_amount(out, drawer, missing);
		buf_puts(out, " in all, has none");
	}
	buf_puts(out, "\n");
}

static void put_root(const struct drawer *drawer)
{
	struct buf name = { 0 };
	struct flame_box box = { .details = "", .width = 1, .colour = 0xc9d0d8 };

	buf_puts(&name, "all: ");
	append_amount(&name, drawer, drawer->widths[0]);
	box.name = buf_str(&name);
	flame_box(&box, drawer->out);
	buf_release(&name);
}

int export_svg(const struct profile *profile, const struct export_options *options, FILE *out)
{
	struct tree tree;
	struct buf head = { 0 };
	struct drawer drawer = {
		.visitor = { .enter = enter },
		.tree = &tree,
		.out = out,
		.value = options->value < 0 ? profile->default_type : (size_t)options->value,
		.picture.audit = profile->audit,
	};

	tree_build_by_process(&tree, profile, TREE_FUNCTION, drawer.value);
	measure(&drawer);
	append_head(&head, &drawer, options);
	drawer.picture.head = buf_str(&head);
	flame_begin(&drawer.picture, out);
	put_root(&drawer);
	tree_walk(&tree, &drawer.visitor);
	flame_end(&drawer.picture, out);
	buf_release(&head);
	free(drawer.widths);
	free(drawer.next);
	free(drawer.levels);
	tree_release(&tree);
	return ferror(out) ? -(errno ? errno : EIO) : 0;
}
