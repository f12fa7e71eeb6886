/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/tree.h"

#include "model/names.h"

static bool is_same(const struct tree_label *a, const struct tree_label *b, bool with_module)
{
	return a->name == b->name && a->file == b->file && a->line == b->line &&
	       a->is_process == b->is_process && (!with_module || a->module == b->module);
}

/* The label like @label, made if need be; what is no part of the key is gathered in it. */
static uint32_t intern_label(struct tree *tree, const struct tree_label *label, bool with_module)
{
	uint64_t hash = hash_u64((uint64_t)label->name << 32 | label->line) ^ label->file;
	uint64_t *first = map_insert(&tree->by_hash, hash);
	struct tree_label *known;
	uint32_t id;

	for (id = (uint32_t)*first; id; id = known->next) {
		known = &tree->labels.items[id - 1];
		if (!is_same(known, label, with_module))
			continue;
		known->is_in_more |= known->module != label->module;
		known->is_inlined |= label->is_inlined;
		known->is_called |= label->is_called;
		return id - 1;
	}
	known = array_add(&tree->labels);
	*known = *label;
	known->next = (uint32_t)*first;
	*first = tree->labels.n;
	return (uint32_t)*first - 1;
}

static uint32_t child(struct tree *tree, uint32_t parent, uint32_t label)
{
	uint64_t *node = map_insert(&tree->children, (uint64_t)parent << 32 | label);

	if (!*node) {
		*node = tree->nodes.n;
		*array_add(&tree->nodes) = (struct tree_node){ .label = label, .parent = parent };
	}
	return (uint32_t)*node;
}

/* What @key tells apart of one level of a frame. */
static struct tree_label label_of(const struct profile *profile, const struct level *level,
				  enum tree_key key)
{
	struct names *names = profile->names;
	const struct dictionary *dict = model_dictionary(profile->model);
	struct function function = names_function(names, level->function);
	struct tree_label label = { .name = function.name };

	label.module = names_module_short(names, function.module);
	label.kind = dictionary_module(dict, function.module).kind;
	if (key == TREE_LINE) {
		label.file = function.file;
		label.line = level->line;
	} else if (key == TREE_MODULE) {
		label.name = names_module_path(names, function.module);
		if (!label.name) /* a note, or code outside of all modules */
			label.name = function.is_named ? names_intern(names, "[unknown]") :
							 function.name;
	}
	return label;
}

/* The node of @frame called from node @parent. */
static uint32_t add_frame(struct tree *tree, uint32_t parent, uint32_t frame, enum tree_key key)
{
	struct names *names = tree->profile->names;
	struct levels levels = names_frame(names, frame);
	uint32_t node = parent;

	for (size_t i = levels.n; i-- > 0;) {
		struct tree_label label = label_of(tree->profile, &levels.items[i], key);
		uint32_t id;

		label.is_inlined = i + 1 < levels.n;
		label.is_called = !label.is_inlined;
		id = intern_label(tree, &label, key == TREE_SYMBOL || key == TREE_MODULE);
		/* Of modules, the passage from one to another is what counts. */
		if (key == TREE_MODULE && node != 0 && tree->nodes.items[node].label == id)
			continue;
		node = child(tree, node, id);
	}
	return node;
}

/*
 * Gives stacks their nodes below one root.  A stack that was placed below an
 * earlier root counts as not placed, without anything to be cleared.
 */
struct placer {
	struct tree *tree;
	enum tree_key key;
	uint32_t root;
	uint32_t epoch; /* of the root: 1, 2, 3 … */
	uint32_t n_stacks;
	uint32_t *epoch_of; /* of each stack, when it was placed last; 0: never */
	uint32_t *node_of;
	ARRAY(uint32_t) way; /* scratch */
};

static void placer_init(struct placer *placer, struct tree *tree, enum tree_key key)
{
	uint32_t n = dictionary_n_stacks(model_dictionary(tree->profile->model));

	*placer = (struct placer){ .tree = tree, .key = key, .epoch = 1, .n_stacks = n };
	placer->epoch_of = xcalloc((size_t)n + 1, sizeof(*placer->epoch_of));
	placer->node_of = xcalloc((size_t)n + 1, sizeof(*placer->node_of));
}

static void placer_release(struct placer *placer)
{
	free(placer->epoch_of);
	free(placer->node_of);
	array_release(&placer->way);
}

