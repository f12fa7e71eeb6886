/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/top.h"

#define ESCAPE 0x1b

/* A screen of ten rows of thirty, the fourth of which is selected. */
static const struct top_reply thirty = {
	.n_rows = 30,
	.selected = 3,
	.selected_id = 77,
	.pid = 5,
	.tid = 6,
	.name = "worker",
	.n_page = 10,
	.n_lines = 25,
};

static enum top_effect press(struct top_state *state, uint32_t key)
{
	return top_press(state, &thirty, key);
}

static void type(struct top_state *state, const char *words)
{
	while (*words)
		assert_int_equal(press(state, (unsigned char)*words++), TOP_CHANGED);
}

static void digits_and_tab_change_the_view(void **unused)
{
	struct top_state state = { 0 };

	(void)unused;
	assert_int_equal(press(&state, '3'), TOP_CHANGED);
	assert_int_equal(state.view, TOP_FUNCTIONS);
	press(&state, '\t');
	assert_int_equal(state.view, TOP_WAITS);
	press(&state, '5');
	press(&state, '\t');
	assert_int_equal(state.view, TOP_PROCESSES);
	press(&state, TOP_KEY_PREVIOUS);
	assert_int_equal(state.view, TOP_LOCKS);
	assert_int_equal(press(&state, '6'), TOP_NONE);
	assert_int_equal(press(&state, '0'), TOP_NONE);
	assert_int_equal(state.view, TOP_LOCKS);
}

static void moving_selects_a_row_that_is_there(void **unused)
{
	struct top_state state = { .selected_id = 77 };

	(void)unused;
	assert_int_equal(press(&state, TOP_KEY_DOWN), TOP_CHANGED);
	assert_int_equal(state.selected, 4); /* from where the screen has it */
	assert_int_equal(state.selected_id, 0);
	press(&state, 'k');
	assert_int_equal(state.selected, 2);
	press(&state, TOP_KEY_PAGE_UP);
	assert_int_equal(state.selected, 0);
	press(&state, TOP_KEY_PAGE_DOWN);
	assert_int_equal(state.selected, 12);
	press(&state, 'G');
	assert_int_equal(state.selected, 29);
	press(&state, TOP_KEY_HOME);
	assert_int_equal(state.selected, 0);
}

static void moving_among_no_rows_stays_at_the_first(void **unused)
{
	static const uint32_t keys[] = { TOP_KEY_UP,        TOP_KEY_DOWN, TOP_KEY_PAGE_UP,
					 TOP_KEY_PAGE_DOWN, TOP_KEY_HOME, TOP_KEY_END };
	struct top_state state = { 0 };
	struct top_reply none = { 0 };

	(void)unused;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		top_press(&state, &none, keys[i]);
		assert_int_equal(state.selected, 0);
	}
	assert_int_equal(top_press(&state, &none, '\n'), TOP_NONE);
}

static void each_view_has_an_order_of_its_own(void **unused)
{
	struct top_state state = { .view = TOP_FUNCTIONS };

	(void)unused;
	press(&state, 's');
	press(&state, 'r');
	assert_int_equal(state.sorts[TOP_FUNCTIONS], 1);
	assert_int_equal(state.turned[TOP_FUNCTIONS], 1);
	press(&state, 's');
	press(&state, 's');
	assert_int_equal(state.sorts[TOP_FUNCTIONS], 0);
	press(&state, 'S');
	assert_int_equal(state.sorts[TOP_FUNCTIONS], 2);
	assert_int_equal(state.sorts[TOP_WAITS], 0);
	press(&state, 'r');
	assert_int_equal(state.turned[TOP_FUNCTIONS], 0);
}

static void a_filter_is_typed_and_forgotten(void **unused)
{
	struct top_state state = { 0 };

	(void)unused;
	press(&state, '/');
	type(&state, "q2x"); /* no command, while it is typed */
	press(&state, TOP_KEY_BACKSPACE);
	assert_string_equal(state.filter, "q2");
	assert_int_equal(state.view, TOP_PROCESSES);
	press(&state, '\n');
	assert_int_equal(state.is_typing, false);
	assert_string_equal(state.filter, "q2");
	press(&state, ESCAPE);
	assert_string_equal(state.filter, "");
	press(&state, '/');
	type(&state, "abc");
	press(&state, ESCAPE);
	assert_int_equal(state.is_typing, false);
	assert_string_equal(state.filter, "");
}

