/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "record/wait_filter.h"

static void known_threads_are_named_by_ranges_and_newborn_ones_passed(void **state)
{
	uint32_t tids[] = { 12, 7, 10, 11 };
	struct buf b = { 0 };

	(void)state;
	wait_filter_add_tids(&b, "pid", tids, 4, 99);
	assert_string_equal(buf_str(&b), "(pid==7||pid>=10&&pid<=12||pid>99&&pid<=32867)");
	buf_release(&b);
}

static void without_threads_and_newborns_nobody_passes(void **state)
{
	struct buf b = { 0 };

	(void)state;
	wait_filter_add_tids(&b, "pid", NULL, 0, 0);
	assert_string_equal(buf_str(&b), "(pid<0)");
	buf_release(&b);
}

/* Evaluates the ranges of a filter as the kernel would. */
static bool passes(const char *filter, uint32_t tid)
{
	unsigned int first, last;
	const char *at = filter;

	for (at++; at; at = strstr(at, "||"), at = at ? at + 2 : NULL) {
		if (sscanf(at, "p==%u", &first) == 1 && tid == first)
			return true;
		if (sscanf(at, "p>=%u&&p<=%u", &first, &last) == 2 && tid >= first && tid <= last)
			return true;
		if (sscanf(at, "p>%u&&p<=%u", &first, &last) == 2 && tid > first && tid <= last)
			return true;
	}
	return false;
}

static void ten_thousand_threads_fit_into_a_page_and_all_pass(void **state)
{
	ARRAY(uint32_t) tids = { 0 };
	struct buf b = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 10000; i++)
		*array_add(&tids) = 1000 + 3 * i + i / 100 * (i % 7);
	wait_filter_add_tids(&b, "p", tids.items, tids.n, 4000000);
	assert_true(b.size < 1000);
	for (size_t i = 0; i < tids.n; i++)
		assert_true(passes(buf_str(&b), tids.items[i]));
	assert_false(passes(buf_str(&b), 999));
	assert_true(passes(buf_str(&b), 4000001));
	array_release(&tids);
	buf_release(&b);
}

static void the_widest_gaps_are_left_out(void **state)
{
	ARRAY(uint32_t) tids = { 0 };
	struct buf b = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 40; i++) /* four clusters, with small gaps inside */
		*array_add(&tids) = 1000 * (1 + i / 10) + 2 * (i % 10);
	wait_filter_add_tids(&b, "p", tids.items, tids.n, 0);
	assert_true(passes(buf_str(&b), 1018));
	assert_false(passes(buf_str(&b), 1500));
	assert_false(passes(buf_str(&b), 3500));
	array_release(&tids);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_threads_are_named_by_ranges_and_newborn_ones_passed),
		cmocka_unit_test(without_threads_and_newborns_nobody_passes),
		cmocka_unit_test(ten_thousand_threads_fit_into_a_page_and_all_pass),
		cmocka_unit_test(the_widest_gaps_are_left_out),
	};

	return cmocka_run_group_tests_name("record-wait_filter", tests, NULL, NULL);
}
