/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Folded stacks: `process;outermost;…;innermost VALUE`, equal ones added up.  What
 * separates fields cannot stand in one: a semicolon of a name becomes \x3b.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/buf.h"
#include "exporters.h"
#include "model/names.h"
#include "model/tree.h"

struct folder {
	struct tree_visitor visitor;
	const struct tree *tree;
	FILE *out;
	size_t value;
	struct buf way;        /* the names from the root to the node */
	ARRAY(size_t) lengths; /* of the way before each of them */
};

static void add_name(struct buf *way, const char *name)
{
	size_t n;

	if (way->size)
		buf_puts(way, ";");
	for (; *name; name += n) {
		n = strcspn(name, ";");
		buf_add(way, name, n);
		if (name[n] == ';') {
			buf_puts(way, "\\x3b");
			n++;
		}
	}
}

static bool enter(struct tree_visitor *visitor, uint32_t i)
{
	struct folder *folder = (struct folder *)visitor;
	const struct tree_node *node = &folder->tree->nodes.items[i];
	const struct tree_label *label = &folder->tree->labels.items[node->label];

	*array_add(&folder->lengths) = folder->way.size;
	add_name(&folder->way, names_text(folder->tree->profile->names, label->name));
	if (node->self[folder->value])
		fprintf(folder->out, "%s %" PRId64 "\n", buf_str(&folder->way),
			node->self[folder->value]);
	return true;
}

static void leave(struct tree_visitor *visitor, uint32_t i)
{
	struct folder *folder = (struct folder *)visitor;

	(void)i;
	folder->way.size = folder->lengths.items[--folder->lengths.n];
}

/* Samples, as those count who draw these graphs; or what the profile shows first. */
static size_t default_value(const struct profile *profile)
{
	int samples = profile_find_type(profile, "samples");

	return samples < 0 ? profile->default_type : (size_t)samples;
}

int export_folded(const struct profile *profile, const struct export_options *options, FILE *out)
{
	struct tree tree;
	struct folder folder = {
		.visitor = { enter, leave },
		.tree = &tree,
		.out = out,
		.value = options->value < 0 ? default_value(profile) : (size_t)options->value,
	};

	tree_build_by_process(&tree, profile, TREE_FUNCTION, folder.value);
	tree_walk(&tree, &folder.visitor);
	tree_release(&tree);
	buf_release(&folder.way);
	array_release(&folder.lengths);
	return ferror(out) ? -(errno ? errno : EIO) : 0;
}
