/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/slots.h"

static const struct slots slots = { .start_ns = 1000, .slot_ns = 100 };

static void an_instant_is_in_the_slot_that_begins_with_it(void **state)
{
	(void)state;
	assert_int_equal(slots_at(&slots, 1000).first, 0);
	assert_int_equal(slots_at(&slots, 1099).first, 0);
	assert_int_equal(slots_at(&slots, 1100).first, 1);
	assert_int_equal(slots_at(&slots, 1100).n, 1);
	assert_int_equal(slots_at(&slots, 5).first, 0);
}

static void without_slots_nothing_is_told_by_time(void **state)
{
	struct slot_part parts[SLOT_MAX_PARTS];

	(void)state;
	assert_int_equal(slots_at(NULL, 1100).n, 0);
	assert_int_equal(slots_split(NULL, 10, 2000, parts), 1);
	assert_int_equal(parts[0].span.n, 0);
	assert_int_equal(parts[0].ns, 1990);
}

static void expect_part(const struct slot_part *part, uint32_t first, uint32_t n, uint64_t ns)
{
	assert_int_equal(part->span.first, first);
	assert_int_equal(part->span.n, n);
	assert_int_equal(part->ns, ns);
}

static void a_time_is_divided_into_its_ends_and_whole_slots_between(void **state)
{
	struct slot_part parts[SLOT_MAX_PARTS];

	(void)state;
	assert_int_equal(slots_split(&slots, 1010, 1100, parts), 1);
	expect_part(&parts[0], 0, 1, 90);
	assert_int_equal(slots_split(&slots, 1010, 1101, parts), 2);
	expect_part(&parts[0], 0, 1, 90);
	expect_part(&parts[1], 1, 1, 1);
	assert_int_equal(slots_split(&slots, 1050, 1420, parts), 3);
	expect_part(&parts[0], 0, 1, 50);
	expect_part(&parts[1], 1, 3, 300);
	expect_part(&parts[2], 4, 1, 20);
	assert_int_equal(slots_longest(parts, 3), 1);
	assert_int_equal(slots_longest(parts, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_instant_is_in_the_slot_that_begins_with_it),
		cmocka_unit_test(without_slots_nothing_is_told_by_time),
		cmocka_unit_test(a_time_is_divided_into_its_ends_and_whole_slots_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
