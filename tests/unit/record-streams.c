/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <cmocka.h>

#include "record/streams.h"

#define N_STREAMS 3
#define N_TIMES   4

/* Streams of times given beforehand; `shown` of them can be seen. */
struct fake {
	uint64_t times[N_STREAMS][N_TIMES]; /* 0: the end */
	size_t at[N_STREAMS];
	size_t seen[N_STREAMS], shown[N_STREAMS];
	uint64_t passed[N_STREAMS * N_TIMES + 1];
	size_t n_passed;
	int fails_at; /* the number of the record whose pass fails, from 1 */
};

static void fake_look(void *source, uint32_t i)
{
	struct fake *fake = source;

	fake->seen[i] = fake->shown[i];
}

static bool fake_peek(void *source, uint32_t i, uint64_t *ret_time_ns)
{
	struct fake *fake = source;

	if (fake->at[i] >= fake->seen[i])
		return false;
	*ret_time_ns = fake->times[i][fake->at[i]];
	return *ret_time_ns;
}

static int fake_pass(void *source, uint32_t i)
{
	struct fake *fake = source;

	fake->passed[fake->n_passed++] = fake->times[i][fake->at[i]++];
	return fake->n_passed == (size_t)fake->fails_at ? -EIO : 0;
}

static const struct stream_ops fake_ops = { fake_look, fake_peek, fake_pass };

static struct streams streams_over(struct fake *fake)
{
	struct streams streams = { 0 };

	for (uint32_t i = 0; i < N_STREAMS; i++)
		streams_add(&streams, &fake_ops, fake, i);
	return streams;
}

static void the_last_round_passes_all_in_the_order_of_time(void **state)
{
	struct fake fake = { .times = { { 1, 5, 9 }, { 2, 3, 10, 11 }, { 4 } },
			     .shown = { 3, 4, 1 } };
	static const uint64_t want[] = { 1, 2, 3, 4, 5, 9, 10, 11 };
	struct streams streams = streams_over(&fake);

	(void)state;
	assert_int_equal(streams_drain(&streams, true), 0);
	assert_int_equal(fake.n_passed, 8);
	assert_memory_equal(fake.passed, want, sizeof(want));
	streams_release(&streams);
}

static void a_record_waits_until_all_streams_were_looked_at_after_it(void **state)
{
	struct fake fake = { .times = { { 7 }, { 5 } }, .shown = { 1, 0 } };
	struct streams streams = streams_over(&fake);

	(void)state;
	streams_drain(&streams, false); /* no look before this one: nothing is certain */
	assert_int_equal(fake.n_passed, 0);
	fake.shown[1] = 1; /* earlier, but shown later */
	streams_drain(&streams, false);
	assert_int_equal(fake.n_passed, 2);
	assert_int_equal(fake.passed[0], 5);
	assert_int_equal(fake.passed[1], 7);
	streams_release(&streams);
}

static void a_record_of_after_the_last_look_is_left_for_the_next_round(void **state)
{
	struct fake fake = { .times = { { 7, UINT64_MAX / 2 } }, .shown = { 2 } };
	struct streams streams = streams_over(&fake);

	(void)state;
	streams_drain(&streams, false);
	streams_drain(&streams, false);
	assert_int_equal(fake.n_passed, 1);
	streams_drain(&streams, true);
	assert_int_equal(fake.n_passed, 2);
	streams_release(&streams);
}

static void a_failing_pass_ends_the_round_and_loses_nothing(void **state)
{
	struct fake fake = { .times = { { 1, 2, 3 } }, .shown = { 3 }, .fails_at = 2 };
	struct streams streams = streams_over(&fake);

	(void)state;
	assert_int_equal(streams_drain(&streams, true), -EIO);
	assert_int_equal(fake.n_passed, 2);
	assert_int_equal(streams_drain(&streams, true), 0);
	assert_int_equal(fake.n_passed, 3);
	assert_int_equal(fake.passed[2], 3);
	streams_release(&streams);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_round_passes_all_in_the_order_of_time),
		cmocka_unit_test(a_record_waits_until_all_streams_were_looked_at_after_it),
		cmocka_unit_test(a_record_of_after_the_last_look_is_left_for_the_next_round),
		cmocka_unit_test(a_failing_pass_ends_the_round_and_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
