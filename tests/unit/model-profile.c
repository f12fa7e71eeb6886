/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

static void rows_with_equal_keys_are_one(void **state)
{
	struct profile profile = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		struct profile_key key = { .stack = i % 10, .task = i % 5, .cpu = i % 2 };

		profile_row(&profile, &key)->values[0] += 1;
	}
	assert_int_equal(profile.rows.n, 10);
	assert_int_equal(profile_total(&profile, 0), 1000);
	assert_int_equal(profile.rows.items[3].values[0], 100);
	profile_release(&profile);
}

static void sums_stop_at_the_limit(void **state)
{
	(void)state;
	assert_int_equal(value_add(1, 2), 3);
	assert_true(value_add(INT64_MAX, 1) == INT64_MAX);
	assert_true(value_add(INT64_MIN, -1) == INT64_MIN);
	assert_true(value_add(INT64_MAX - 5, 5) == INT64_MAX);
}

static void a_sample_weighs_its_interval(void **state)
{
	struct world world;
	struct profile *profile;

	(void)state;
	world_init(&world);
	world_put(&world, &(struct event){ .kind = EVENT_SAMPLE,
					   .time_ns = 1,
					   .sample = { 7, 7, 0, 1000, 0 } });
	world_put(&world, &(struct event){ .kind = EVENT_SAMPLE,
					   .time_ns = 2,
					   .sample = { 7, 7, 0, 500, 0 } });
	profile = world_profile(&world);
	assert_int_equal(profile->rows.n, 1);
	assert_int_equal(profile_total(profile, 0), 2);
	assert_int_equal(profile_total(profile, 1), 1500);
	assert_int_equal(profile_find_type(profile, "cpu"), 1);
	assert_int_equal(profile_find_type(profile, "gpu"), -1);
	assert_string_equal(profile->types[profile->default_type].type, "cpu");
	world_release(&world);
}

static void lying_weights_do_not_overflow(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	for (int i = 0; i < 3; i++)
		world_put(&world, &(struct event){ .kind = EVENT_SAMPLE,
						   .time_ns = 1,
						   .sample = { 7, 7, 0, UINT64_MAX, 0 } });
	world_profile(&world);
	assert_true(profile_total(&world.profile, 1) == INT64_MAX);
	world_release(&world);
}

static void the_period_is_that_of_the_recording(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	definer_meta(world.definer, "hz", "100");
	world_profile(&world);
	assert_int_equal(world.profile.period, 10000000);
	world_release(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_with_equal_keys_are_one),
		cmocka_unit_test(sums_stop_at_the_limit),
		cmocka_unit_test(a_sample_weighs_its_interval),
		cmocka_unit_test(lying_weights_do_not_overflow),
		cmocka_unit_test(the_period_is_that_of_the_recording),
	};

	return cmocka_run_group_tests_name("model-profile", tests, NULL, NULL);
}
