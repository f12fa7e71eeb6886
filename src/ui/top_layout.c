/* SPDX-License-Identifier: GPL-2.0-only */
/* From a table to a screen of text. */
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/fit.h"
#include "base/human.h"
#include "top_columns.h"
#include "ui/top.h"

#define NAME_LEAST 12
#define SIZE_MAX_  1000 /* rows and columns of a screen */

struct sheet_of { /* a screen as it is filled, line by line */
	struct buf *out;
	uint32_t width, height;
	uint32_t n; /* lines so far */
};

static uint32_t left(const struct sheet_of *screen)
{
	return screen->height - screen->n;
}

/* A line of one style; what is beyond the last one is left out. */
static void put_line(struct sheet_of *screen, enum top_style style, const char *line)
{
	if (!left(screen))
		return;
	buf_printf(screen->out, "%c", style);
	fit_left(screen->out, line, screen->width, FIT_END);
	buf_puts(screen->out, "\n");
	screen->n++;
}

static void put_duration(struct buf *out, int64_t ns)
{
	char text[HUMAN_SIZE];

	buf_puts(out, ns > 0 ? human_duration(text, (uint64_t)ns) : "0");
}

/* What is shown, before all that a narrow line has no room for. */
static void put_subject(struct buf *line, const struct top_request *request)
{
	const struct top_state *state = &request->state;

	if (request->facts.is_over)
		buf_puts(line, "ENDED: ");
	else if (state->is_frozen)
		buf_puts(line, "FROZEN: ");
	if (!state->pid) {
		escape_text(line, request->facts.target, strlen(request->facts.target));
		return;
	}
	buf_puts(line, "only ");
	escape_text(line, state->who, strlen(state->who));
	buf_printf(line, " (%s %u)", state->tid ? "tid" : "pid",
		   state->tid ? state->tid : state->pid);
}

static void put_head(struct sheet_of *screen, const struct top_table *table,
		     const struct top_request *request)
{
	const struct top_facts *facts = &request->facts;
	struct buf line = { 0 };
	char lost[HUMAN_SIZE];

	buf_puts(&line, "sysprof top: ");
	put_subject(&line, request);
	buf_puts(&line, "  last ");
	put_duration(&line, (int64_t)(table->end_ns - table->start_ns));
	buf_printf(&line, "  itself %u.%u%%  lost %s", facts->self_permille / 10,
		   facts->self_permille % 10, human_count(lost, facts->n_lost));
	put_line(screen, TOP_BOLD, buf_str(&line));
	buf_release(&line);
}

static void put_tabs(struct sheet_of *screen, const struct top_state *state)
{
	struct buf line = { 0 };

	for (uint32_t i = 0; i < TOP_N_VIEWS; i++)
		buf_printf(&line, i == state->view ? "%s[%u %s]" : "%s %u %s ", i ? " " : "", i + 1,
			   top_title(i));
	if (state->filter[0] || state->is_typing) {
		buf_puts(&line, "  /");
		escape_text(&line, state->filter, strlen(state->filter));
		buf_puts(&line, state->is_typing ? "_" : "");
	}
	buf_printf(&line, "  by %s%s", top_sort(state->view, state->sorts[state->view])->title,
		   state->turned[state->view] ? ", least first" : "");
	put_line(screen, TOP_PLAIN, buf_str(&line));
	buf_release(&line);
}

/* Which columns there is room for, as bits; how wide the name's is. */
struct fitted {
	const struct top_column *columns;
	uint32_t shown;
	uint32_t name_width;
};

static uint32_t taken(const struct fitted *fitted)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; fitted->columns[i].unit != TOP_UNIT_END; i++) {
		if (fitted->shown & 1u << i)
			sum += fitted->columns[i].width + 1;
	}
	return sum ? sum - 1 : 0;
}

/* The least that matters of those shown, or -1 if all that are have to be. */
static int least(const struct fitted *fitted)
{
	int ret = -1;

	for (int i = 0; fitted->columns[i].unit != TOP_UNIT_END; i++) {
		if (fitted->shown & 1u << i && fitted->columns[i].rank &&
		    (ret < 0 || fitted->columns[i].rank > fitted->columns[ret].rank))
			ret = i;
	}
	return ret;
}

static struct fitted fit(uint32_t view, uint32_t width)
{
	struct fitted ret = { .columns = top_columns(view) };
	int drop;

