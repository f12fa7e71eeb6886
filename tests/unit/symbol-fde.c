/* SPDX-License-Identifier: GPL-2.0-only */
/* A C program that was stripped, beside itself before that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "event/definer.h"
#include "module.h"

static const char program[] =
	"__attribute__((noipa)) int first(int n) { return n * 3 + 1; }\n"
	"__attribute__((noipa)) int second(int n) { return first(n) ^ first(n + 1); }\n"
	/* No unwind table knows this one. */
	"__asm__(\".text\\n.globl bare\\n.type bare,@function\\nbare:\\n\"\n"
	"	\".rept 64\\nnop\\n.endr\\nret\\n.size bare,.-bare\\n\");\n"
	"void bare(void);\n"
	"__attribute__((noipa)) int third(int n) { bare(); return second(n) / 7; }\n"
	"int main(int argc, char **argv) { (void)argv; return third(argc); }\n";

static uint64_t start_of(const char *function)
{
	return build_hex("nm full | sed -n 's/ T %s$//p'", function);
}

static uint64_t end_of(const char *function)
{
	return start_of(function) +
	       build_hex("nm -S full | sed -n 's/.* \\(.*\\) T %s$/\\1/p'", function);
}

static void every_address_leads_to_where_its_function_begins(void **state)
{
	static const char *const functions[] = { "first", "second", "third", "main" };
	struct symbolizer *s = symbolizer_of("stripped");
	const struct symbol_name *names;

	(void)state;
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		uint64_t start = start_of(functions[i]), end = end_of(functions[i]);
		char place[32];

		snprintf(place, sizeof(place), "+0x%llx", (unsigned long long)start);
		assert_in_range(end, start + 4, start + 256);
		for (uint64_t at = start; at < end; at++) {
			assert_int_equal(symbolizer_find(s, at, &names), 1);
			assert_string_equal(names[0].function, place);
			assert_true(is_place(names[0].function));
			assert_null(names[0].linkage);
			assert_null(names[0].file);
		}
	}
	symbolizer_free(s);
}

static void what_no_table_knows_is_not_given_to_the_function_before_it(void **state)
{
	struct symbolizer *s = symbolizer_of("stripped");
	const struct symbol_name *names;

	(void)state;
	for (uint64_t at = start_of("bare"), end = end_of("bare"); at < end; at++)
		assert_int_equal(symbolizer_find(s, at, &names), 0);
	assert_int_equal(symbolizer_find(s, 0, &names), 0);
	assert_int_equal(symbolizer_find(s, UINT64_MAX, &names), 0);
	symbolizer_free(s);
}

static void a_name_goes_before_a_place(void **state)
{
	struct symbolizer *s = symbolizer_of("full");
	const struct symbol_name *names;

	(void)state;
	assert_int_equal(symbolizer_find(s, start_of("second") + 1, &names), 1);
	assert_string_equal(names[0].function, "second");
	symbolizer_free(s);
}

static void a_damaged_table_does_no_harm(void **state)
{
	uint64_t start =
		build_hex("readelf -SW stripped | "
			  "sed -n 's/.*eh_frame_hdr *PROGBITS *[^ ]* //p' | cut -d' ' -f1");
	struct buf file = { 0 };
	unsigned int seed = 3;

	(void)state;
	assert_true(file_read(build_path("stripped"), &file) > 0);
	assert_in_range(start, 64, file.size - 512);
	for (int round = 0; round < 300; round++) {
		for (int i = 0; i < 8; i++)
			file.data[start + 4 + (size_t)rand_r(&seed) % (i < 2 ? 8 : 500)] ^=
				(unsigned char)rand_r(&seed);
		look_into(&file, &(struct addresses){ 0, 0x4000, 3 });
	}
	buf_release(&file);
}

static int setup(void **state)
{
	build_setup(state);
	build_file("p.c", program);
	build("gcc -O2 -o full p.c && strip -o stripped full");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_leads_to_where_its_function_begins),
		cmocka_unit_test(what_no_table_knows_is_not_given_to_the_function_before_it),
		cmocka_unit_test(a_name_goes_before_a_place),
		cmocka_unit_test(a_damaged_table_does_no_harm),
	};

	return cmocka_run_group_tests_name("symbol-fde", tests, setup, build_teardown);
}
