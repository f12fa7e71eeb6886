/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static void buf_begins_empty_and_reads_as_the_empty_string(void **state)
{
	struct buf buf = { 0 };

	(void)state;
	assert_string_equal(buf_str(&buf), "");
	assert_int_equal(buf.size, 0);
	buf_release(&buf);
}

static void buf_holds_what_was_added_in_order(void **state)
{
	struct buf buf = { 0 };

	(void)state;
	buf_add(&buf, "ab\0c", 4);
	buf_puts(&buf, "de");
	buf_printf(&buf, "%d%s", 42, "f");
	assert_int_equal(buf.size, 9);
	assert_memory_equal(buf.data, "ab\0cde42f", 9);
	buf_release(&buf);
}

static void buf_formats_texts_of_any_length(void **state)
{
	struct buf buf = { 0 };
	char text[5000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 3; i++)
		buf_printf(&buf, "%s", text);
	assert_int_equal(buf.size, 3 * (sizeof(text) - 1));
	assert_int_equal(strlen(buf_str(&buf)), buf.size);
	buf_release(&buf);
}

static void buf_that_was_cleared_is_filled_from_the_start(void **state)
{
	struct buf buf = { 0 };

	(void)state;
	buf_puts(&buf, "old words");
	buf_clear(&buf);
	buf_puts(&buf, "new");
	assert_string_equal(buf_str(&buf), "new");
	buf_release(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_begins_empty_and_reads_as_the_empty_string),
		cmocka_unit_test(buf_holds_what_was_added_in_order),
		cmocka_unit_test(buf_formats_texts_of_any_length),
		cmocka_unit_test(buf_that_was_cleared_is_filled_from_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