	for (uint32_t i = 0; ret.columns[i].unit != TOP_UNIT_END; i++)
		ret.shown |= 1u << i;
	while (taken(&ret) > width && (drop = least(&ret)) >= 0)
		ret.shown &= ~(1u << drop);
	for (uint32_t i = 0; ret.columns[i].unit != TOP_UNIT_END; i++) {
		if (ret.columns[i].unit == TOP_UNIT_NAME)
			ret.name_width = ret.columns[i].width;
	}
	if (width > taken(&ret))
		ret.name_width += width - taken(&ret);
	return ret;
}

static bool is_left(enum top_unit unit)
{
	return unit == TOP_UNIT_NAME || unit == TOP_UNIT_BESIDE || unit == TOP_UNIT_KIND ||
	       unit == TOP_UNIT_BAR;
}

static void put_heads(struct sheet_of *screen, const struct fitted *fitted)
{
	struct buf line = { 0 };

	for (uint32_t i = 0; fitted->columns[i].unit != TOP_UNIT_END; i++) {
		const struct top_column *column = &fitted->columns[i];
		uint32_t width = column->unit == TOP_UNIT_NAME ? fitted->name_width : column->width;

		if (!(fitted->shown & 1u << i))
			continue;
		buf_puts(&line, line.size ? " " : "");
		if (is_left(column->unit))
			fit_left(&line, column->title, width, FIT_END);
		else
			fit_right(&line, column->title, width);
	}
	put_line(screen, TOP_HEADS, buf_str(&line));
	buf_release(&line);
}

/* Running, runnable, blocked and unknown parts of a life. */
static void put_bar(struct buf *out, const struct top_row *row, uint32_t width,
		    enum top_style after)
{
	static const struct {
		uint32_t value;
		enum top_style style;
		char mark;
	} parts[] = { { TOP_RUN, TOP_RUNNING, '#' },
		      { TOP_READY, TOP_RUNNABLE, '+' },
		      { TOP_BLOCK, TOP_BLOCKED, '.' },
		      { TOP_UNKNOWN, TOP_BLOCKED, '?' } };
	double until = 0;
	uint32_t at = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		until += width * human_percent(row->values[parts[i].value], row->values[TOP_LIFE]) /
			 100;
		buf_printf(out, "%c", after == TOP_SELECTED ? after : parts[i].style);
		while (at < width && (double)at + 0.5 < until) {
			buf_printf(out, "%c", parts[i].mark);
			at++;
		}
	}
	buf_printf(out, "%c%*s", after, (int)(width - at), "");
}

static void format_cell(struct buf *out, const struct top_table *table, const struct top_row *row,
			const struct top_column *column)
{
	int64_t value = row->values[column->value], window;
	char text[HUMAN_SIZE];

	switch (column->unit) {
	case TOP_UNIT_PERCENT:
		buf_printf(out, "%.1f", human_percent(value, table->total));
		break;
	case TOP_UNIT_WINDOW:
		window = (int64_t)(table->end_ns - table->start_ns);
		buf_printf(out, "%.1f", human_percent(value, window));
		break;
	case TOP_UNIT_TIME:
		put_duration(out, value);
		break;
	case TOP_UNIT_COUNT:
		buf_puts(out, value < 0 ? "?" : human_count(text, (uint64_t)value));
		break;
	case TOP_UNIT_PID:
		buf_printf(out, "%u", row->pid);
		break;
	case TOP_UNIT_TID:
		buf_printf(out, "%u", row->tid);
		break;
	case TOP_UNIT_KIND:
		buf_puts(out, row->kind ? row->kind : "");
		break;
	case TOP_UNIT_BESIDE:
		buf_puts(out, row->beside ? row->beside : "");
		break;
	default:
		buf_puts(out, row->name);
		break;
	}
}

