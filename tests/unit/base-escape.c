/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/escape.h"

static void assert_escaped(const char *text, const char *expected)
{
	struct buf out = { 0 };

	escape_text(&out, text, strlen(text));
	assert_string_equal(buf_str(&out), expected);
	buf_release(&out);
}

static void text_that_is_fit_to_print_stays(void **state)
{
	(void)state;
	assert_escaped("", "");
	assert_escaped("plain;\"text\\", "plain;\"text\\");
	assert_escaped("é€😀", "é€😀");
}

static void controls_become_hex(void **state)
{
	(void)state;
	assert_escaped("a\033[1mb\n\t\r\177", "a\\x1b[1mb\\x0a\\x09\\x0d\\x7f");
	assert_escaped("\xc2\x9b", "\\xc2\\x9b");          /* C1: CSI */
	assert_escaped("\xe2\x80\xae", "\\xe2\\x80\\xae"); /* right to left override */
	assert_escaped("\xe2\x80\xa8", "\\xe2\\x80\\xa8"); /* line separator */
}

static void what_is_no_utf8_becomes_hex(void **state)
{
	(void)state;
	assert_escaped("\xff", "\\xff");
	assert_escaped("\xc3", "\\xc3");
	assert_escaped("\xc3(", "\\xc3(");
	assert_escaped("\xc0\x80", "\\xc0\\x80");                   /* overlong NUL */
	assert_escaped("\xe0\x80\xaf", "\\xe0\\x80\\xaf");          /* overlong slash */
	assert_escaped("\xed\xa0\x80", "\\xed\\xa0\\x80");          /* surrogate */
	assert_escaped("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* beyond the last */
}

static void zero_bytes_are_bytes_too(void **state)
{
	struct buf out = { 0 };

	(void)state;
	escape_text(&out, "a\0b", 3);
	assert_string_equal(buf_str(&out), "a\\x00b");
	buf_release(&out);
}

static void length_counts_characters(void **state)
{
	(void)state;
	assert_int_equal(utf8_length("aé€😀"), 4);
	assert_int_equal(utf8_prefix("aé€😀", 0), 0);
	assert_int_equal(utf8_prefix("aé€😀", 2), 3);
	assert_int_equal(utf8_prefix("aé€😀", 9), 10);
}

static void a_shell_reads_one_word(void **state)
{
	struct buf out = { 0 };

	(void)state;
	escape_shell(&out, "/tmp/a-b_c.data:1,2=3");
	buf_puts(&out, " ");
	escape_shell(&out, "it's $HOME");
	buf_puts(&out, " ");
	escape_shell(&out, "");
	assert_string_equal(buf_str(&out), "/tmp/a-b_c.data:1,2=3 'it'\\''s $HOME' ''");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_that_is_fit_to_print_stays),
		cmocka_unit_test(controls_become_hex),
		cmocka_unit_test(what_is_no_utf8_becomes_hex),
		cmocka_unit_test(zero_bytes_are_bytes_too),
		cmocka_unit_test(length_counts_characters),
		cmocka_unit_test(a_shell_reads_one_word),
	};

	return cmocka_run_group_tests_name("base-escape", tests, NULL, NULL);
}
