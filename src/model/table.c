/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/table.h"

#include "base/buf.h"
#include "model/names.h"

struct summer {
	struct tree_visitor visitor;
	const struct tree *tree;
	struct table *table;
	uint32_t *depth; /* how often each label stands on the way from the root */
};

static bool enter(struct tree_visitor *visitor, uint32_t i)
{
	struct summer *summer = (struct summer *)visitor;
	const struct tree_node *node = &summer->tree->nodes.items[i];
	struct table_row *row = &summer->table->rows.items[node->label];

	values_add(row->flat, node->self);
	if (summer->depth[node->label]++ == 0)
		values_add(row->cum, node->total);
	return true;
}

static void leave(struct tree_visitor *visitor, uint32_t i)
{
	struct summer *summer = (struct summer *)visitor;

	summer->depth[summer->tree->nodes.items[i].label]--;
}

static void start(struct table *table, const struct profile *profile)
{
	*table = (struct table){ .profile = profile };
	for (size_t i = 0; i < profile->n_types; i++)
		table->total[i] = profile_total(profile, i);
}

void table_from_tree(struct table *ret, const struct tree *tree)
{
	struct summer summer = { { enter, leave }, tree, ret, NULL };
	const struct tree_label *label;

	start(ret, tree->profile);
	array_for_each(label, &tree->labels)
		*array_add(&ret->rows) = (struct table_row){
			.name = label->name,
			.module = label->module,
			.file = label->file,
			.line = label->line,
			.is_in_more = label->is_in_more,
			.is_inlined = label->is_inlined,
			.is_called = label->is_called,
		};
	summer.depth = xcalloc(tree->labels.n + 1, sizeof(*summer.depth));
	tree_walk(tree, &summer.visitor);
	free(summer.depth);
}

static void put_level(struct buf *text, struct names *names, uint32_t frame)
{
	struct levels levels = names_frame(names, frame);

	for (size_t i = 0; i < levels.n; i++) {
		if (text->size)
			buf_puts(text, " ← ");
		buf_puts(text,
			 names_text(names, names_function(names, levels.items[i].function).name));
	}
}

/* "read ← work ← main" */
static uint32_t text_of_stack(const struct profile *profile, uint32_t stack)
{
	const struct dictionary *dict = model_dictionary(profile->model);
	struct buf text = { 0 };
	uint32_t id;

	if (!stack)
		put_level(&text, profile->names, NAMES_NO_STACK);
	while (stack) {
		struct dict_stack node = dictionary_stack(dict, stack);

		put_level(&text, profile->names, names_frame_of(node));
		stack = node.parent;
	}
	id = names_intern(profile->names, buf_str(&text));
	buf_release(&text);
	return id;
}

/* What a row of the profile is counted under, as a number. */
static uint32_t key_of(const struct profile *profile, const struct profile_row *row,
		       enum table_key key, struct map *text_by_stack)
{
	uint32_t thread = model_task(profile->model, row->key.task).thread;

	if (key == TABLE_CPU)
		return row->key.cpu;
	if (key == TABLE_STACK) {
		uint64_t *text = map_insert(text_by_stack, row->key.stack);

		if (!*text)
			*text = text_of_stack(profile, row->key.stack);
		return (uint32_t)*text;
	}
	return key == TABLE_THREAD ? thread : model_thread(profile->model, thread).leader;
}

static uint32_t text_of_number(struct names *names, uint32_t number)
{
	struct buf text = { 0 };
	uint32_t id;

	buf_printf(&text, "%u", number);
	id = names_intern(names, buf_str(&text));
	buf_release(&text);
	return id;
}

static void describe(struct table_row *ret, const struct profile *profile,
		     const struct profile_row *row, enum table_key key, uint32_t number)
{
	struct model_task task = model_task(profile->model, row->key.task);
	struct model_thread thread = model_thread(profile->model, task.thread);
	uint32_t string;

	if (key == TABLE_STACK) {
		ret->name = number;
		return;
	}
	if (key == TABLE_CPU && row->key.cpu == PROFILE_NO_CPU) {
		ret->name = names_intern(profile->names, "[no CPU]");
		return;
	}
	if (key == TABLE_CPU) {
		ret->name = text_of_number(profile->names, number);
		return;
	}
	if (key == TABLE_PROCESS)
		string = model_thread(profile->model, thread.leader).name;
	else
		string = thread.name;
	if (!string)
		string = model_task_process_name(profile->model, row->key.task);
	ret->name = names_string(profile->names, string);
	if (!ret->name)
		ret->name = names_intern(profile->names, "[unnamed]");
	ret->pid = thread.pid;
	ret->tid = key == TABLE_THREAD ? thread.tid : 0;
}

static void build_by_row(struct table *ret, const struct profile *profile, enum table_key key)
{
	struct map by_key = { 0 }, text_by_stack = { 0 };
	const struct profile_row *row;

	start(ret, profile);
	array_for_each(row, &profile->rows) {
		uint32_t number = key_of(profile, row, key, &text_by_stack);
		uint64_t *at = map_insert(&by_key, number);
		struct table_row *to;

		if (!*at) {
			describe(array_add(&ret->rows), profile, row, key, number);
			*at = ret->rows.n;
		}
		to = &ret->rows.items[*at - 1];
		values_add(to->flat, row->values);
		values_add(to->cum, row->values);
		if (row->max > to->max)
			to->max = row->max;
	}
	map_release(&by_key);
	map_release(&text_by_stack);
}

enum tree_key table_tree_key(enum table_key key)
{
	switch (key) {
	case TABLE_SYMBOL:
		return TREE_SYMBOL;
	case TABLE_LINE:
		return TREE_LINE;
	case TABLE_MODULE:
		return TREE_MODULE;
	default:
		return TREE_FUNCTION;
	}
}

void table_build(struct table *ret, const struct profile *profile, enum table_key key)
{
	struct tree tree;

	if (key >= TABLE_PROCESS) {
		build_by_row(ret, profile, key);
		return;
	}
	tree_build(&tree, profile, table_tree_key(key), 0);
	table_from_tree(ret, &tree);
	tree_release(&tree);
}

struct order {
	const struct table *table;
	size_t type;
	bool by_cum;
};

static int compare_values(int64_t a, int64_t b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

static int compare_u32(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct order *order = arg;
	const struct names *names = order->table->profile->names;
	const struct table_row *x = a, *y = b;
	int flat = compare_values(x->flat[order->type], y->flat[order->type]);
	int cum = compare_values(x->cum[order->type], y->cum[order->type]);
	int by;

	by = order->by_cum ? (cum ? cum : flat) : (flat ? flat : cum);
	if (!by)
		by = strcmp(names_text(names, x->name), names_text(names, y->name));
	if (!by)
		by = strcmp(names_text(names, x->module), names_text(names, y->module));
	if (!by)
		by = strcmp(names_text(names, x->file), names_text(names, y->file));
	if (!by)
		by = compare_u32(x->line, y->line);
	if (!by)
		by = compare_u32(x->pid, y->pid);
	return by ? by : compare_u32(x->tid, y->tid);
}

void table_sort(struct table *table, size_t type, bool by_cum)
{
	struct order order = { table, type, by_cum };

	if (table->rows.n)
		qsort_r(table->rows.items, table->rows.n, sizeof(*table->rows.items), compare_rows,
			&order);
}

void table_release(struct table *table)
{
	array_release(&table->rows);
}
