/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/fit.h"
#include "ui/top.h"

#define SECOND INT64_C(1000000000)

struct screen {
	struct buf text;
	struct top_reply reply;
};

static struct top_row *add(struct top_table *table, const char *name, const char *beside,
			   uint32_t pid, uint32_t tid)
{
	struct top_row *row = array_add(&table->rows);

	row->name = xstrdup(name);
	row->beside = xstrdup(beside);
	row->pid = pid;
	row->tid = tid;
	row->id = table->rows.n;
	return row;
}

static void set_times(struct top_row *row, int64_t run, int64_t ready, int64_t block)
{
	row->values[TOP_RUN] = run;
	row->values[TOP_READY] = ready;
	row->values[TOP_BLOCK] = block;
	row->values[TOP_LIFE] = run + ready + block;
}

static struct top_table threads(void)
{
	struct top_table table = { .start_ns = 7, .end_ns = 7 + 5 * SECOND };

	set_times(add(&table, "reader", "network 99% (idle 90%)", 10, 11), SECOND / 10, 0,
		  5 * SECOND - SECOND / 10);
	set_times(add(&table, "burner", "", 10, 12), 4 * SECOND, SECOND, 0);
	return table;
}

static struct top_table functions(size_t n)
{
	struct top_table table = { .end_ns = 5 * SECOND };

	for (size_t i = 0; i < n; i++) {
		char *name = xasprintf("function_%zu_with_a_name_that_is_far_too_long_to_fit", i);
		struct top_row *row = add(&table, name, "libexample.so.1", 0, 0);

		row->values[TOP_FLAT] = (int64_t)(n - i) * SECOND / 100;
		row->values[TOP_CUM] = SECOND;
		table.total += row->values[TOP_FLAT];
		free(name);
	}
	return table;
}

static struct screen lay_out(struct top_table *table, const struct top_state *state, uint32_t width,
			     uint32_t height)
{
	struct top_request request = {
		.state = *state,
		.facts = { .target = "example (pid 10)", .self_permille = 7, .n_lost = 1234 },
		.width = width,
		.height = height,
	};
	struct screen ret = { 0 };

	top_lay_out(&ret.text, table, &request, &ret.reply);
	return ret;
}

/* Line @n, without its styles; owned. */
static char *line_of(struct screen *screen, size_t n)
{
	const char *at = buf_str(&screen->text);
	struct buf line = { 0 };
	char *ret;

	while (n-- && *at)
		at += strcspn(at, "\n") + 1;
	for (; *at && *at != '\n'; at++) {
		if (*at < TOP_PLAIN || *at >= TOP_N_STYLES)
			buf_add(&line, at, 1);
	}
	ret = xstrdup(buf_str(&line));
	buf_release(&line);
	return ret;
}

static void assert_line(struct screen *screen, size_t n, const char *want)
{
	char *line = line_of(screen, n);
	size_t size = strlen(line);

	while (size && line[size - 1] == ' ')
		line[--size] = '\0';
	assert_string_equal(line, want);
	free(line);
}

static bool has(struct screen *screen, const char *text)
{
	return strstr(buf_str(&screen->text), text) != NULL;
}

/* It is as high and as wide as it was asked to be, to the column. */
static void assert_size(struct screen *screen, size_t width, size_t height)
{
	size_t n = 0;

	for (size_t i = 0; i < screen->text.size; i++)
		n += screen->text.data[i] == '\n';
	assert_int_equal(n, height);
	for (size_t i = 0; i < height; i++) {
		char *line = line_of(screen, i);

		assert_int_equal(fit_columns(line), width);
		free(line);
	}
}

static void end(struct screen *screen)
{
	buf_release(&screen->text);
}

