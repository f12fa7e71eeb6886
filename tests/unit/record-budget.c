/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/budget.h"

#define SECOND_NS 1000000000u

/* A window of @ms in which so many events a second came, as sampled by the budget's periods. */
static bool window(struct budget *budget, uint64_t ms, double waits, double wakes)
{
	struct budget_load load = {
		.elapsed_ns = ms * 1000000,
		.n_samples = {
			(uint64_t)(waits * (double)ms / 1000 / budget_period(budget, BUDGET_WAITS)),
			(uint64_t)(wakes * (double)ms / 1000 / budget_period(budget, BUDGET_WAKES)),
		},
	};

	load.recorder_ns = (budget->is_small ? 500 : 900) * (load.n_samples[0] + load.n_samples[1]);
	return budget_update(budget, &load);
}

static bool is_prime(uint32_t n)
{
	for (uint32_t i = 2; i * i <= n; i++) {
		if (n % i == 0)
			return false;
	}
	return n > 1;
}

static void all_waits_have_stacks_at_twenty_thousand_a_second(void **state)
{
	struct budget budget;

	(void)state;
	budget_init(&budget, 30, 2);
	window(&budget, 250, 22500, 2000); /* small stacks from now on */
	for (int i = 0; i < 100; i++)
		assert_false(window(&budget, 250, 22500, 2000));
	assert_int_equal(budget_period(&budget, BUDGET_WAITS), 1);
	assert_int_equal(budget_period(&budget, BUDGET_WAKES), 1);
}

static void a_flood_is_sampled_at_once_so_that_it_fits_the_limit(void **state)
{
	struct budget budget;
	uint32_t waits, wakes;
	double cost;

	(void)state;
	budget_init(&budget, 30, 2);
	assert_true(window(&budget, 250, 770000, 770000));
	assert_true(budget_period(&budget, BUDGET_WAITS) >= 17);
	window(&budget, 250, 770000, 770000); /* what small stacks save is known */
	waits = budget_period(&budget, BUDGET_WAITS);
	wakes = budget_period(&budget, BUDGET_WAKES);
	cost = (770000.0 / waits + 770000.0 / wakes) * (budget_sample_ns(&budget) + 500) / 1e9;
	assert_true(cost <= 0.06);
	assert_true(waits <= wakes); /* who waits comes first */
	assert_false(window(&budget, 250, 770000, 770000));
}

static void periods_are_one_or_prime(void **state)
{
	struct budget budget;

	(void)state;
	for (double rate = 1000; rate < 1e9; rate *= 2) {
		budget_init(&budget, 30, 2);
		window(&budget, 250, rate, rate);
		for (int i = 0; i < BUDGET_N_EVENTS; i++) {
			uint32_t n = budget_period(&budget, (enum budget_event)i);

			assert_true(n == 1 || is_prime(n));
		}
	}
}

static void a_period_falls_only_after_seconds_of_calm(void **state)
{
	struct budget budget;
	int n = 0;

	(void)state;
	budget_init(&budget, 30, 2);
	window(&budget, 250, 770000, 0);
	assert_true(budget_period(&budget, BUDGET_WAITS) > 1);
	while (!window(&budget, 250, 1000, 0))
		n++;
	assert_in_range(n, 18, 20); /* five seconds */
	assert_int_equal(budget_period(&budget, BUDGET_WAITS), 1);
}

static void a_load_that_sways_about_the_limit_does_not_change_the_period_each_time(void **state)
{
	struct budget budget;
	int n = 0;

	(void)state;
	budget_init(&budget, 30, 2);
	for (int i = 0; i < 400; i++)
		n += window(&budget, 250, i % 2 ? 20000 : 35000, 0);
	assert_int_equal(n, 1);
}

static void a_larger_budget_takes_more_stacks(void **state)
{
	struct budget small, large;

	(void)state;
	budget_init(&small, 10, 2);
	budget_init(&large, 200, 2);
	window(&small, 250, 100000, 0);
	window(&large, 250, 100000, 0);
	assert_true(budget_period(&small, BUDGET_WAITS) > 1);
	assert_int_equal(budget_period(&large, BUDGET_WAITS), 1);
}

static void less_of_stacks_is_copied_before_any_is_left_out(void **state)
{
	struct budget budget;

	(void)state;
	budget_init(&budget, 30, 2);
	assert_false(window(&budget, 250, 5000, 2000));
	assert_int_equal(budget_stack_bytes(&budget), 8192);
	assert_true(window(&budget, 250, 45000, 2000));
	assert_int_equal(budget_stack_bytes(&budget), 1024);
	for (int i = 0; i < 100; i++)
		assert_false(window(&budget, 250, 45000, 2000));
	assert_int_equal(budget_period(&budget, BUDGET_WAITS), 1);
}

static void all_of_them_is_copied_again_after_seconds_of_calm(void **state)
{
	struct budget budget;
	int n = 0;

	(void)state;
	budget_init(&budget, 30, 2);
	window(&budget, 250, 45000, 2000);
	while (!window(&budget, 250, 1000, 0))
		n++;
	assert_in_range(n, 18, 20); /* five seconds */
	assert_int_equal(budget_stack_bytes(&budget), 8192);
}