static void put_row(struct sheet_of *screen, const struct top_table *table,
		    const struct top_row *row, const struct fitted *fitted, bool is_selected)
{
	enum top_style style = is_selected ? TOP_SELECTED : TOP_PLAIN;
	uint32_t used = 0;

	buf_printf(screen->out, "%c", style);
	for (uint32_t i = 0; fitted->columns[i].unit != TOP_UNIT_END; i++) {
		const struct top_column *column = &fitted->columns[i];
		bool is_name = column->unit == TOP_UNIT_NAME;
		uint32_t width = is_name ? fitted->name_width : column->width;
		struct buf cell = { 0 };

		if (!(fitted->shown & 1u << i))
			continue;
		if (used >= screen->width) /* too narrow for what has to be */
			break;
		buf_puts(screen->out, used ? " " : "");
		used += used > 0;
		width = width < screen->width - used ? width : screen->width - used;
		used += width;
		if (column->unit == TOP_UNIT_BAR) {
			put_bar(screen->out, row, width, style);
			continue;
		}
		format_cell(&cell, table, row, column);
		if (is_left(column->unit))
			fit_left(screen->out, buf_str(&cell), width,
				 is_name ? FIT_MIDDLE : FIT_END);
		else
			fit_right(screen->out, buf_str(&cell), width);
		buf_release(&cell);
	}
	buf_printf(screen->out, "%*s\n", (int)(screen->width - used), "");
	screen->n++;
}

static bool is_wanted(const struct top_row *row, const char *words)
{
	char id[HUMAN_SIZE];

	if (!*words)
		return true;
	snprintf(id, sizeof(id), "%u", row->tid ? row->tid : row->pid);
	return strcasestr(row->name, words) || (row->beside && strcasestr(row->beside, words)) ||
	       (row->kind && strcasestr(row->kind, words)) || !strcmp(id, words);
}

struct order {
	const struct top_sort *sort;
	bool is_turned;
};

static int compare(const void *a, const void *b, void *arg)
{
	const struct order *order = arg;
	const struct top_row *x = *(const struct top_row *const *)a;
	const struct top_row *y = *(const struct top_row *const *)b;
	int64_t of_x = x->values[order->sort->value], of_y = y->values[order->sort->value];
	int by_name = strcmp(x->name, y->name);
	int ret = of_x < of_y ? 1 : -(of_x > of_y);

	if (order->sort->is_name)
		ret = by_name;
	if (ret)
		return order->is_turned ? -ret : ret;
	if (by_name)
		return by_name;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* Those that are wanted, in their order; owned. */
static const struct top_row **choose(const struct top_table *table, const struct top_state *state,
				     uint32_t *ret_n)
{
	const struct top_row **rows = xcalloc(table->rows.n + 1, sizeof(*rows)), *row;
	struct order order = { top_sort(state->view, state->sorts[state->view]),
			       state->turned[state->view] };
	uint32_t n = 0;

	array_for_each(row, &table->rows) {
		if (is_wanted(row, state->filter))
			rows[n++] = row;
	}
	qsort_r(rows, n, sizeof(*rows), compare, &order);
	*ret_n = n;
	return rows;
}

static uint32_t find(const struct top_row **rows, uint32_t n, const struct top_state *state)
{
	for (uint32_t i = 0; state->selected_id && i < n; i++) {
		if (rows[i]->id == state->selected_id)
			return i;
	}
	return state->selected < n ? state->selected : n ? n - 1 : 0;
}

static void tell(struct top_reply *ret, const struct top_row *row)
{
	size_t size = utf8_prefix(row->name, sizeof(ret->name) / 4);

	ret->selected_id = row->id;
	ret->pid = row->pid;
	ret->tid = row->tid;
	if (size >= sizeof(ret->name))
		size = 0;
	memcpy(ret->name, row->name, size);
	ret->name[size] = '\0';
}

static const char *nothing(const struct top_table *table, const struct top_state *state)
{
	if (table->lack)
		return table->lack;
	if (table->rows.n && state->filter[0])
		return "nothing has these words in it; Esc forgets them";
	switch (state->view) {
	case TOP_FUNCTIONS:
		return "no sample: nothing of it ran on a CPU when the timer ticked";
	case TOP_WAITS:
		return "nothing waited, but for work";
	case TOP_LOCKS:
		return "nobody waited for a lock";
	default:
		return "no threads yet";
	}
}

static void put_rows(struct sheet_of *screen, const struct top_table *table,
		     const struct top_state *state, struct top_reply *ret)
{
	struct fitted fitted = fit(state->view, screen->width);
	uint32_t n, first, page;
	const struct top_row **rows = choose(table, state, &n);

	if (left(screen) > 2)
		put_heads(screen, &fitted);
	page = left(screen) > 1 ? left(screen) - 1 : left(screen); /* the last line is for words */
	ret->n_rows = n;
	ret->n_page = page;
	ret->selected = find(rows, n, state);
	if (n)
		tell(ret, rows[ret->selected]);
	else
		put_line(screen, TOP_PLAIN, nothing(table, state));
	first = page && ret->selected >= page ? ret->selected - page + 1 : 0;
	for (uint32_t i = first; i < n && i < first + page; i++)
		put_row(screen, table, rows[i], &fitted, i == ret->selected);
	free(rows);
}

/* Lines of a text that was made elsewhere; its styles are nobody's. */
static void put_text(struct sheet_of *screen, struct buf *text, uint32_t first,
		     struct top_reply *ret)
{
	const char *at = buf_str(text);
	uint32_t page = left(screen) > 1 ? left(screen) - 1 : left(screen), n = 0;

	ret->n_page = page;
	for (; *at; at += strcspn(at, "\n"), at += *at == '\n', n++) {
		struct buf line = { 0 };

		if (n < first || n >= first + page)
			continue;
		escape_text(&line, at, strcspn(at, "\n"));
		put_line(screen, TOP_PLAIN, buf_str(&line));
		buf_release(&line);
	}
	ret->n_lines = n;
}

static void put_help(struct sheet_of *screen)
{
	static const char *const lines[] = {
		"1-5, Tab       processes, threads, functions, waits, locks",
		"Up Down PgUp PgDn Home End (or j k g G)   select a row",
		"Enter          look into it: what a process or thread does; who calls a function;",
		"               a wait's whole stack; who holds a lock, and what they do meanwhile",
		"c              there: callees instead of callers",
		"Esc, Backspace back; at last: all processes again",
		"s S  r         sort by the next, previous column; turn the order round",
		"/              show rows with some words only; Enter ends them, Esc forgets them",
		"Space, f       freeze: everything can be looked at as it was then; again: go on",
		"q, Ctrl-C      quit",
		"",
		"run, ready (for a CPU) and block are parts of the time shown at the top: of a",
		"process, sums over its threads. The bar is of the lives of these. All figures",
		"are those of `sysprof report` of the same seconds. Any key goes on.",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]) && left(screen) > 1; i++)
		put_line(screen, TOP_PLAIN, lines[i]);
}

