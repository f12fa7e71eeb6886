/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/escape.h"
#include "base/human.h"
#include "export/scale.h"
#include "model/names.h"
#include "text.h"

#define MODULE_WIDTH_MAX 24
#define NAME_WIDTH_MIN   16
#define NAME_WIDTH_WHOLE 48 /* where nothing is cut: longer names push the last column aside */

/* A stack that would have less room behind the figures has lines of its own below them. */
#define STACK_WIDTH_MIN 60
#define STACK_INDENT    8
#define STACK_LINES     3
#define ARROW           " ← " /* between the calls of a stack */

#define HEADS_OF_MAX "      count     mean      max"

struct layout {
	const struct profile *profile;
	const struct report_options *options;
	struct scale scale;
	size_t value_width;
	size_t name_width;
	size_t module_width; /* 0: no such column */
	bool has_cum;        /* differs from flat */
	bool has_max;        /* and with it count and mean */
	bool is_below;       /* the names have lines of their own */
	int64_t total;
};

static bool has_modules(enum table_key key)
{
	return key == TABLE_FUNCTION || key == TABLE_SYMBOL || key == TABLE_LINE;
}

/* What stands in the last columns but one. */
static void put_name(struct buf *out, const struct layout *layout, const struct table_row *row)
{
	const struct names *names = layout->profile->names;
	enum table_key key = layout->options->key;

	if (key == TABLE_PROCESS)
		buf_printf(out, "%7u  ", row->pid);
	else if (key == TABLE_THREAD)
		buf_printf(out, "%7u %7u  ", row->pid, row->tid);
	buf_puts(out, names_text(names, row->name));
	if (key == TABLE_LINE && row->file)
		buf_printf(out, " %s:%u", names_text(names, row->file), row->line);
	if (row->is_inlined && has_modules(key))
		buf_puts(out, row->is_called ? " (partial-inline)" : " (inline)");
}

static void put_module(struct buf *out, const struct layout *layout, const struct table_row *row)
{
	buf_puts(out, names_text(layout->profile->names, row->module));
	if (row->is_in_more)
		buf_puts(out, " …");
}

/* How often, how long each, and at most. */
static void put_max(struct buf *out, const struct table_row *row, size_t type)
{
	char count[HUMAN_SIZE], mean[HUMAN_SIZE], max[HUMAN_SIZE] = "?";
	int64_t n = row->flat[0] > 0 ? row->flat[0] : 1;

	if (row->max > 0)
		human_duration(max, (uint64_t)row->max);
	buf_printf(out, " %10s %8s %8s", human_count(count, (uint64_t)row->flat[0]),
		   human_duration(mean, (uint64_t)(row->flat[type] / n)), max);
}

/* Where the last call begins that fits into @size bytes of @stack; @size: none does. */
static size_t last_call(const char *stack, size_t size)
{
	for (size_t at = size; at > 0; at--) {
		if (!strncmp(stack + at, ARROW, strlen(ARROW)))
			return at;
	}
	return size;
}

static void put_below(struct buf *out, const char *stack, unsigned int width)
{
	size_t room = width > STACK_INDENT + NAME_WIDTH_MIN ? width - STACK_INDENT : NAME_WIDTH_MIN;

	for (int line = 1; utf8_length(stack) > room && line < STACK_LINES; line++) {
		size_t size = last_call(stack, utf8_prefix(stack, room));

		buf_printf(out, "%*s%.*s\n", STACK_INDENT, "", (int)size, stack);
		stack += size + (stack[size] == ' ');
	}
	buf_printf(out, "%*s", STACK_INDENT, "");
	text_fit(out, stack, utf8_length(stack) > room ? room : 0);
	buf_puts(out, "\n");
}

static void put_line(struct buf *out, const struct layout *layout, const struct table_row *row,
		     int64_t sum)
{
	size_t type = layout->options->value;
	struct buf cell = { 0 };

	scale_format(&cell, &layout->scale, row->flat[type]);
	buf_printf(out, "%*s %6.2f%% %6.2f%%", (int)layout->value_width, buf_str(&cell),
		   human_percent(row->flat[type], layout->total),
		   human_percent(sum, layout->total));
	if (layout->has_cum) {
		buf_clear(&cell);
		scale_format(&cell, &layout->scale, row->cum[type]);
		buf_printf(out, " %*s %6.2f%%", (int)layout->value_width, buf_str(&cell),
			   human_percent(row->cum[type], layout->total));
	}
	if (layout->has_max)
		put_max(out, row, layout->profile->default_type);
	buf_puts(out, layout->is_below ? "\n" : "  ");
	buf_clear(&cell);
	put_name(&cell, layout, row);
	if (layout->is_below) {
		put_below(out, buf_str(&cell), layout->options->width);
		buf_release(&cell);
		return;
	}
	if (layout->options->width == 0 && utf8_length(buf_str(&cell)) > layout->name_width)
		buf_puts(out, buf_str(&cell));
	else
		text_fit_name(out, buf_str(&cell), layout->name_width);
	if (layout->module_width && (row->module || row->is_in_more)) {
		buf_clear(&cell);
		put_module(&cell, layout, row);
		buf_puts(out, "  ");
		text_fit(out, buf_str(&cell),
			 utf8_length(buf_str(&cell)) > layout->module_width ? layout->module_width :
									      0);
	} else {
		while (out->data[out->size - 1] == ' ')
			out->size--;
	}
	buf_puts(out, "\n");
	buf_release(&cell);
}