static uint32_t place(struct placer *placer, uint32_t stack)
{
	const struct dictionary *dict = model_dictionary(placer->tree->profile->model);
	uint32_t node;

	if (stack == 0 || stack > placer->n_stacks)
		return add_frame(placer->tree, placer->root,
				 stack ? NAMES_UNDEFINED : NAMES_NO_STACK, placer->key);
	placer->way.n = 0;
	for (; stack && placer->epoch_of[stack] != placer->epoch;
	     stack = dictionary_stack(dict, stack).parent)
		*array_add(&placer->way) = stack;
	node = stack ? placer->node_of[stack] : placer->root;
	while (placer->way.n > 0) {
		stack = placer->way.items[--placer->way.n];
		node = add_frame(placer->tree, node, names_frame_of(dictionary_stack(dict, stack)),
				 placer->key);
		placer->node_of[stack] = node;
		placer->epoch_of[stack] = placer->epoch;
	}
	return node;
}

static void sum_up(struct tree *tree)
{
	struct tree_node *nodes = tree->nodes.items;

	for (size_t i = tree->nodes.n; i-- > 0;) {
		values_add(nodes[i].total, nodes[i].self);
		if (i > 0)
			values_add(nodes[nodes[i].parent].total, nodes[i].total);
	}
}

struct order {
	const struct tree *tree;
	size_t type;
};

static int compare_nodes(const void *a, const void *b, void *arg)
{
	const struct order *order = arg;
	const struct tree *tree = order->tree;
	const struct tree_node *x = &tree->nodes.items[*(const uint32_t *)a];
	const struct tree_node *y = &tree->nodes.items[*(const uint32_t *)b];
	const struct tree_label *p = &tree->labels.items[x->label];
	const struct tree_label *q = &tree->labels.items[y->label];
	int by_name;

	if (x->total[order->type] != y->total[order->type])
		return x->total[order->type] < y->total[order->type] ? 1 : -1;
	by_name = strcmp(names_text(tree->profile->names, p->name),
			 names_text(tree->profile->names, q->name));
	if (by_name)
		return by_name;
	return x->label < y->label ? -1 : x->label > y->label;
}

/* Sort the children of @parent that are linked already. */
static void sort_children(struct tree *tree, uint32_t parent, struct order *order)
{
	struct tree_node *nodes = tree->nodes.items;
	ARRAY(uint32_t) children = { 0 };
	uint32_t node;

	for (node = nodes[parent].first_child; node; node = nodes[node].next_sibling)
		*array_add(&children) = node;
	qsort_r(children.items, children.n, sizeof(*children.items), compare_nodes, order);
	nodes[parent].first_child = children.items[0];
	for (size_t i = 0; i < children.n; i++)
		nodes[children.items[i]].next_sibling = i + 1 < children.n ? children.items[i + 1] :
									     0;
	array_release(&children);
}

static void link_children(struct tree *tree, size_t type)
{
	struct order order = { tree, type };
	struct tree_node *nodes = tree->nodes.items;

	for (uint32_t i = 1; i < tree->nodes.n; i++) {
		nodes[i].next_sibling = nodes[nodes[i].parent].first_child;
		nodes[nodes[i].parent].first_child = i;
	}
	for (uint32_t i = 0; i < tree->nodes.n; i++) {
		uint32_t first = nodes[i].first_child;

		if (first && nodes[first].next_sibling)
			sort_children(tree, i, &order);
	}
}

static void finish(struct tree *tree, size_t type)
{
	map_release(&tree->by_hash);
	map_release(&tree->children);
	sum_up(tree);
	link_children(tree, type);
}

static void start(struct tree *tree, const struct profile *profile)
{
	*tree = (struct tree){ .profile = profile };
	array_add(&tree->nodes); /* the root */
}

void tree_build(struct tree *ret, const struct profile *profile, enum tree_key key, size_t type)
{
	const struct profile_row *row;
	struct placer placer;

	start(ret, profile);
	placer_init(&placer, ret, key);
	array_for_each(row, &profile->rows) {
		uint32_t node = place(&placer, row->key.stack);

		values_add(ret->nodes.items[node].self, row->values);
	}
	placer_release(&placer);
	finish(ret, type);
}

struct rooted_row {
	uint32_t process; /* text id of its name */
	uint32_t row;
};

