/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "event/merge.h"

static void an_empty_merge_is_empty(void **state)
{
	struct merge merge = { 0 };

	(void)state;
	assert_true(merge_is_empty(&merge));
	merge_push(&merge, 1, 1);
	assert_false(merge_is_empty(&merge));
	merge_drop_first(&merge);
	assert_true(merge_is_empty(&merge));
	merge_release(&merge);
}

static void equal_times_come_lowest_stream_first(void **state)
{
	struct merge merge = { 0 };

	(void)state;
	for (uint32_t stream = 10; stream--;)
		merge_push(&merge, 7, stream);
	for (uint32_t stream = 0; stream < 10; stream++) {
		assert_int_equal(merge_first(&merge).stream, stream);
		merge_drop_first(&merge);
	}
	merge_release(&merge);
}

/* Each stream steps by its own stride; a plain search for the least is the oracle. */
static void streams_come_out_in_the_order_of_time(void **state)
{
	enum { N = 37, STEPS = 5000 };
	uint64_t next[N];
	struct merge merge = { 0 };

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		next[i] = 1000 - 13 * i;
		merge_push(&merge, next[i], i);
	}
	for (size_t step = 0; step < STEPS; step++) {
		struct merge_item first = merge_first(&merge);
		uint32_t least = 0;

		for (uint32_t i = 1; i < N; i++)
			least = next[i] < next[least] ? i : least;
		assert_int_equal(first.stream, least);
		assert_int_equal(first.time_ns, next[least]);
		next[least] += 1 + (least * 31 + step) % 97;
		merge_replace_first(&merge, next[least]);
	}
	merge_release(&merge);
}

static void streams_that_end_leave_the_others_in_order(void **state)
{
	struct merge merge = { 0 };
	uint64_t last = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		merge_push(&merge, i * 7919 % 1009, i);
	for (size_t i = 0; i < 1000; i++) {
		assert_true(merge_first(&merge).time_ns >= last);
		last = merge_first(&merge).time_ns;
		merge_drop_first(&merge);
	}
	assert_true(merge_is_empty(&merge));
	merge_release(&merge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_merge_is_empty),
		cmocka_unit_test(equal_times_come_lowest_stream_first),
		cmocka_unit_test(streams_come_out_in_the_order_of_time),
		cmocka_unit_test(streams_that_end_leave_the_others_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
