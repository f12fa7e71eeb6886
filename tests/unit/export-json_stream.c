/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "export/json_stream.h"

static char text[1 << 16];

/* What @stream has written since the last time. */
static const char *written(struct json_stream *stream)
{
	buf_add(&stream->pending, "", 1);
	snprintf(text, sizeof(text), "%s", (const char *)stream->pending.data);
	buf_clear(&stream->pending);
	return text;
}

/* A reader shifts times and adds lengths to starts: what ends together must do so for it, too. */
static void times_add_up_in_floating_point(void **state)
{
	struct json_stream stream = { .out = stderr };
	const double shift = 1234.5;
	uint64_t random = 1;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint64_t start_ns, end_ns;
		double start, end, length;

		random = random * 6364136223846793005u + 1442695040888963407u;
		start_ns = (random >> 20) % 1000000000000u;
		end_ns = start_ns + (random >> 8) % 1000000007u;
		json_stream_us(&stream, start_ns);
		start = strtod(written(&stream), NULL);
		json_stream_us(&stream, end_ns);
		end = strtod(written(&stream), NULL);
		json_stream_us_between(&stream, start_ns, end_ns);
		length = strtod(written(&stream), NULL);
		assert_true(start + length == end);
		assert_true(start - shift + length == end - shift);
		assert_int_equal(llround(start * 1000), start_ns);
		assert_int_equal(llround(length * 1000), end_ns - start_ns);
	}
	buf_release(&stream.pending);
}

static void whole_numbers_have_no_point(void **state)
{
	struct json_stream stream = { .out = stderr };

	(void)state;
	json_stream_us(&stream, 0);
	assert_string_equal(written(&stream), "0");
	json_stream_us(&stream, 5000000);
	assert_string_equal(written(&stream), "5000");
	json_stream_us(&stream, 1500);
	assert_string_equal(written(&stream), "1.5");
	json_stream_us(&stream, 1);
	assert_string_equal(written(&stream), "0.0009765625");
	buf_release(&stream.pending);
}

static void strings_are_escaped(void **state)
{
	struct json_stream stream = { .out = stderr };

	(void)state;
	json_stream_string(&stream, "a\"b\\c\x01");
	assert_string_equal(written(&stream), "\"a\\\"b\\u005cc\\u0001\"");
	buf_release(&stream.pending);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_add_up_in_floating_point),
		cmocka_unit_test(whole_numbers_have_no_point),
		cmocka_unit_test(strings_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
