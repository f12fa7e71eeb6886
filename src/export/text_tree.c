/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trees are indented where they branch only, and direct recursion is one line, so
 * that deep stacks stay readable: a line without "+" is the only callee of the line
 * above it.
 */
#include "base/escape.h"
#include "base/human.h"
#include "export/scale.h"
#include "model/names.h"
#include "select.h"
#include "text.h"

#define SELECTED_MAX   10 /* functions whose callers or callees are shown */
#define NAME_WIDTH_MIN 20

struct children {
	uint32_t n_shown, n_left_out;
	int64_t left_out;
};

struct printer {
	struct tree_visitor visitor;
	struct buf *out;
	const struct tree *tree;
	const struct report_options *options;
	struct scale scale;
	int value_width;
	int64_t total;          /* 100 % */
	int64_t least;          /* what is less is left out */
	uint32_t *indent;       /* of each node that is shown: its own */
	bool *is_fork;          /* likewise: it has several children */
	bool has_self;          /* the column */
	struct children hidden; /* what no line tells of */
};

static int64_t value(const struct printer *printer, uint32_t node)
{
	return printer->tree->nodes.items[node].total[printer->options->value];
}

static struct children count_children(const struct printer *printer, uint32_t node)
{
	const struct tree_node *nodes = printer->tree->nodes.items;
	struct children ret = { 0 };

	for (node = nodes[node].first_child; node; node = nodes[node].next_sibling) {
		if (value(printer, node) >= printer->least) {
			ret.n_shown++;
		} else {
			ret.n_left_out++;
			ret.left_out = value_add(ret.left_out, value(printer, node));
		}
	}
	return ret;
}

/* The columns before the name; @self < 0: none, of a sum of what is left out. */
static void put_values(const struct printer *printer, int64_t total, int64_t self)
{
	struct buf cell = { 0 };

	scale_format(&cell, &printer->scale, total);
	buf_printf(printer->out, "%*s %6.2f%%", printer->value_width, buf_str(&cell),
		   human_percent(total, printer->total));
	if (printer->has_self) {
		buf_clear(&cell);
		if (self >= 0)
			scale_format(&cell, &printer->scale, self);
		buf_printf(printer->out, " %*s", printer->value_width, buf_str(&cell));
	}
	buf_puts(printer->out, "  ");
	buf_release(&cell);
}

/* Append what is in @text as far as the line is wide. */
static void put_rest_of_line(const struct printer *printer, const char *text, size_t used)
{
	size_t width = printer->options->width;
	size_t left = width > used + NAME_WIDTH_MIN ? width - used : NAME_WIDTH_MIN;

	text_fit_name(printer->out, text, width ? left : 0);
	while (printer->out->data[printer->out->size - 1] == ' ')
		printer->out->size--;
	buf_puts(printer->out, "\n");
}

static size_t values_width(const struct printer *printer)
{
	size_t width = (size_t)printer->value_width;

	return width + 1 + 7 + 2 + (printer->has_self ? width + 1 : 0);
}

/* "[libc.so.6]"; "[kernel]" has its brackets. */
static void put_module(struct buf *out, const char *module, bool is_in_more)
{
	bool has_brackets = *module == '[';

	buf_printf(out, "  %s%s%s%s", has_brackets ? "" : "[", module, is_in_more ? " …" : "",
		   has_brackets ? "" : "]");
}

static void put_node(const struct printer *printer, uint32_t i, bool is_branch)
{
	const struct tree_node *node = &printer->tree->nodes.items[i];
	const struct tree_label *label = &printer->tree->labels.items[node->label];
	const struct names *names = printer->tree->profile->names;
	int indent = 2 * (int)printer->indent[i];
	struct buf text = { 0 };

	put_values(printer, value(printer, i), node->self[printer->options->value]);
	if (is_branch)
		buf_printf(printer->out, "%*s+ ", indent - 2, "");
	else
		buf_printf(printer->out, "%*s", indent, "");
	buf_puts(&text, names_text(names, label->name));
	if (label->file)
		buf_printf(&text, " %s:%u", names_text(names, label->file), label->line);
	if (label->module && printer->options->key != TABLE_MODULE)
		put_module(&text, names_text(names, label->module), label->is_in_more);
	put_rest_of_line(printer, buf_str(&text), values_width(printer) + (size_t)indent);
	buf_release(&text);
}

/* What is left out gets a line where it is as much as what gets one. */
static bool has_rest(const struct printer *printer, struct children children)
{
	return children.n_left_out > 0 && children.left_out >= printer->least;
}

static bool is_fork(const struct printer *printer, uint32_t node)
{
	struct children children = count_children(printer, node);

	return children.n_shown + has_rest(printer, children) > 1;
}

