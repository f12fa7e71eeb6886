/* SPDX-License-Identifier: GPL-2.0-only */
/* The report for programs; sysprof-report(1) has the keys. */
#include <errno.h>

#include "base/escape.h"
#include "export/report.h"
#include "json.h"
#include "model/audit.h"
#include "model/names.h"
#include "select.h"

static json_t *text(const char *raw)
{
	struct buf fit = { 0 };
	json_t *ret;

	escape_text(&fit, raw, strlen(raw));
	ret = json_string(buf_str(&fit));
	buf_release(&fit);
	return ret;
}

json_t *json_number(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

/* { "samples": 12, "cpu": 120000000 } */
static json_t *values(const struct profile *profile, const int64_t *values)
{
	json_t *ret = json_object();

	for (size_t i = 0; i < profile->n_types; i++)
		json_object_set_new(ret, profile->types[i].type, json_integer(values[i]));
	return ret;
}

static void add_meta(void *arg, const char *key, const char *value)
{
	struct buf fit = { 0 };

	escape_text(&fit, key, strlen(key));
	json_object_set_new(arg, buf_str(&fit), text(value));
	buf_release(&fit);
}

json_t *json_recording(const struct model *model)
{
	struct model_window window = model_window(model);
	json_t *ret = json_object(), *meta = json_object();

	dictionary_each_meta(model_dictionary(model), add_meta, meta);
	json_object_set_new(ret, "meta", meta);
	json_object_set_new(ret, "start_wall_ns", json_number(window.wall_ns));
	json_object_set_new(ret, "duration_ns", json_number(window.end_ns - window.start_ns));
	json_object_set_new(ret, "is_complete", json_boolean(window.has_end));
	return ret;
}

static json_t *types(const struct profile *profile)
{
	json_t *ret = json_array();

	for (size_t i = 0; i < profile->n_types; i++)
		json_array_append_new(
			ret, json_pack("{s:s,s:s,s:I,s:I}", "type", profile->types[i].type, "unit",
				       profile->types[i].unit, "total",
				       (json_int_t)profile_total(profile, i), "unfiltered_total",
				       (json_int_t)profile->unfiltered[i]));
	return ret;
}

void json_set_text(json_t *object, const char *key, const char *value)
{
	if (*value)
		json_object_set_new(object, key, json_string(value));
}

/* "all", "some" or "no" calls were inlined. */
static const char *inlined(bool is_inlined, bool is_called)
{
	return !is_inlined ? "no" : is_called ? "some" : "all";
}

static json_t *row_of(const struct profile *profile, const struct table_row *row,
		      enum table_key key)
{
	const struct names *names = profile->names;
	json_t *ret = json_object();

	json_object_set_new(ret, "name", json_string(names_text(names, row->name)));
	if (key >= TABLE_PROCESS) {
		if (key == TABLE_PROCESS || key == TABLE_THREAD)
			json_object_set_new(ret, "pid", json_integer(row->pid));
		if (key == TABLE_THREAD)
			json_object_set_new(ret, "tid", json_integer(row->tid));
	} else {
		json_set_text(ret, "module", names_text(names, row->module));
		json_object_set_new(ret, "is_in_more_modules", json_boolean(row->is_in_more));
		json_object_set_new(ret, "inlined",
				    json_string(inlined(row->is_inlined, row->is_called)));
	}
	if (key == TABLE_LINE) {
		json_set_text(ret, "file", names_text(names, row->file));
		json_object_set_new(ret, "line", json_integer(row->line));
	}
	if (key >= TABLE_PROCESS && profile->has_max) {
		json_object_set_new(ret, "mean",
				    json_integer(row->flat[profile->default_type] /
						 (row->flat[0] > 0 ? row->flat[0] : 1)));
		if (row->max > 0)
			json_object_set_new(ret, "max", json_integer(row->max));
	}
	json_object_set_new(ret, "flat", values(profile, row->flat));
	json_object_set_new(ret, "cum", values(profile, row->cum));
	return ret;
}

static json_t *rows(const struct profile *profile, const struct report_options *options,
		    enum table_key key)
{
	json_t *ret = json_array();
	struct table table;
	size_t n;

	table_build(&table, profile, key);
	table_sort(&table, options->value, options->by_cum);
	n = options->n_rows && options->n_rows < table.rows.n ? options->n_rows : table.rows.n;
	for (size_t i = 0; i < n; i++)
		json_array_append_new(ret, row_of(profile, &table.rows.items[i], key));
	table_release(&table);
	return ret;
}

/*
 * A tree is a list of nodes that name their parents, and not nested: its depth
 * is that of the stacks, which few JSON parsers would follow.
 */
struct lister {
	struct tree_visitor visitor;
	const struct tree *tree;
	const struct report_options *options;
	json_t *list;
	json_int_t *id_of; /* of each node, its place in the list; -1 for the root */
	int64_t least;
};

static bool enter(struct tree_visitor *visitor, uint32_t i)
{
	struct lister *lister = (struct lister *)visitor;
	const struct profile *profile = lister->tree->profile;
	const struct tree_node *node = &lister->tree->nodes.items[i];
	const struct tree_label *label = &lister->tree->labels.items[node->label];
	json_t *item;

	if (node->total[lister->options->value] < lister->least)
		return false;
	lister->id_of[i] = (json_int_t)json_array_size(lister->list);
	item = json_pack("{s:I,s:s}", "parent", lister->id_of[node->parent], "name",
			 names_text(profile->names, label->name));
	json_set_text(item, "module", names_text(profile->names, label->module));
	if (label->file) {
		json_set_text(item, "file", names_text(profile->names, label->file));
		json_object_set_new(item, "line", json_integer(label->line));
	}
	json_object_set_new(item, "flat", values(profile, node->self));
	json_object_set_new(item, "cum", values(profile, node->total));
	json_array_append_new(lister->list, item);
	return true;
}

static json_t *list(const struct tree *tree, const struct report_options *options)
{
	int64_t total = profile_total(tree->profile, options->value);
	struct lister lister = {
		.visitor = { enter, NULL },
		.tree = tree,
		.options = options,
		.list = json_array(),
		.id_of = xcalloc(tree->nodes.n, sizeof(*lister.id_of)),
		.least = (int64_t)((double)total * options->min_percent / 100),
	};

	lister.id_of[0] = -1;
	tree_walk(tree, &lister.visitor);
	free(lister.id_of);
	return lister.list;
}

static int add_selected(json_t *root, const struct tree *tree, const struct report_options *options,
			struct buf *message)
{
	struct selection selection;
	struct tree part;
	json_t *ret;
	int error = select_labels(tree, options->function, options->value, &selection, message);

	if (error)
		return error;
	ret = json_array();
	for (size_t i = 0; i < selection.labels.n; i++) {
		if (options->view == REPORT_CALLERS)
			tree_callers(&part, tree, selection.labels.items[i], options->value);
		else
			tree_callees(&part, tree, selection.labels.items[i], options->value);
		json_array_append_new(ret, list(&part, options));
		tree_release(&part);
	}
	json_object_set_new(root, options->view == REPORT_CALLERS ? "callers" : "callees", ret);
	selection_release(&selection);
	return 0;
}

static int add_view(json_t *root, const struct profile *profile,
		    const struct report_options *options, struct buf *message)
{
	struct tree tree;
	int error = 0;

	json_object_set_new(root, "rows", rows(profile, options, options->key));
	if (profile->has_max)
		json_object_set_new(root, "stacks", rows(profile, options, TABLE_STACK));
	if (options->view == REPORT_TABLE)
		return 0;
	tree_build(&tree, profile, table_tree_key(options->key), options->value);
	if (options->view == REPORT_TREE)
		json_object_set_new(root, "tree", list(&tree, options));
	else
		error = add_selected(root, &tree, options, message);
	tree_release(&tree);
	return error;
}

static void add_counter(void *arg, const char *name, uint64_t value)
{
	struct buf fit = { 0 };

	escape_text(&fit, name, strlen(name));
	json_object_set_new(arg, buf_str(&fit), json_number(value));
	buf_release(&fit);
}

json_t *json_lines(const struct audit *audit)
{
	json_t *ret = json_array();
	const struct audit_line *line;

	if (!audit)
		return ret;
	array_for_each(line, &audit->lines)
		json_array_append_new(ret, json_pack("{s:s,s:b}", "text", line->text, "is_flaw",
						     line->is_flaw));
	return ret;
}

json_t *json_audit(const struct model *model, const struct audit *audit)
{
	struct model_losses losses = model_losses(model);
	json_t *ret = json_object(), *counters = json_object();

	model_each_counter(model, add_counter, counters);
	json_object_set_new(ret, "lines", json_lines(audit));
	json_object_set_new(ret, "samples", json_number(losses.n_samples));
	json_object_set_new(ret, "lost_records", json_number(losses.n_lost));
	json_object_set_new(ret, "throttled", json_number(losses.n_throttled));
	json_object_set_new(ret, "counters", counters);
	return ret;
}

int json_finish(json_t *root, FILE *out)
{
	int error = 0;

	if (json_dumpf(root, out, JSON_INDENT(1)) || fputc('\n', out) == EOF)
		error = errno ? -errno : -EIO;
	json_decref(root);
	return error;
}

int report_json(const struct profile *profile, const struct report_options *options, FILE *out,
		struct buf *message)
{
	json_t *root = json_object();
	int error;

	json_object_set_new(root, "sysprof", json_string(SYSPROF_VERSION));
	json_object_set_new(root, "profile", json_string(profile->name));
	json_object_set_new(root, "filter", json_string(options->filter ? options->filter : ""));
	json_object_set_new(root, "time_ns", json_number(profile->time_ns));
	json_object_set_new(root, "duration_ns", json_number(profile->duration_ns));
	json_object_set_new(root, "period", json_integer(profile->period));
	json_object_set_new(root, "types", types(profile));
	json_object_set_new(root, "value", json_string(profile->types[options->value].type));
	json_object_set_new(root, "recording", json_recording(profile->model));
	if (profile->notes.lines.n)
		json_object_set_new(root, "notes", json_lines(&profile->notes));
	error = add_view(root, profile, options, message);
	json_object_set_new(root, "audit", json_audit(profile->model, profile->audit));
	if (!error)
		return json_finish(root, out);
	json_decref(root);
	return error;
}
