/* SPDX-License-Identifier: GPL-2.0-only */
/* A Go program that was stripped, beside itself before that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "module.h"

static const char program[] = "package main\n"
			      "import \"os\"\n"
			      "type T struct{ n int }\n"
			      "func add(p *int, b int) { *p = *p*b + 5; *p = *p/7 ^ b }\n"
			      "//go:noinline\n"
			      "func (t *T) Work(n int) int {\n" /* 6 */
			      "	for i := 0; i < n; i++ {\n"
			      "		add(&t.n, i)\n"
			      "	}\n"
			      "	return t.n\n"
			      "}\n"
			      "func main() { t := &T{}; os.Exit(t.Work(len(os.Args)) & 1) }\n";

static void assert_same(const char *full, const char *stripped)
{
	struct symbolizer *f = symbolizer_of(full), *s = symbolizer_of(stripped);
	uint64_t at = build_hex("nm %s | sed -n 's/ T main.(\\*T).Work$//p'", full);
	uint64_t end =
		build_hex("nm -n %s | sed -n '/ T main.(\\*T).Work$/{n;p}' | cut -d' ' -f1", full);
	const struct symbol_name *theirs, *ours;
	size_t n_inlined = 0;

	assert_in_range(end, at + 8, at + 1024);
	for (uint64_t a = at; a < end; a++) {
		size_t n = symbolizer_find(f, a, &theirs);

		assert_int_equal(symbolizer_find(s, a, &ours), 1);
		assert_string_equal(ours[0].function, "main.(*T).Work");
		if (!n || !theirs[n - 1].file) /* the padding behind it */
			continue;
		assert_string_equal(ours[0].file, theirs[n - 1].file);
		assert_int_equal(ours[0].start_line, theirs[n - 1].start_line);
		assert_int_equal(ours[0].line, n > 1 ? 0 : theirs[0].line);
		n_inlined += n > 1;
	}
	assert_true(n_inlined > 0);
	assert_int_equal(symbolizer_find(s, at, &ours), 1);
	assert_in_range(ours[0].line, 6, 7);
	assert_int_equal(symbolizer_find(s, 0, &ours), 0);
	assert_int_equal(symbolizer_find(s, UINT64_MAX, &ours), 0);
	symbolizer_free(f);
	symbolizer_free(s);
}

static void a_stripped_program_has_its_functions_and_lines(void **state)
{
	(void)state;
	assert_same("full", "stripped");
}

static void so_has_one_that_can_lie_anywhere(void **state)
{
	(void)state;
	build("go build -buildmode=pie -o pie p.go && "
	      "go build -buildmode=pie -ldflags='-s -w' -o pie_stripped p.go");
	assert_same("pie", "pie_stripped");
}

static void a_damaged_table_does_no_harm(void **state)
{
	uint64_t start =
		build_hex("objdump -h stripped | sed -n 's/.*gopclntab *//p' | cut -d' ' -f4");
	struct buf file = { 0 };
	unsigned int seed = 5;

	(void)state;
	assert_true(file_read(build_path("stripped"), &file) > 0);
	for (int round = 0; round < 60; round++) {
		for (int i = 0; i < 3; i++)
			file.data[start + 8 + (size_t)rand_r(&seed) % 64] ^=
				(unsigned char)rand_r(&seed);
		for (int i = 0; i < 2000; i++)
			file.data[start + (size_t)rand_r(&seed) % (file.size - start)] ^= 0x55;
		look_into(&file, &(struct addresses){ 0x401000, 0x4a0000, 0x333 });
	}
	buf_release(&file);
}

static int setup(void **state)
{
	build_setup(state);
	build_file("p.go", program);
	build("go build -o full p.go && go build -ldflags='-s -w' -o stripped p.go");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stripped_program_has_its_functions_and_lines),
		cmocka_unit_test(so_has_one_that_can_lie_anywhere),
		cmocka_unit_test(a_damaged_table_does_no_harm),
	};

	return cmocka_run_group_tests(tests, setup, build_teardown);
}
