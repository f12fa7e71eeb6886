/* SPDX-License-Identifier: GPL-2.0-only */
/* That what is called noise is, and that what is more is told: on runs made by chance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdio.h>
#include <cmocka.h>

#include "model/diff.h"
#include "world.h"

#define N_FUNCTIONS 60
#define N_PAIRS     40

struct dice {
	uint64_t state;
};

/* In 0 … 1, neither of them. */
static double roll(struct dice *dice)
{
	dice->state += 0x9e3779b97f4a7c15u;
	return ((double)(hash_u64(dice->state) >> 11) + 0.5) / 9007199254740992.0;
}

/* How many events come where @mean are expected. */
static int come(struct dice *dice, double mean)
{
	double product = roll(dice);
	int n = 0;

	for (; product > exp(-mean); product *= roll(dice))
		n++;
	return n;
}

/* Functions of all sizes, from one sample in two runs to 120 in each. */
static double mean_of(int function)
{
	return 0.5 + 2.0 * function;
}

static void run(struct world *world, struct dice *dice, double factor_of_last)
{
	char name[32];

	world_init(world);
	world_comm(world, 0, 1, 1, "app");
	for (int i = 0; i < N_FUNCTIONS; i++) {
		double factor = i == N_FUNCTIONS - 1 ? factor_of_last : 1;
		int n = come(dice, mean_of(i) * factor);

		snprintf(name, sizeof(name), "main f%d", i);
		while (n--)
			world_sample(world, 1000, 1, 1, world_stack(world, name));
	}
	world_profile(world);
}

/* How many of all rows are told to differ, and how often the last one is. */
static void count(enum diff_scale scale, double factor, int *ret_rows, int *ret_told, int *ret_last)
{
	const struct diff_options options = { .key = TABLE_FUNCTION, .scale = scale, .value = 1 };
	struct dice dice = { 1 };

	*ret_rows = *ret_told = *ret_last = 0;
	for (int i = 0; i < N_PAIRS; i++) {
		const struct diff_row *row;
		struct world older, newer;
		struct diff diff;

		run(&older, &dice, 1);
		run(&newer, &dice, factor);
		diff_build(&diff, &older.profile, &newer.profile, &options);
		array_for_each(row, &diff.rows) {
			++*ret_rows;
			*ret_told += !diff_is_noise(row);
		}
		*ret_last += !diff_is_noise(diff_find(&diff, "f59"));
		diff_release(&diff);
		world_release(&newer);
		world_release(&older);
	}
}

/* A normal variable is beyond three standard errors once in 370 times. */
static void chance_is_not_told(void **state)
{
	int n_rows, n_told, n_last;

	(void)state;
	for (int scale = DIFF_SHARE; scale <= DIFF_RUN; scale++) {
		count((enum diff_scale)scale, 1, &n_rows, &n_told, &n_last);
		assert_true(n_rows > N_PAIRS * (N_FUNCTIONS - 5));
		assert_true(n_told <= n_rows / 100);
	}
}

/* 118 samples that become 236 are 118 more, with a standard error of 19. */
static void change_is_told(void **state)
{
	int n_rows, n_told, n_last;

	(void)state;
	for (int scale = DIFF_SHARE; scale <= DIFF_RUN; scale++) {
		count((enum diff_scale)scale, 2, &n_rows, &n_told, &n_last);
		assert_true(n_last >= N_PAIRS - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chance_is_not_told),
		cmocka_unit_test(change_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