static int compare_rooted(const void *a, const void *b)
{
	const struct rooted_row *x = a, *y = b;

	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static struct rooted_row *rows_by_process(const struct profile *profile)
{
	struct rooted_row *rows = xcalloc(profile->rows.n + 1, sizeof(*rows));

	for (size_t i = 0; i < profile->rows.n; i++)
		rows[i] = (struct rooted_row){
			.process = names_process(profile->names, profile->model,
						 profile->rows.items[i].key.task),
			.row = (uint32_t)i,
		};
	qsort(rows, profile->rows.n, sizeof(*rows), compare_rooted);
	return rows;
}

void tree_build_by_process(struct tree *ret, const struct profile *profile, enum tree_key key,
			   size_t type)
{
	struct rooted_row *rows = rows_by_process(profile);
	struct tree_label label = { .is_process = true };
	struct placer placer;

	start(ret, profile);
	placer_init(&placer, ret, key);
	for (size_t i = 0; i < profile->rows.n; i++) {
		const struct profile_row *row = &profile->rows.items[rows[i].row];
		uint32_t node;

		if (i == 0 || rows[i].process != rows[i - 1].process) {
			label.name = rows[i].process;
			placer.root = child(ret, 0, intern_label(ret, &label, true));
			placer.epoch++;
		}
		node = place(&placer, row->key.stack);
		values_add(ret->nodes.items[node].self, row->values);
	}
	free(rows);
	placer_release(&placer);
	finish(ret, type);
}

static void copy_labels(struct tree *to, const struct tree *from)
{
	const struct tree_label *label;

	array_for_each(label, &from->labels)
		*array_add(&to->labels) = *label;
}

void tree_callees(struct tree *ret, const struct tree *tree, uint32_t label, size_t type)
{
	uint32_t *node_of = xcalloc(tree->nodes.n, sizeof(*node_of));

	start(ret, tree->profile);
	copy_labels(ret, tree);
	for (uint32_t i = 1; i < tree->nodes.n; i++) {
		const struct tree_node *node = &tree->nodes.items[i];
		uint32_t parent = node_of[node->parent];

		if (!parent && node->label != label)
			continue;
		node_of[i] = child(ret, parent, node->label);
		values_add(ret->nodes.items[node_of[i]].self, node->self);
	}
	free(node_of);
	finish(ret, type);
}

/* Turn round the way from the root to @node. */
static void add_callers(struct tree *ret, const struct tree *tree, uint32_t node)
{
	const int64_t *total = tree->nodes.items[node].total;
	uint32_t at = 0;

	for (; node; node = tree->nodes.items[node].parent)
		at = child(ret, at, tree->nodes.items[node].label);
	values_add(ret->nodes.items[at].self, total);
}

void tree_callers(struct tree *ret, const struct tree *tree, uint32_t label, size_t type)
{
	bool *is_below = xcalloc(tree->nodes.n, sizeof(*is_below));

	start(ret, tree->profile);
	copy_labels(ret, tree);
	for (uint32_t i = 1; i < tree->nodes.n; i++) {
		const struct tree_node *node = &tree->nodes.items[i];

		is_below[i] = is_below[node->parent] || node->label == label;
		if (is_below[i] && !is_below[node->parent])
			add_callers(ret, tree, i);
	}
	free(is_below);
	finish(ret, type);
}

void tree_fold_recursion(struct tree *ret, const struct tree *tree, size_t type)
{
	uint32_t *node_of = xcalloc(tree->nodes.n, sizeof(*node_of));

	start(ret, tree->profile);
	copy_labels(ret, tree);
	for (uint32_t i = 1; i < tree->nodes.n; i++) {
		const struct tree_node *node = &tree->nodes.items[i];
		uint32_t parent = node_of[node->parent];

		if (parent && ret->nodes.items[parent].label == node->label)
			node_of[i] = parent;
		else
			node_of[i] = child(ret, parent, node->label);
		values_add(ret->nodes.items[node_of[i]].self, node->self);
	}
	free(node_of);
	finish(ret, type);
}

void tree_release(struct tree *tree)
{
	array_release(&tree->labels);
	array_release(&tree->nodes);
	map_release(&tree->by_hash);
	map_release(&tree->children);
}

void tree_walk(const struct tree *tree, struct tree_visitor *visitor)
{
	const struct tree_node *nodes = tree->nodes.items;
	uint32_t node = nodes[0].first_child;

	while (node) {
		if (visitor->enter(visitor, node) && nodes[node].first_child) {
			node = nodes[node].first_child;
			continue;
		}
		for (;;) {
			if (visitor->leave)
				visitor->leave(visitor, node);
			if (nodes[node].next_sibling || !nodes[node].parent)
				break;
			node = nodes[node].parent;
		}
		node = nodes[node].next_sibling;
	}
}
