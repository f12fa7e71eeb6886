/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fit.h"

static void columns_are_those_of_a_terminal(void **state)
{
	(void)state;
	assert_int_equal(fit_columns(""), 0);
	assert_int_equal(fit_columns("abc"), 3);
	assert_int_equal(fit_columns("ä…←"), 3);
	assert_int_equal(fit_columns("日本"), 4);      /* wide */
	assert_int_equal(fit_columns("e\xcc\x81"), 1); /* an accent that combines */
	assert_int_equal(fit_columns("\xff\xfe"), 2);  /* no text: bytes */
}

static void a_prefix_never_cuts_a_character(void **state)
{
	(void)state;
	assert_int_equal(fit_prefix("abc", 2), 2);
	assert_int_equal(fit_prefix("日本", 3), 3);
	assert_int_equal(fit_prefix("日本", 1), 0);
	assert_int_equal(fit_prefix("e\xcc\x81x", 1), 3);
	assert_int_equal(fit_prefix("ab", 9), 2);
}

static void assert_fits(const char *text, size_t columns, enum fit_cut cut, const char *want)
{
	struct buf out = { 0 };

	fit_left(&out, text, columns, cut);
	assert_string_equal(buf_str(&out), want);
	assert_int_equal(fit_columns(buf_str(&out)), columns);
	buf_release(&out);
}

static void text_takes_the_columns_that_it_is_given(void **state)
{
	(void)state;
	assert_fits("abc", 5, FIT_END, "abc  ");
	assert_fits("abcdef", 6, FIT_END, "abcdef");
	assert_fits("abcdefg", 6, FIT_END, "abcde…");
	assert_fits("abcdefg", 1, FIT_END, "…");
	assert_fits("abcdefg", 0, FIT_END, "");
	assert_fits("日本語", 4, FIT_END, "日… ");
}

static void the_middle_goes_where_the_end_tells_names_apart(void **state)
{
	(void)state;
	assert_fits("std::vector::push_back", 13, FIT_MIDDLE, "std::v…h_back");
	assert_fits("abcdefgh", 8, FIT_MIDDLE, "abcdefgh");
	assert_fits("abcdefgh", 7, FIT_MIDDLE, "abc…fgh");
	assert_fits("abcdefgh", 4, FIT_MIDDLE, "abc…"); /* two ends would be too little */
	assert_fits("日本語日本語", 8, FIT_MIDDLE, "日本…語 ");
}

static void figures_stand_at_the_right(void **state)
{
	struct buf out = { 0 };

	(void)state;
	fit_right(&out, "1.5s", 6);
	fit_right(&out, "1234567", 4);
	assert_string_equal(buf_str(&out), "  1.5s123…");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_those_of_a_terminal),
		cmocka_unit_test(a_prefix_never_cuts_a_character),
		cmocka_unit_test(text_takes_the_columns_that_it_is_given),
		cmocka_unit_test(the_middle_goes_where_the_end_tells_names_apart),
		cmocka_unit_test(figures_stand_at_the_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