static bool enter(struct tree_visitor *visitor, uint32_t node)
{
	struct printer *printer = (struct printer *)visitor;
	uint32_t parent = printer->tree->nodes.items[node].parent;

	if (value(printer, node) < printer->least)
		return false;
	printer->is_fork[node] = is_fork(printer, node);
	printer->indent[node] = printer->indent[parent] + printer->is_fork[parent];
	put_node(printer, node, printer->is_fork[parent]);
	return true;
}

/* Say what is not shown below @node. */
static void leave(struct tree_visitor *visitor, uint32_t node)
{
	struct printer *printer = (struct printer *)visitor;
	struct children children;

	if (node && value(printer, node) < printer->least)
		return;
	children = count_children(printer, node);
	if (!has_rest(printer, children)) {
		printer->hidden.n_left_out += children.n_left_out;
		printer->hidden.left_out = value_add(printer->hidden.left_out, children.left_out);
		return;
	}
	put_values(printer, children.left_out, -1);
	buf_printf(printer->out, "%*s… %u below %.3g%%\n",
		   2 * (int)(printer->indent[node] + printer->is_fork[node]), "",
		   children.n_left_out, printer->options->min_percent);
}

static void put_hidden(const struct printer *printer)
{
	if (!printer->hidden.n_left_out)
		return;
	put_values(printer, printer->hidden.left_out, -1);
	buf_printf(printer->out, "… left out here and there: %u below %.3g%%\n",
		   printer->hidden.n_left_out, printer->options->min_percent);
}

static void put_heads(const struct printer *printer)
{
	int width = printer->value_width;

	buf_printf(printer->out, "%*s %7s", width, "cum", "cum%");
	if (printer->has_self)
		buf_printf(printer->out, " %*s", width, "flat");
	buf_printf(printer->out, "  %s\n",
		   printer->options->view == REPORT_CALLERS ? "function and its callers" :
							      "function and its callees");
}

static void put_tree(struct printer *printer, const struct tree *full)
{
	struct tree tree;

	tree_fold_recursion(&tree, full, printer->options->value);
	printer->tree = &tree;
	printer->indent = xcalloc(tree.nodes.n, sizeof(*printer->indent));
	printer->is_fork = xcalloc(tree.nodes.n, sizeof(*printer->is_fork));
	printer->is_fork[0] = is_fork(printer, 0);
	printer->hidden = (struct children){ 0 };
	put_heads(printer);
	tree_walk(&tree, &printer->visitor);
	leave(&printer->visitor, 0);
	put_hidden(printer);
	free(printer->indent);
	free(printer->is_fork);
	tree_release(&tree);
}

static void printer_init(struct printer *printer, struct buf *out, const struct tree *tree,
			 const struct report_options *options)
{
	const struct profile *profile = tree->profile;
	struct buf cell = { 0 };

	*printer = (struct printer){
		.visitor = { enter, leave },
		.out = out,
		.options = options,
		.total = tree->nodes.items[0].total[options->value],
		.has_self = options->view != REPORT_CALLERS,
	};
	printer->scale = scale_for(profile->types[options->value].unit, printer->total);
	printer->least = (int64_t)((double)printer->total * options->min_percent / 100);
	if (printer->least < 1)
		printer->least = 1;
	scale_format(&cell, &printer->scale, printer->total);
	printer->value_width = cell.size > strlen("flat") ? (int)cell.size : (int)strlen("flat");
	buf_release(&cell);
}

static int put_selected(struct printer *printer, const struct tree *tree, struct buf *message)
{
	const struct report_options *options = printer->options;
	struct selection selection;
	struct tree part;
	int error = select_labels(tree, options->function, options->value, &selection, message);

	if (error)
		return error;
	for (size_t i = 0; i < selection.labels.n && i < SELECTED_MAX; i++) {
		if (options->view == REPORT_CALLERS)
			tree_callers(&part, tree, selection.labels.items[i], options->value);
		else
			tree_callees(&part, tree, selection.labels.items[i], options->value);
		buf_puts(printer->out, "\n");
		put_tree(printer, &part);
		tree_release(&part);
	}
	if (selection.labels.n > SELECTED_MAX)
		buf_printf(printer->out, "\n… %zu more functions match\n",
			   selection.labels.n - SELECTED_MAX);
	selection_release(&selection);
	return 0;
}

int text_trees(struct buf *out, const struct profile *profile, const struct report_options *options,
	       struct buf *message)
{
	struct printer printer;
	struct tree tree;
	int error = 0;

	tree_build(&tree, profile, table_tree_key(options->key), options->value);
	printer_init(&printer, out, &tree, options);
	if (options->view == REPORT_TREE) {
		buf_puts(out, "\n");
		put_tree(&printer, &tree);
	} else {
		error = put_selected(&printer, &tree, message);
	}
	tree_release(&tree);
	return error;
}