static void small_stacks_that_stay_unfinished_are_given_up_for_a_minute(void **state)
{
	struct budget_load load = {
		.elapsed_ns = SECOND_NS / 4,
		.n_samples = { 5000, 0 },
		.n_unfinished = 100,
		.recorder_ns = 5000 * 900,
	};
	struct budget budget;

	(void)state;
	budget_init(&budget, 30, 2);
	window(&budget, 250, 20000, 0);
	assert_int_equal(budget_stack_bytes(&budget), 1024);
	assert_true(budget_update(&budget, &load));
	for (int i = 0; i < 4 * 59; i++) {
		window(&budget, 250, 20000, 0);
		assert_int_equal(budget_stack_bytes(&budget), 8192);
	}
	for (int i = 0; i < 5; i++)
		window(&budget, 250, 20000, 0);
	assert_int_equal(budget_stack_bytes(&budget), 1024);
}

static void a_window_is_over_when_what_it_may_cost_is_spent(void **state)
{
	struct budget_load load = { .n_samples = { 7000, 0 }, .recorder_ns = 7000 * 900 };
	struct budget budget;

	(void)state;
	budget_init(&budget, 30, 2); /* 15 ms for 250 */
	assert_false(budget_is_spent(&budget, &load));
	load.n_samples[BUDGET_WAKES] = 3000;
	assert_true(budget_is_spent(&budget, &load));
}

static void samples_that_were_lost_count(void **state)
{
	struct budget_load load = {
		.elapsed_ns = SECOND_NS / 4,
		.n_samples = { 1000, 1000 },
		.n_lost = 200000,
		.recorder_ns = 2000 * 900,
	};
	struct budget budget;

	(void)state;
	budget_init(&budget, 30, 2);
	assert_true(budget_update(&budget, &load));
	assert_true(budget_period(&budget, BUDGET_WAITS) >= 17);
}

static void nothing_measured_changes_nothing(void **state)
{
	struct budget budget;

	(void)state;
	budget_init(&budget, 30, 2);
	assert_false(budget_update(&budget, &(struct budget_load){ 0 }));
	assert_false(budget_update(&budget, &(struct budget_load){ .elapsed_ns = SECOND_NS }));
}

/* A window of 250 ms in which so many calls a second came. */
static bool window_of_calls(struct budget *budget, double calls)
{
	struct budget_load load = {
		.elapsed_ns = 250000000,
		.n_samples[BUDGET_CALLS] =
			(uint64_t)(calls / 4 / budget_period(budget, BUDGET_CALLS)),
	};

	load.recorder_ns = 900 * load.n_samples[BUDGET_CALLS];
	return budget_update(budget, &load);
}

static void few_calls_have_stacks_until_it_is_known_how_many_there_are(void **state)
{
	struct budget budget;

	(void)state;
	budget_init(&budget, 30, 2);
	budget_expect_many(&budget, BUDGET_CALLS);
	assert_int_equal(budget_period(&budget, BUDGET_WAITS), 1);
	assert_int_equal(budget_period(&budget, BUDGET_CALLS), 61);
	assert_true(window_of_calls(&budget, 1000));
	assert_int_equal(budget_period(&budget, BUDGET_CALLS), 1);
	assert_false(window_of_calls(&budget, 1000));

	budget_init(&budget, 30, 2);
	budget_expect_many(&budget, BUDGET_CALLS);
	for (int i = 0; i < 8; i++)
		window_of_calls(&budget, 8000000);
	assert_true(8e6 / budget_period(&budget, BUDGET_CALLS) * (BUDGET_SAMPLE_NS + 900) / 1e9 <=
		    0.06);
	assert_int_equal(budget_period(&budget, BUDGET_WAITS), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_waits_have_stacks_at_twenty_thousand_a_second),
		cmocka_unit_test(a_flood_is_sampled_at_once_so_that_it_fits_the_limit),
		cmocka_unit_test(periods_are_one_or_prime),
		cmocka_unit_test(a_period_falls_only_after_seconds_of_calm),
		cmocka_unit_test(
			a_load_that_sways_about_the_limit_does_not_change_the_period_each_time),
		cmocka_unit_test(a_larger_budget_takes_more_stacks),
		cmocka_unit_test(less_of_stacks_is_copied_before_any_is_left_out),
		cmocka_unit_test(all_of_them_is_copied_again_after_seconds_of_calm),
		cmocka_unit_test(small_stacks_that_stay_unfinished_are_given_up_for_a_minute),
		cmocka_unit_test(a_window_is_over_when_what_it_may_cost_is_spent),
		cmocka_unit_test(samples_that_were_lost_count),
		cmocka_unit_test(nothing_measured_changes_nothing),
		cmocka_unit_test(few_calls_have_stacks_until_it_is_known_how_many_there_are),
	};

	return cmocka_run_group_tests_name("record-budget", tests, NULL, NULL);
}
