/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/trim.h"
#include "world.h"

static void make(struct world *world)
{
	static const char *const stacks[] = { "a", "b", "c", "d", "e" };

	world_init(world);
	world_comm(world, 1, 7, 7, "server");
	for (int i = 0; i < 5; i++) {
		for (int k = 0; k <= i; k++)
			world_sample(world, 1, 7, 7, world_stack(world, stacks[i]));
	}
	world_profile(world);
}

static void the_largest_stay_and_no_total_changes(void **state)
{
	struct world world;
	int64_t samples, time;

	(void)state;
	make(&world);
	samples = profile_total(&world.profile, 0);
	time = profile_total(&world.profile, 1);
	assert_int_equal(profile_trim(&world.profile, 3), 3);
	assert_int_equal(world.profile.rows.n, 3);
	assert_int_equal(profile_total(&world.profile, 0), samples);
	assert_int_equal(profile_total(&world.profile, 1), time);
	assert_int_equal(world.profile.rows.items[0].values[0], 5);
	assert_int_equal(world.profile.rows.items[1].values[0], 4);
	assert_int_equal(world.profile.rows.items[2].values[0], 3 + 2 + 1);
	assert_int_equal(world.profile.rows.items[2].key.task, 0);
	world_release(&world);
}

static void what_is_small_enough_stays_as_it_is(void **state)
{
	struct world world;

	(void)state;
	make(&world);
	assert_int_equal(profile_trim(&world.profile, 5), 0);
	assert_int_equal(world.profile.rows.n, 5);
	assert_int_equal(world.profile.rows.items[0].values[0], 1);
	world_release(&world);
}

static void what_became_less_is_large_too(void **state)
{
	struct world world;

	(void)state;
	make(&world);
	world.profile.rows.items[0].values[world.profile.default_type] = -(INT64_C(1) << 60);
	assert_int_equal(profile_trim(&world.profile, 2), 4);
	assert_true(world.profile.rows.items[0].values[world.profile.default_type] < 0);
	world_release(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_largest_stay_and_no_total_changes),
		cmocka_unit_test(what_is_small_enough_stays_as_it_is),
		cmocka_unit_test(what_became_less_is_large_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
