/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <unistd.h>
#include <cmocka.h>

#include "record/inner_tid.h"

static void the_last_id_is_the_innermost(void **state)
{
	bool is_other;

	(void)state;
	assert_int_equal(inner_tid_parse("Name:\tx\nNSpid:\t4711\t17\t3\nNSpgid:\t1\n", &is_other),
			 3);
	assert_true(is_other);
	assert_int_equal(inner_tid_parse("Name:\tx\nNSpid:\t4711\nNSpgid:\t1\t2\n", &is_other),
			 4711);
	assert_false(is_other);
	assert_int_equal(inner_tid_parse("Name:\tNSpid:\n", &is_other), 0);
	assert_false(is_other);
	assert_int_equal(inner_tid_parse("\nNSpid:\t\n", &is_other), 0);
}

static void without_a_namespace_ids_are_what_they_are(void **state)
{
	struct inner_tids tids = { 0 };

	(void)state;
	assert_int_equal(inner_tids_find(&tids, (uint32_t)getpid(), 12345, false, 1), 12345);
	assert_int_equal(inner_tids_find(&tids, (uint32_t)getpid(), 54321, true, 2), 54321);
	inner_tids_release(&tids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_id_is_the_innermost),
		cmocka_unit_test(without_a_namespace_ids_are_what_they_are),
	};

	return cmocka_run_group_tests_name("record-inner_tid", tests, NULL, NULL);
}
