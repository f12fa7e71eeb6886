/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/human.h"

static void check_duration(const char *text, uint64_t want)
{
	uint64_t ns = 0;

	assert_int_equal(human_parse_duration(text, &ns), 0);
	assert_int_equal(ns, want);
}

static void durations_are_read_with_and_without_units(void **state)
{
	(void)state;
	check_duration("10", 10000000000);
	check_duration("1.5s", 1500000000);
	check_duration("200ms", 200000000);
	check_duration("0.25us", 250);
	check_duration("7ns", 7);
	check_duration("2m", 120000000000);
	check_duration("1h", 3600000000000);
}

static void what_is_no_duration_is_refused(void **state)
{
	static const char *const bad[] = { "", "s", "-1", "1x", "1 s", "nan", "inf", "1e30", "0x" };
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(human_parse_duration(bad[i], &ns), -EINVAL);
}

static void sizes_are_powers_of_1024(void **state)
{
	uint64_t bytes;

	(void)state;
	assert_int_equal(human_parse_size("64k", &bytes), 0);
	assert_int_equal(bytes, 65536);
	assert_int_equal(human_parse_size("10MiB", &bytes), 0);
	assert_int_equal(bytes, 10485760);
	assert_int_equal(human_parse_size("2GB", &bytes), 0);
	assert_int_equal(bytes, 2147483648);
	assert_int_equal(human_parse_size("12", &bytes), 0);
	assert_int_equal(bytes, 12);
	assert_int_equal(human_parse_size("12X", &bytes), -EINVAL);
	assert_int_equal(human_parse_size("1ki", &bytes), -EINVAL);
}

static void numbers_have_bounds(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(human_parse_number("7", 1, 9, &n), 0);
	assert_int_equal(n, 7);
	assert_int_equal(human_parse_number("0", 1, 9, &n), -EINVAL);
	assert_int_equal(human_parse_number("10", 1, 9, &n), -EINVAL);
	assert_int_equal(human_parse_number("7x", 1, 9, &n), -EINVAL);
	assert_int_equal(human_parse_number("99999999999999999999", 1, UINT64_MAX, &n), -EINVAL);
}

static void figures_are_printed_with_three_digits(void **state)
{
	char out[HUMAN_SIZE];

	(void)state;
	assert_string_equal(human_duration(out, 0), "0s");
	assert_string_equal(human_duration(out, 999), "999ns");
	assert_string_equal(human_duration(out, 1530000000), "1.53s");
	assert_string_equal(human_duration(out, 20000000), "20.0ms");
	assert_string_equal(human_bytes(out, 1023), "1023 B");
	assert_string_equal(human_bytes(out, 217088), "212 KiB");
	assert_string_equal(human_bytes(out, 5u << 20), "5.00 MiB");
	assert_string_equal(human_count(out, 7), "7");
	assert_string_equal(human_count(out, 1234567), "1,234,567");
	assert_string_equal(human_count(out, UINT64_MAX), "18,446,744,073,709,551,615");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read_with_and_without_units),
		cmocka_unit_test(what_is_no_duration_is_refused),
		cmocka_unit_test(sizes_are_powers_of_1024),
		cmocka_unit_test(numbers_have_bounds),
		cmocka_unit_test(figures_are_printed_with_three_digits),
	};

	return cmocka_run_group_tests_name("base-human", tests, NULL, NULL);
}