static void threads_at_80x24(void **unused)
{
	struct top_table table = threads();
	struct top_state state = { .view = TOP_THREADS };
	struct screen screen = lay_out(&table, &state, 80, 24);

	(void)unused;
	assert_size(&screen, 80, 24);
	assert_line(&screen, 0,
		    "sysprof top: example (pid 10)  last 5.00s  itself 0.7%  lost 1,234");
	assert_line(&screen, 1,
		    " 1 processes  [2 threads]  3 functions   4 waits   5 locks   by run");
	assert_line(&screen, 2,
		    "    tid   run% ready% #run +ready .block   thread         waits for");
	assert_line(&screen, 3, "     12   80.0   20.0 ################++++ burner");
	assert_line(
		&screen, 4,
		"     11    2.0    0.0 .................... reader         network 99% (idle 90%)");
	assert_line(&screen, 23, "Enter look into  s sort  / filter  Space freeze  ? help  q quit");
	assert_int_equal(screen.reply.n_rows, 2);
	assert_int_equal(screen.reply.selected, 0);
	assert_int_equal(screen.reply.tid, 12);
	assert_string_equal(screen.reply.name, "burner");
	end(&screen);
	top_table_release(&table);
}

static void every_view_fits_every_size(void **unused)
{
	static const uint32_t sizes[][2] = { { 80, 24 }, { 200, 50 }, { 20, 5 }, { 1, 1 },
					     { 7, 2 },   { 40, 3 },   { 33, 4 }, { 500, 200 } };
	struct top_table table = functions(60);

	(void)unused;
	for (uint32_t view = 0; view < TOP_N_VIEWS; view++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct top_state state = { .view = view };
			struct screen screen = lay_out(&table, &state, sizes[i][0], sizes[i][1]);

			assert_size(&screen, sizes[i][0], sizes[i][1]);
			end(&screen);
			state.is_helping = true;
			screen = lay_out(&table, &state, sizes[i][0], sizes[i][1]);
			assert_size(&screen, sizes[i][0], sizes[i][1]);
			end(&screen);
		}
	}
	top_table_release(&table);
}

static void a_wide_screen_shows_every_column_and_whole_names(void **unused)
{
	struct top_table table = functions(60);
	struct top_state state = { .view = TOP_FUNCTIONS };
	struct screen screen = lay_out(&table, &state, 200, 50);

	(void)unused;
	assert_true(has(&screen, "function_0_with_a_name_that_is_far_too_long_to_fit"));
	assert_true(has(&screen, "libexample.so.1"));
	assert_int_equal(screen.reply.n_page, 50 - 4);
	end(&screen);
	top_table_release(&table);
}

static void a_tiny_screen_keeps_the_figure_and_both_ends_of_the_name(void **unused)
{
	struct top_table table = functions(3);
	struct top_state state = { .view = TOP_FUNCTIONS };
	struct screen screen = lay_out(&table, &state, 27, 5);

	(void)unused;
	assert_line(&screen, 2, " flat% function");
	assert_line(&screen, 3, "  50.0 function_0…ng_to_fit");
	end(&screen);
	top_table_release(&table);
}

static void the_selected_row_is_always_in_sight(void **unused)
{
	struct top_table table = functions(60);
	struct top_state state = { .view = TOP_FUNCTIONS, .selected = 45 };
	struct screen screen = lay_out(&table, &state, 200, 24);

	(void)unused;
	assert_true(has(&screen, "function_45_"));
	assert_false(has(&screen, "function_46_"));
	assert_true(has(&screen, "function_26_"));
	assert_false(has(&screen, "function_25_"));
	end(&screen);
	state.selected = 1000; /* there were more rows before */
	screen = lay_out(&table, &state, 200, 24);
	assert_int_equal(screen.reply.selected, 59);
	end(&screen);
	state.selected = 0;
	state.selected_id = 31; /* that row, wherever it is by now */
	screen = lay_out(&table, &state, 200, 24);
	assert_int_equal(screen.reply.selected, 30);
	end(&screen);
	top_table_release(&table);
}