static void a_filter_has_an_end_and_no_controls(void **unused)
{
	struct top_state state = { 0 };

	(void)unused;
	press(&state, '/');
	for (int i = 0; i < 3 * TOP_WORDS_SIZE; i++)
		press(&state, 'x');
	assert_int_equal(strlen(state.filter), TOP_WORDS_SIZE - 1);
	press(&state, 0x15);
	press(&state, 0x01);
	press(&state, 0xe4);
	press(&state, TOP_KEY_UP);
	assert_string_equal(state.filter, "");
}

static void enter_looks_into_a_thread_and_escape_leads_back(void **unused)
{
	struct top_state state = { .view = TOP_THREADS };

	(void)unused;
	press(&state, '\r');
	assert_int_equal(state.view, TOP_FUNCTIONS);
	assert_int_equal(state.pid, 5);
	assert_int_equal(state.tid, 6);
	assert_string_equal(state.who, "worker");
	press(&state, '4'); /* its waits */
	assert_int_equal(state.tid, 6);
	assert_int_equal(press(&state, ESCAPE), TOP_CHANGED);
	assert_int_equal(state.view, TOP_THREADS);
	assert_int_equal(state.pid, 0);
	assert_int_equal(press(&state, ESCAPE), TOP_NONE);
}

static void of_a_process_all_threads_are_meant(void **unused)
{
	struct top_state state = { 0 };

	(void)unused;
	press(&state, '\n');
	assert_int_equal(state.pid, 5);
	assert_int_equal(state.tid, 0);
	press(&state, TOP_KEY_BACKSPACE);
	assert_int_equal(state.view, TOP_PROCESSES);
}

static void enter_opens_a_function_whose_text_scrolls(void **unused)
{
	struct top_state state = { .view = TOP_FUNCTIONS };

	(void)unused;
	press(&state, '\n');
	assert_int_equal(state.detail_id, 77);
	press(&state, 'j');
	assert_int_equal(state.detail_first, 1);
	press(&state, TOP_KEY_END);
	assert_int_equal(state.detail_first, 15); /* the last of 25 lines is at the bottom */
	press(&state, 'c');
	assert_int_equal(state.with_callees, true);
	assert_int_equal(state.detail_first, 0);
	assert_int_equal(press(&state, 's'), TOP_NONE);
	press(&state, ESCAPE);
	assert_int_equal(state.detail_id, 0);
	assert_int_equal(state.selected_id, 77);
}

static void space_freezes_and_thaws(void **unused)
{
	struct top_state state = { 0 };

	(void)unused;
	press(&state, ' ');
	assert_int_equal(state.is_frozen, true);
	press(&state, '3');
	assert_int_equal(state.is_frozen, true);
	press(&state, 'f');
	assert_int_equal(state.is_frozen, false);
}

static void help_ends_with_any_key_and_q_quits_anywhere(void **unused)
{
	struct top_state state = { 0 };

	(void)unused;
	press(&state, '?');
	assert_int_equal(state.is_helping, true);
	assert_int_equal(press(&state, '3'), TOP_CHANGED);
	assert_int_equal(state.is_helping, false);
	assert_int_equal(state.view, TOP_PROCESSES); /* it was only to go on */
	press(&state, 'h');
	assert_int_equal(press(&state, 'q'), TOP_QUIT);
	press(&state, '\n');
	assert_int_equal(press(&state, 'q'), TOP_QUIT);
	assert_int_equal(press(&state, TOP_KEY_RESIZE), TOP_CHANGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digits_and_tab_change_the_view),
		cmocka_unit_test(moving_selects_a_row_that_is_there),
		cmocka_unit_test(moving_among_no_rows_stays_at_the_first),
		cmocka_unit_test(each_view_has_an_order_of_its_own),
		cmocka_unit_test(a_filter_is_typed_and_forgotten),
		cmocka_unit_test(a_filter_has_an_end_and_no_controls),
		cmocka_unit_test(enter_looks_into_a_thread_and_escape_leads_back),
		cmocka_unit_test(of_a_process_all_threads_are_meant),
		cmocka_unit_test(enter_opens_a_function_whose_text_scrolls),
		cmocka_unit_test(space_freezes_and_thaws),
		cmocka_unit_test(help_ends_with_any_key_and_q_quits_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
