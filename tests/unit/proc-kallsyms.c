/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "proc/kallsyms.h"

static struct kallsyms *parse(const char *text)
{
	return kallsyms_parse(text, strlen(text));
}

static void assert_symbol(const struct kallsyms *k, uint64_t address, const char *name,
			  const char *module)
{
	struct kallsyms_symbol symbol;

	assert_int_equal(kallsyms_find(k, address, &symbol), 0);
	assert_string_equal(symbol.name, name);
	assert_string_equal(symbol.module, module);
}

static void assert_none(const struct kallsyms *k, uint64_t address)
{
	struct kallsyms_symbol symbol;

	assert_true(kallsyms_find(k, address, &symbol) < 0);
}

static void functions_are_found_up_to_the_next_symbol_of_any_kind(void **state)
{
	struct kallsyms *k = parse("ffffffff81000200 t second\n"
				   "ffffffff81000000 T first\n"
				   "ffffffff81000300 D data\n"
				   "ffffffffc0a00000 t nft_do_chain\t[nf_tables]\n"
				   "ffffffffc0a00100 d table\t[nf_tables]\n");

	(void)state;
	assert_int_equal(kallsyms_n(k), 3);
	assert_none(k, 0xffffffff80ffffff);
	assert_symbol(k, 0xffffffff81000000, "first", "");
	assert_symbol(k, 0xffffffff810001ff, "first", "");
	assert_symbol(k, 0xffffffff81000200, "second", "");
	assert_none(k, 0xffffffff81000300);
	assert_symbol(k, 0xffffffffc0a000ff, "nft_do_chain", "nf_tables");
	assert_none(k, 0xffffffffc0a00100);
	assert_none(k, UINT64_MAX);
	kallsyms_free(k);
}

static void the_last_function_does_not_reach_to_the_end_of_memory(void **state)
{
	struct kallsyms *k = parse("ffffffff81000000 T last\n");

	(void)state;
	assert_symbol(k, 0xffffffff81000fff, "last", "");
	assert_none(k, 0xffffffff82000000);
	kallsyms_free(k);
}

static void of_names_at_one_address_the_best_is_taken(void **state)
{
	struct kallsyms *k = parse("ffffffff81000000 T __sys_write\n"
				   "ffffffff81000000 t local_write\n"
				   "ffffffff81000000 T write_it\n"
				   "ffffffff81000000 D data_too\n"
				   "ffffffff81000000 T write_it_now\n");

	(void)state;
	assert_int_equal(kallsyms_n(k), 1);
	assert_symbol(k, 0xffffffff81000000, "write_it", "");
	kallsyms_free(k);
}

static void addresses_that_are_hidden_name_nothing(void **state)
{
	struct kallsyms *k = parse("0000000000000000 T first\n0000000000000000 t second\n");

	(void)state;
	assert_int_equal(kallsyms_n(k), 0);
	assert_none(k, 0);
	assert_none(k, 16);
	kallsyms_free(k);
}

static void garbage_is_passed_over(void **state)
{
	static const char text[] = "\n\n \nT\nffffffff81000000\nffffffff81000000 \n"
				   "ffffffff81000000 T\nffffffff81000000 T \n"
				   "xyz T name\nffffffff81000000T name\n"
				   "fffffffff81000000 T too_long\n"
				   "ffffffff81000100 T good\t[unclosed\n"
				   "ffffffff81000200 Tx name\n"
				   "ffffffff81000300 t cut";
	struct kallsyms *k = parse(text);

	(void)state;
	assert_int_equal(kallsyms_n(k), 2);
	assert_symbol(k, 0xffffffff81000100, "good", "");
	assert_symbol(k, 0xffffffff81000300, "cut", "");
	kallsyms_free(k);
	for (size_t n = 0; n < sizeof(text); n++) {
		char *exact = xmalloc(n + 1); /* so that a sanitizer sees a step too far */

		memcpy(exact, text, n);
		kallsyms_free(kallsyms_parse(exact, n));
		free(exact);
	}
}

static void a_line_without_end_does_not_become_a_name(void **state)
{
	size_t size = 1 << 20;
	char *text = xmalloc(size);
	struct kallsyms *k;

	(void)state;
	memset(text, 'a', size);
	memcpy(text, "ffffffff81000000 T ", 19);
	k = kallsyms_parse(text, size);
	assert_int_equal(kallsyms_n(k), 0);
	kallsyms_free(k);
	free(text);
}

static void the_running_kernel_s_list_is_read_twice_through_one_descriptor(void **state)
{
	int fd = open("/proc/kallsyms", O_RDONLY);
	struct kallsyms *k;

	(void)state;
	assert_true(fd >= 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(kallsyms_read(fd, &k), 0);
		if (!geteuid()) /* others may see none */
			assert_true(kallsyms_n(k) > 10000);
		kallsyms_free(k);
	}
	close(fd);
	assert_true(kallsyms_read(-1, &k) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_found_up_to_the_next_symbol_of_any_kind),
		cmocka_unit_test(the_last_function_does_not_reach_to_the_end_of_memory),
		cmocka_unit_test(of_names_at_one_address_the_best_is_taken),
		cmocka_unit_test(addresses_that_are_hidden_name_nothing),
		cmocka_unit_test(garbage_is_passed_over),
		cmocka_unit_test(a_line_without_end_does_not_become_a_name),
		cmocka_unit_test(the_running_kernel_s_list_is_read_twice_through_one_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