/* What the last column but one, and the last, need for these rows. */
static void measure(struct layout *layout, const struct table *table, size_t n)
{
	struct buf cell = { 0 };

	layout->name_width = 0;
	for (size_t i = 0; i < n; i++) {
		size_t size;

		buf_clear(&cell);
		put_name(&cell, layout, &table->rows.items[i]);
		size = utf8_length(buf_str(&cell));
		if (size > layout->name_width)
			layout->name_width = size;
		if (!has_modules(layout->options->key))
			continue;
		buf_clear(&cell);
		put_module(&cell, layout, &table->rows.items[i]);
		size = utf8_length(buf_str(&cell));
		if (size > layout->module_width)
			layout->module_width = size;
	}
	buf_release(&cell);
}

/* Cut names, but not below what can be read; modules yield to them. */
static void fit(struct layout *layout)
{
	unsigned int width = layout->options->width;
	size_t fixed = layout->value_width + 1 + 7 + 1 + 7 + 2;

	if (layout->has_cum)
		fixed += 1 + layout->value_width + 1 + 7;
	if (layout->has_max)
		fixed += strlen(HEADS_OF_MAX);
	if (width == 0) {
		if (layout->name_width > NAME_WIDTH_WHOLE)
			layout->name_width = NAME_WIDTH_WHOLE;
		return;
	}
	layout->is_below = layout->options->key == TABLE_STACK &&
			   fixed + layout->name_width > width && fixed + STACK_WIDTH_MIN > width;
	if (layout->module_width > MODULE_WIDTH_MAX)
		layout->module_width = MODULE_WIDTH_MAX;
	if (fixed + NAME_WIDTH_MIN + 2 + layout->module_width > width)
		layout->module_width = 0; /* where there is no room, names go first */
	if (layout->module_width)
		fixed += 2 + layout->module_width;
	if (fixed + layout->name_width > width)
		layout->name_width = width > fixed + NAME_WIDTH_MIN ? width - fixed :
								      NAME_WIDTH_MIN;
}

static void put_heads(struct buf *out, const struct layout *layout)
{
	static const char *const names[] = {
		[TABLE_FUNCTION] = "function",
		[TABLE_SYMBOL] = "function",
		[TABLE_LINE] = "line",
		[TABLE_MODULE] = "module",
		[TABLE_PROCESS] = "    pid  process",
		[TABLE_THREAD] = "    pid     tid  thread",
		[TABLE_CPU] = "CPU",
		[TABLE_STACK] = "stack, from the innermost outwards",
	};
	int width = (int)layout->value_width;

	if (layout->has_cum)
		buf_printf(out, "\n%*s %7s %7s %*s %7s  ", width, "flat", "flat%", "sum%", width,
			   "cum", "cum%");
	else
		buf_printf(out, "\n%*s %7s %7s%s  ", width,
			   layout->profile->types[layout->options->value].type, "%", "sum%",
			   layout->has_max ? HEADS_OF_MAX : "");
	if (layout->module_width) {
		text_fit(out, names[layout->options->key],
			 layout->name_width > 8 ? layout->name_width : 8);
		buf_puts(out, "  module\n");
	} else {
		buf_printf(out, "%s\n",
			   layout->is_below ? "stack, below" : names[layout->options->key]);
	}
}

/* Say what is not shown. */
static void put_rest(struct buf *out, const struct layout *layout, const struct table *table,
		     size_t n)
{
	int64_t rest = 0;

	if (n >= table->rows.n)
		return;
	for (size_t i = n; i < table->rows.n; i++)
		rest = value_add(rest, table->rows.items[i].flat[layout->options->value]);
	buf_printf(out, "… %zu more with ", table->rows.n - n);
	scale_format(out, &layout->scale, rest);
	buf_printf(out, " (%.2f%%); -n 0 shows all\n", human_percent(rest, layout->total));
}

static void layout_init(struct layout *layout, const struct profile *profile,
			const struct report_options *options, const struct table *table)
{
	struct buf cell = { 0 };

	*layout = (struct layout){
		.profile = profile,
		.options = options,
		.total = table->total[options->value],
		.scale = scale_for(profile->types[options->value].unit,
				   table->total[options->value]),
		.has_cum = options->key < TABLE_PROCESS,
		.has_max = options->key >= TABLE_PROCESS && profile->has_max,
	};
	scale_format(&cell, &layout->scale, layout->total);
	layout->value_width = cell.size;
	if (!layout->has_cum && layout->value_width < strlen(profile->types[options->value].type))
		layout->value_width = strlen(profile->types[options->value].type);
	if (layout->value_width < strlen("flat"))
		layout->value_width = strlen("flat");
	buf_release(&cell);
}

void text_table(struct buf *out, const struct profile *profile,
		const struct report_options *options)
{
	struct layout layout;
	struct table table;
	int64_t sum = 0;
	size_t n;

	table_build(&table, profile, options->key);
	table_sort(&table, options->value, options->by_cum);
	n = options->n_rows && options->n_rows < table.rows.n ? options->n_rows : table.rows.n;
	layout_init(&layout, profile, options, &table);
	measure(&layout, &table, n);
	fit(&layout);
	put_heads(out, &layout);
	for (size_t i = 0; i < n; i++) {
		sum = value_add(sum, table.rows.items[i].flat[options->value]);
		put_line(out, &layout, &table.rows.items[i], sum);
	}
	put_rest(out, &layout, &table, n);
	table_release(&table);
}
