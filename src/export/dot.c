/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A profile as a graph of who calls whom, for Graphviz, as pprof draws it: the functions
 * that matter, calls weighted by the value of the stacks that they stand on, and dotted
 * lines where functions in between were left out.  A stack counts once for a call, however
 * often it recurs.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/human.h"
#include "export/report.h"
#include "export/scale.h"
#include "exporters.h"
#include "flame.h"
#include "model/names.h"
#include "model/table.h"
#include "model/tree.h"
#include "text.h"

#define MOST_NODES     80
#define NODE_PERCENT   0.5 /* of the whole, at least */
#define EDGE_PERCENT   0.1
#define NAME_MAX       64
#define FONT_SMALLEST  10
#define FONT_GROWTH    22 /* of what is all of the profile */
#define PEN_GROWTH     5
#define WEIGHT_LARGEST 100

struct edge {
	uint32_t from, to; /* labels */
	int64_t value;
	bool is_direct;
};

struct graph {
	const struct tree *tree;
	struct table table; /* a row a label */
	size_t value;
	int64_t total;
	bool *is_kept; /* of labels */
	size_t n_kept;
	uint32_t *above; /* of nodes: the nearest node above that is kept; 0: none */
	ARRAY(struct edge) edges;
	struct map by_ends;
	FILE *out;
};

struct score {
	uint32_t label;
	double score;
};

static int compare_scores(const void *a, const void *b)
{
	const struct score *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return x->label < y->label ? -1 : x->label > y->label;
}

static bool is_least(const struct graph *graph, int64_t value, double percent)
{
	return value > 0 && human_percent(value, graph->total) >= percent;
}

/* Those with the most in them and below them. */
static void choose(struct graph *graph)
{
	size_t n = graph->table.rows.n, n_scores = 0;
	struct score *scores = xcalloc(n + 1, sizeof(*scores));

	for (size_t i = 0; i < n; i++) {
		const struct table_row *row = &graph->table.rows.items[i];
		int64_t cum = row->cum[graph->value];

		if (is_least(graph, cum, NODE_PERCENT))
			scores[n_scores++] = (struct score){
				.label = (uint32_t)i,
				.score = (double)cum + (double)row->flat[graph->value],
			};
	}
	qsort(scores, n_scores, sizeof(*scores), compare_scores);
	graph->n_kept = n_scores < MOST_NODES ? n_scores : MOST_NODES;
	for (size_t i = 0; i < graph->n_kept; i++)
		graph->is_kept[scores[i].label] = true;
	free(scores);
}

static uint32_t label_of(const struct graph *graph, uint32_t node)
{
	return graph->tree->nodes.items[node].label;
}

/* The same call stands further up on the stack of @node, and was counted there. */
static bool is_repeated(const struct graph *graph, uint32_t node)
{
	uint32_t to = label_of(graph, node), from = label_of(graph, graph->above[node]);

	for (node = graph->above[node]; graph->above[node]; node = graph->above[node]) {
		if (label_of(graph, node) == to && label_of(graph, graph->above[node]) == from)
			return true;
	}
	return false;
}

static void add_edge(struct graph *graph, uint32_t node)
{
	uint32_t from = label_of(graph, graph->above[node]), to = label_of(graph, node);
	uint64_t *at = map_insert(&graph->by_ends, (uint64_t)from << 32 | to);
	struct edge *edge;

	if (!*at) {
		*array_add(&graph->edges) = (struct edge){ .from = from, .to = to };
		*at = graph->edges.n;
	}
	edge = &graph->edges.items[*at - 1];
	edge->value = value_add(edge->value, graph->tree->nodes.items[node].total[graph->value]);
	edge->is_direct |= graph->above[node] == graph->tree->nodes.items[node].parent;
}

static void connect(struct graph *graph)
{
	const struct tree_node *nodes = graph->tree->nodes.items;

	for (uint32_t i = 1; i < graph->tree->nodes.n; i++) {
		uint32_t parent = nodes[i].parent;

		graph->above[i] = parent && graph->is_kept[nodes[parent].label] ?
					  parent :
					  graph->above[parent];
		if (graph->above[i] && graph->is_kept[nodes[i].label] && !is_repeated(graph, i))
			add_edge(graph, i);
	}
}

/* In quotes, where Graphviz takes backslashes and references of HTML for its own. */
static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if (*text == '&')
			fputs("&amp;", out);
		else if (*text == '\n')
			fputs("\\l", out);
		else
			fputc(*text, out);
	}
}

static void put_name(FILE *out, const char *name)
{
	struct buf brief = { 0 };

	text_fit_name(&brief, name, utf8_length(name) > NAME_MAX ? NAME_MAX : 0);
	put_escaped(out, buf_str(&brief));
	buf_release(&brief);
}

static void append_amount(struct buf *out, const struct graph *graph, int64_t value)
{
	scale_value(out, graph->tree->profile->types[graph->value].unit, value);
}

static double share(const struct graph *graph, int64_t value)
{
	return graph->total > 0 && value > 0 ? fmin(1, (double)value / (double)graph->total) : 0;
}