static void rows_are_sorted_and_filtered(void **unused)
{
	struct top_table table = threads();
	struct top_state state = { .view = TOP_THREADS, .sorts = { [TOP_THREADS] = 2 } };
	struct screen screen = lay_out(&table, &state, 80, 24);

	(void)unused;
	assert_int_equal(screen.reply.tid, 11); /* by time blocked */
	end(&screen);
	state.turned[TOP_THREADS] = true;
	screen = lay_out(&table, &state, 80, 24);
	assert_int_equal(screen.reply.tid, 12);
	end(&screen);
	snprintf(state.filter, sizeof(state.filter), "NETwork");
	screen = lay_out(&table, &state, 80, 24);
	assert_int_equal(screen.reply.n_rows, 1);
	assert_int_equal(screen.reply.tid, 11);
	assert_true(has(&screen, "/NETwork"));
	end(&screen);
	snprintf(state.filter, sizeof(state.filter), "none such");
	screen = lay_out(&table, &state, 80, 24);
	assert_int_equal(screen.reply.n_rows, 0);
	assert_true(has(&screen, "nothing has these words in it"));
	end(&screen);
	top_table_release(&table);
}

static void what_is_lacking_is_said_and_so_is_what_is_wrong(void **unused)
{
	struct top_table table = { .lack = xstrdup("no switches: run with sudo"),
				   .flaw = xstrdup("512 records were lost") };
	struct top_state state = { .view = TOP_WAITS };
	struct screen screen = lay_out(&table, &state, 80, 24);

	(void)unused;
	assert_line(&screen, 3, "no switches: run with sudo");
	assert_line(&screen, 23, "! 512 records were lost");
	end(&screen);
	top_table_release(&table);
}

static void an_opened_row_shows_its_text_from_where_it_is_scrolled_to(void **unused)
{
	struct top_table table = functions(3);
	struct top_state state = { .view = TOP_FUNCTIONS, .detail_id = 1, .detail_first = 1 };
	struct buf text = { 0 };
	struct screen screen;

	(void)unused;
	buf_puts(&text, "one\ntwo\nthree \x1b[2J\x02 four\n");
	table.opened = &text;
	screen = lay_out(&table, &state, 80, 24);
	assert_size(&screen, 80, 24);
	assert_line(&screen, 2, "two");
	assert_line(&screen, 3, "three \\x1b[2J\\x02 four"); /* nothing drives the terminal */
	assert_int_equal(screen.reply.n_lines, 3);
	end(&screen);
	buf_release(&text);
	top_table_release(&table);
}

static void assert_harmless(struct screen *screen)
{
	assert_size(screen, 150, 24);
	for (size_t i = 0; i < screen->text.size; i++)
		assert_true(screen->text.data[i] >= ' ' || screen->text.data[i] < TOP_N_STYLES ||
			    screen->text.data[i] == '\n');
	assert_true(has(screen, "a\\x0db\\x0ac"));
}

static void words_of_others_are_shown_harmless(void **unused)
{
	struct top_table table = threads();
	struct top_request request = { .state = { .view = TOP_THREADS },
				       .facts = { .target = "\x1b[2J", .message = "a\rb\nc" },
				       .width = 150,
				       .height = 24 };
	struct screen screen = { 0 };

	(void)unused;
	top_lay_out(&screen.text, &table, &request, &screen.reply);
	assert_harmless(&screen);
	assert_true(has(&screen, "\\x1b[2J"));
	end(&screen);
	screen = (struct screen){ 0 };
	request.state.pid = 5;
	memcpy(request.state.who, "\x1b]0;x\a\n", sizeof("\x1b]0;x\a\n"));
	top_lay_out(&screen.text, &table, &request, &screen.reply);
	assert_harmless(&screen);
	assert_true(has(&screen, "only \\x1b]0;x\\x07\\x0a (pid 5)"));
	end(&screen);
	top_table_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_at_80x24),
		cmocka_unit_test(every_view_fits_every_size),
		cmocka_unit_test(a_wide_screen_shows_every_column_and_whole_names),
		cmocka_unit_test(a_tiny_screen_keeps_the_figure_and_both_ends_of_the_name),
		cmocka_unit_test(the_selected_row_is_always_in_sight),
		cmocka_unit_test(rows_are_sorted_and_filtered),
		cmocka_unit_test(what_is_lacking_is_said_and_so_is_what_is_wrong),
		cmocka_unit_test(an_opened_row_shows_its_text_from_where_it_is_scrolled_to),
		cmocka_unit_test(words_of_others_are_shown_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
