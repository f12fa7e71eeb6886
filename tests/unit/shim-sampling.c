/* SPDX-License-Identifier: GPL-2.0-only */
/* Sampling by bytes is without bias: thousands of programs that allocate what is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "shim/sampling.h"

#define RUNS 10000
#define RATE (512u << 10)
#define MB   (1u << 20)

struct estimate {
	double bytes, objects; /* means of all runs */
	double variance;       /* of bytes, as a report reckons it from the samples */
	double squares;        /* of the bytes of a run around the truth */
};

/* What a program that allocates @n blocks of @size is taken for, by its thread's countdown. */
static struct estimate simulate(uint64_t size, unsigned int n)
{
	double weight = (double)sampling_weight(size, RATE), bytes;
	struct estimate ret = { 0 };
	uint64_t state = 7 * size;

	for (int run = 0; run < RUNS; run++) {
		int64_t left = sampling_gap(&state, RATE);
		unsigned int n_sampled = 0;

		for (unsigned int i = 0; i < n; i++) {
			left -= (int64_t)size;
			if (left >= 0)
				continue;
			n_sampled++;
			left = sampling_gap(&state, RATE);
		}
		bytes = n_sampled * weight;
		ret.bytes += bytes / RUNS;
		ret.objects += bytes / (double)size / RUNS;
		ret.variance += n_sampled * (weight - (double)size) * weight / RUNS;
		ret.squares += (bytes - (double)size * n) * (bytes - (double)size * n) / RUNS;
	}
	return ret;
}

/*
 * The bound is half a percent; the mean of so many runs has a standard error of a hundredth
 * of one run's, which is 18 % where 16 MB are sampled at one in 512 KiB.
 */
static void check_bias(uint64_t size, unsigned int n)
{
	struct estimate e = simulate(size, n);
	double truth = (double)size * n;

	assert_true(fabs(e.bytes / truth - 1) < 0.005);
	assert_true(fabs(e.objects / n - 1) < 0.005);
	if (size < RATE * 10)
		assert_true(fabs(sqrt(e.variance / e.squares) - 1) < 0.05);
}

static void estimates_have_no_bias_whatever_the_size(void **state)
{
	(void)state;
	check_bias(1024, 16 * MB / 1024);
	check_bias(65536, 64 * MB / 65536);
	check_bias(300 << 10, 200);
	check_bias(RATE, 100);
	check_bias(3 * MB, 50);
	check_bias(64 * MB, 4);
}

static void the_probability_is_that_of_a_gap_that_ends_in_the_block(void **state)
{
	static const uint64_t sizes[] = {
		1, 100, 4096, 100000, RATE, 3 * RATE, 30 * RATE, 1u << 31
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		double exact = -expm1(-(double)sizes[i] / RATE);

		assert_true(fabs(sampling_probability(sizes[i], RATE) / exact - 1) < 1e-6);
	}
}

static void the_logarithm_is_that_of_libm(void **state)
{
	(void)state;
	for (double x = 1; x > 1e-16; x *= 0.93)
		assert_true(fabs(sampling_minus_log(x) + log(x)) < 1e-8);
}

static void a_rate_of_one_samples_everything_for_what_it_is(void **state)
{
	uint64_t random = 1;

	(void)state;
	assert_int_equal(sampling_gap(&random, 1), -1);
	assert_int_equal(sampling_weight(24, 1), 24);
	assert_int_equal(sampling_weight(0, 1), 0);
	assert_int_equal(sampling_weight(0, RATE), 0);
	assert_int_equal(sampling_weight((uint64_t)1 << 40, RATE), (uint64_t)1 << 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(estimates_have_no_bias_whatever_the_size),
		cmocka_unit_test(the_probability_is_that_of_a_gap_that_ends_in_the_block),
		cmocka_unit_test(the_logarithm_is_that_of_libm),
		cmocka_unit_test(a_rate_of_one_samples_everything_for_what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