static void put_node(const struct graph *graph, uint32_t label)
{
	const struct table_row *row = &graph->table.rows.items[label];
	const struct names *names = graph->tree->profile->names;
	int64_t flat = row->flat[graph->value], cum = row->cum[graph->value];
	double heat = share(graph, cum);
	struct buf figures = { 0 };

	append_amount(&figures, graph, flat);
	buf_printf(&figures, " (%.2f%%)", human_percent(flat, graph->total));
	if (flat != cum) {
		buf_puts(&figures, "\\nof ");
		append_amount(&figures, graph, cum);
		buf_printf(&figures, " (%.2f%%)", human_percent(cum, graph->total));
	}
	fprintf(graph->out, "f%u [label=\"", label);
	put_name(graph->out, names_text(names, row->name));
	if (*names_text(names, row->module)) {
		fputs("\\n", graph->out);
		put_name(graph->out, names_text(names, row->module));
		fputs(row->is_in_more ? " …" : "", graph->out);
	}
	fprintf(graph->out, "\\n%s\" fontsize=%.0f fillcolor=\"#%06x\" color=\"#%06x\" tooltip=\"",
		buf_str(&figures), FONT_SMALLEST + FONT_GROWTH * sqrt(share(graph, flat)),
		flame_hsl(40 - 32 * heat, 0.3 + 0.5 * heat, 0.94 - 0.14 * heat),
		flame_hsl(40 - 32 * heat, 0.3 + 0.5 * heat, 0.6 - 0.2 * heat));
	put_name(graph->out, names_text(names, row->name));
	fputs("\"];\n", graph->out);
	buf_release(&figures);
}

static void put_edge(const struct graph *graph, const struct edge *edge)
{
	double part = share(graph, edge->value);
	struct buf amount = { 0 };

	append_amount(&amount, graph, edge->value);
	fprintf(graph->out,
		"f%u -> f%u [label=\" %s\" weight=%.0f penwidth=%.2f color=\"#%06x\"%s];\n",
		edge->from, edge->to, buf_str(&amount), 1 + WEIGHT_LARGEST * part,
		1 + PEN_GROWTH * part,
		flame_hsl(40 - 32 * part, 0.2 + 0.6 * part, 0.6 - 0.15 * part),
		edge->is_direct ? "" : " style=dotted");
	buf_release(&amount);
}

/* What the report says on top, how much of it is here, and what was lost. */
static void put_legend(const struct graph *graph, const struct export_options *options,
		       size_t n_edges)
{
	const struct profile *profile = graph->tree->profile;
	struct report_options head = { .filter = options->filter };
	struct buf text = { 0 };

	text_header(&text, profile, &head);
	buf_printf(&text, "%s: %zu of %zu functions, %zu of %zu calls; dotted: some in between\n",
		   profile->types[graph->value].type, graph->n_kept, graph->table.rows.n, n_edges,
		   graph->edges.n);
	text_flaws(&text, profile->audit);
	fputs("legend [shape=box style=\"\" color=\"#9aa3ad\" label=\"", graph->out);
	put_escaped(graph->out, buf_str(&text));
	fputs("\"];\n", graph->out);
	buf_release(&text);
}

static void put_graph(const struct graph *graph, const struct export_options *options)
{
	const struct edge *edge;
	size_t n_edges = 0;

	array_for_each(edge, &graph->edges)
		n_edges += is_least(graph, edge->value, EDGE_PERCENT);
	fputs("digraph calls {\n"
	      "node [shape=box style=filled fontname=\"Helvetica,sans-serif\"];\n"
	      "edge [fontname=\"Helvetica,sans-serif\" fontsize=10];\n",
	      graph->out);
	put_legend(graph, options, n_edges);
	for (uint32_t i = 0; i < graph->table.rows.n; i++) {
		if (graph->is_kept[i])
			put_node(graph, i);
	}
	array_for_each(edge, &graph->edges) {
		if (is_least(graph, edge->value, EDGE_PERCENT))
			put_edge(graph, edge);
	}
	fputs("}\n", graph->out);
}

int export_dot(const struct profile *profile, const struct export_options *options, FILE *out)
{
	struct graph graph = {
		.value = options->value < 0 ? profile->default_type : (size_t)options->value,
		.out = out,
	};
	struct tree tree;

	tree_build(&tree, profile, TREE_FUNCTION, graph.value);
	table_from_tree(&graph.table, &tree);
	graph.tree = &tree;
	graph.total = tree.nodes.items[0].total[graph.value];
	graph.is_kept = xcalloc(tree.labels.n + 1, sizeof(*graph.is_kept));
	graph.above = xcalloc(tree.nodes.n, sizeof(*graph.above));
	choose(&graph);
	connect(&graph);
	put_graph(&graph, options);
	free(graph.is_kept);
	free(graph.above);
	array_release(&graph.edges);
	map_release(&graph.by_ends);
	table_release(&graph.table);
	tree_release(&tree);
	return ferror(out) ? -(errno ? errno : EIO) : 0;
}