static void put_foot(struct sheet_of *screen, const struct top_table *table,
		     const struct top_request *request)
{
	const struct top_facts *facts = &request->facts;
	struct buf line = { 0 };

	if (facts->is_over)
		buf_puts(&line, "All that was watched has ended: this is the last of it. ");
	escape_text(&line, facts->message, strlen(facts->message));
	if (!line.size && table->flaw)
		buf_printf(&line, "! %s", table->flaw);
	if (!line.size && facts->n_unnamed)
		buf_printf(&line, "looking for the names of %u addresses", facts->n_unnamed);
	if (line.size)
		put_line(screen, TOP_FLAW, buf_str(&line));
	else if (request->state.detail_id)
		put_line(screen, TOP_PLAIN,
			 request->state.view == TOP_FUNCTIONS ?
				 "Esc back  c callers/callees  Space freeze  ? help  q quit" :
				 "Esc back  Space freeze  ? help  q quit");
	else
		put_line(screen, TOP_PLAIN,
			 "Enter look into  s sort  / filter  Space freeze  ? help  q quit");
	buf_release(&line);
}

void top_lay_out(struct buf *out, struct top_table *table, const struct top_request *request,
		 struct top_reply *ret)
{
	uint32_t height = request->height < SIZE_MAX_ ? request->height : SIZE_MAX_;
	struct sheet_of screen = {
		.out = out,
		.width = request->width < SIZE_MAX_ ? request->width : SIZE_MAX_,
		.height = height,
	};

	*ret = (struct top_reply){ 0 };
	put_head(&screen, table, request);
	if (height > 3)
		put_tabs(&screen, &request->state);
	if (request->state.is_helping)
		put_help(&screen);
	else if (request->state.detail_id && table->opened)
		put_text(&screen, table->opened, request->state.detail_first, ret);
	else
		put_rows(&screen, table, &request->state, ret);
	while (left(&screen) > 1)
		put_line(&screen, TOP_PLAIN, "");
	if (left(&screen))
		put_foot(&screen, table, request);
}
