/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/symbol/span.h"

static void add(struct spans *spans, uint64_t start, uint64_t end, uint64_t rank, uint32_t value)
{
	spans_add(spans, &(struct span){ start, end, rank, value });
}

/* The value at @address, or 0. */
static uint32_t at(const struct spans *spans, uint64_t address)
{
	const struct span *span = spans_find(spans, address);

	return span ? span->value : 0;
}

static void none_are_found_in_an_empty_one(void **state)
{
	struct spans spans = { 0 };

	(void)state;
	add(&spans, 5, 5, 0, 1);
	add(&spans, 6, 5, 0, 1);
	spans_flatten(&spans);
	assert_int_equal(at(&spans, 5), 0);
	spans_release(&spans);
}

static void the_highest_rank_wins_and_the_rest_shows_beside_it(void **state)
{
	struct spans spans = { 0 };

	(void)state;
	add(&spans, 10, 50, 1, 1);
	add(&spans, 20, 30, 2, 2);
	add(&spans, 25, 60, 0, 3);
	add(&spans, UINT64_MAX - 1, UINT64_MAX, 0, 4);
	spans_flatten(&spans);
	assert_int_equal(at(&spans, 9), 0);
	assert_int_equal(at(&spans, 10), 1);
	assert_int_equal(at(&spans, 20), 2);
	assert_int_equal(at(&spans, 29), 2);
	assert_int_equal(at(&spans, 30), 1);
	assert_int_equal(at(&spans, 50), 3);
	assert_int_equal(at(&spans, 59), 3);
	assert_int_equal(at(&spans, 60), 0);
	assert_int_equal(at(&spans, UINT64_MAX - 1), 4);
	assert_int_equal(at(&spans, UINT64_MAX), 0);
	spans_release(&spans);
}

/* Against the plain way: look at every span for every address. */
static void random_spans_agree_with_the_plain_way(void **state)
{
	unsigned int seed = 1;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct spans spans = { 0 };
		uint32_t want[64] = { 0 }, n = 1 + (uint32_t)rand_r(&seed) % 20;
		int64_t best[64];

		memset(best, -1, sizeof(best));
		for (uint32_t value = 1; value <= n; value++) {
			uint64_t start = (uint64_t)rand_r(&seed) % 64;
			uint64_t end = start + (uint64_t)rand_r(&seed) % (64 - start);
			int64_t rank = rand_r(&seed) % 1000 * 32 + value; /* none are equal */

			add(&spans, start, end, (uint64_t)rank, value);
			for (uint64_t a = start; a < end; a++) {
				if (rank > best[a]) {
					best[a] = rank;
					want[a] = value;
				}
			}
		}
		spans_flatten(&spans);
		for (uint64_t a = 0; a < 64; a++)
			assert_int_equal(at(&spans, a), want[a]);
		spans_release(&spans);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_are_found_in_an_empty_one),
		cmocka_unit_test(the_highest_rank_wins_and_the_rest_shows_beside_it),
		cmocka_unit_test(random_spans_agree_with_the_plain_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
