/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between two profiles as a page: that of a recording, whose only tab it is.
 * src/ui/assets/difference.js reads what is put here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/diff.h"
#include "model/diff_tree.h"
#include "page.h"
#include "page_names.h"
#include "page_profile.h"
#include "page_table.h"

enum { FACT_KEY, FACT_VALUE, N_FACT };
enum {
	ROW_NAME,
	ROW_MODULE,
	ROW_FILE,
	ROW_LINE,
	ROW_IS_IN,  /* a bit for each side */
	ROW_AMOUNT, /* the halves of doubles: old, new, noise */
	N_ROW
};
enum {
	NODE_PARENT,
	NODE_NAME,
	NODE_MODULE,
	NODE_IS_PROCESS,
	NODE_AMOUNT, /* the halves of doubles: old, new, noise, and old and new of itself */
	N_NODE
};

struct writer {
	const struct diff *diff;
	const struct diff_text_options *options;
	struct page_names names;
	struct page_table facts;
	FILE *out;
	int error; /* 0, or the first -errno */
};

static void note_error(struct writer *writer, int error)
{
	writer->error = writer->error ? writer->error : error;
}

/* Exactly: JavaScript has no integers of 64 bits. */
static void put_double(struct page_table *table, size_t column, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	page_table_add(table, column, bits >> 32);
	page_table_add(table, column, bits & UINT32_MAX);
}

static void put_fact(struct writer *writer, const char *key, const char *value)
{
	page_table_add(&writer->facts, FACT_KEY, page_string(&writer->names, key));
	page_table_add(&writer->facts, FACT_VALUE, page_string(&writer->names, value));
}

/* A line each, as line breaks in texts are shown escaped. */
static void put_head(struct writer *writer)
{
	const struct diff *diff = writer->diff;
	struct buf head = { 0 };
	char key[32], *rest, *line;
	unsigned int n = 0;

	diff_put_head(&head, diff, writer->options, diff->options.by_cum ? "cum, " : "flat, ");
	rest = xstrdup(buf_str(&head));
	for (char *next = rest; (line = strsep(&next, "\n"));) {
		snprintf(key, sizeof(key), "diff.head.%u", n++);
		if (*line)
			put_fact(writer, key, line + strspn(line, " "));
	}
	free(rest);
	buf_release(&head);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void put_facts(struct writer *writer)
{
	static const char *const scales[] = {
		[DIFF_TIME] = "time", [DIFF_SHARE] = "share", [DIFF_RUN] = "run"
	};
	const struct diff *diff = writer->diff;
	const struct value_type *type = &diff->sides[DIFF_OLD]->types[diff->options.value];
	const char *const *paths = writer->options->paths;
	struct buf text = { 0 };

	buf_printf(&text, "%s → %s", last_part(paths[DIFF_OLD]), last_part(paths[DIFF_NEW]));
	put_fact(writer, "command", buf_str(&text));
	put_head(writer);
	put_fact(writer, "diff.profile", diff->sides[DIFF_OLD]->name);
	put_fact(writer, "diff.type", type->type);
	put_fact(writer, "diff.unit", type->unit);
	put_fact(writer, "diff.scale", scales[diff->options.scale]);
	put_fact(writer, "page.lack", "it is of two recordings");
	put_fact(writer, "page.version", SYSPROF_VERSION);
	note_error(writer, page_table_finish(&writer->facts));
	buf_release(&text);
}

static void put_audits(struct writer *writer)
{
	static const char *const whose[DIFF_N_SIDES] = { "old: ", "new: " };

	for (int side = 0; side < DIFF_N_SIDES; side++)
		note_error(writer, page_put_audit(&writer->names, writer->diff->sides[side]->audit,
						  whose[side], writer->out));
}

static void put_amounts(struct page_table *table, size_t column, const struct diff_row *row)
{
	for (int side = 0; side < DIFF_N_SIDES; side++)
		put_double(table, column, row->amounts[side]);
	put_double(table, column, row->noise);
}

static void put_row(struct writer *writer, struct page_table *table, const struct diff_row *row)
{
	struct page_names *names = &writer->names;

	page_table_add(table, ROW_NAME, page_string(names, row->name));
	page_table_add(table, ROW_MODULE, page_string(names, row->module));
	page_table_add(table, ROW_FILE, page_string(names, row->file));
	page_table_add(table, ROW_LINE, row->line);
	page_table_add(table, ROW_IS_IN,
		       (uint64_t)row->is_in[DIFF_OLD] | (uint64_t)row->is_in[DIFF_NEW] << 1);
	put_amounts(table, ROW_AMOUNT, row);
	note_error(writer, page_table_end_row(table));
}

/* The first is the whole profile. */
static void put_rows(struct writer *writer)
{
	struct page_table table = { .name = "differences", .out = writer->out, .n_columns = N_ROW };
	const struct diff_row *row;

	put_row(writer, &table, &writer->diff->total);
	array_for_each(row, &writer->diff->rows)
		put_row(writer, &table, row);
	note_error(writer, page_table_finish(&table));
}

static void put_node(struct writer *writer, struct page_table *table, const struct diff_node *node)
{
	struct diff_row total, self;

	diff_judge(writer->diff, node->total, &total);
	diff_judge(writer->diff, node->self, &self);
	page_table_add(table, NODE_PARENT, node->parent);
	page_table_add(table, NODE_NAME, page_string(&writer->names, node->name));
	page_table_add(table, NODE_MODULE, page_string(&writer->names, node->module));
	page_table_add(table, NODE_IS_PROCESS, node->is_process);
	put_amounts(table, NODE_AMOUNT, &total);
	for (int side = 0; side < DIFF_N_SIDES; side++)
		put_double(table, NODE_AMOUNT, self.amounts[side]);
	note_error(writer, page_table_end_row(table));
}

/* Parents first, and the root before all. */
static void put_tree(struct writer *writer)
{
	struct page_table table = { .name = "difftree", .out = writer->out, .n_columns = N_NODE };
	const struct diff_node *node;
	struct diff_tree tree;

	diff_tree_build(&tree, writer->diff);
	array_for_each(node, &tree.nodes)
		put_node(writer, &table, node);
	note_error(writer, page_table_finish(&table));
	diff_tree_release(&tree);
}

int diff_html(const struct diff *diff, const struct diff_text_options *options, FILE *out)
{
	const struct profile *newer = diff->sides[DIFF_NEW];
	struct writer writer = {
		.diff = diff,
		.options = options,
		.facts = { .name = "facts", .out = out, .n_columns = N_FACT },
		.out = out,
	};

	page_names_init(&writer.names, newer->model, newer->names, out);
	fputs(page_head, out);
	put_facts(&writer);
	put_audits(&writer);
	put_rows(&writer);
	put_tree(&writer);
	note_error(&writer, page_names_finish(&writer.names));
	fputs(page_tail, out);
	if (fflush(out) || ferror(out))
		note_error(&writer, errno ? -errno : -EIO);
	return writer.error;
}
