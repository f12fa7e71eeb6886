/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "proc/kallsyms.h"

/* All that the tests ask for. */
static const uint64_t asked[] = {
	0,
	16,
	0xffffffff80ffffff,
	0xffffffff81000000,
	0xffffffff810000ff,
	0xffffffff81000100,
	0xffffffff810001ff,
	0xffffffff81000200,
	0xffffffff81000300,
	0xffffffff81000fff,
	0xffffffff82000000,
	0xffffffffc0a000ff,
	0xffffffffc0a00100,
	UINT64_MAX,
};
#define N_ASKED (sizeof(asked) / sizeof(asked[0]))

static struct kallsyms *parse(const char *text)
{
	return kallsyms_parse(text, strlen(text), asked, N_ASKED);
}

static void assert_symbol(struct kallsyms *k, uint64_t address, const char *name,
			  const char *module)
{
	struct kallsyms_symbol symbol;

	assert_int_equal(kallsyms_find(k, address, &symbol), 0);
	assert_string_equal(symbol.name, name);
	assert_string_equal(symbol.module, module);
}

static void assert_none(struct kallsyms *k, uint64_t address)
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
	assert_int_equal(kallsyms_n(k), 5);
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

static void data_is_found_when_it_is_asked_for(void **state)
{
	struct kallsyms *k = parse("ffffffff81000200 t second\n"
				   "ffffffff81000300 D data\n");
	struct kallsyms_symbol symbol;

	(void)state;
	assert_int_equal(kallsyms_find_data(k, 0xffffffff81000300, &symbol), 0);
	assert_string_equal(symbol.name, "data");
	assert_true(kallsyms_find_data(k, 0xffffffff81000200, &symbol) < 0);
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
	assert_symbol(k, 0xffffffff81000000, "write_it", "");
	assert_symbol(k, 0xffffffff810001ff, "write_it", "");
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
		kallsyms_free(kallsyms_parse(exact, n, asked, N_ASKED));
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
	k = kallsyms_parse(text, size, asked, N_ASKED);
	assert_int_equal(kallsyms_n(k), 0);
	kallsyms_free(k);
	free(text);
}

/* Whether @text has a line for the function @name at @start. */
static bool has_line(const char *text, uint64_t start, const char *name)
{
	char line[1024];
	const char *at;
	size_t n = (size_t)snprintf(line, sizeof(line), "%016" PRIx64 " ", start);

	for (at = text; (at = strstr(at, line)); at += n) {
		if ((at == text || at[-1] == '\n') && !strncmp(at + n + 2, name, strlen(name)) &&
		    strchr("\t\n", at[n + 2 + strlen(name)]))
			return true;
	}
	return false;
}

/* The highest start that is not above @address. */
static uint64_t start_before(const char *text, uint64_t address)
{
	uint64_t best = 0, start;

	for (const char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		start = strtoull(at, NULL, 16);
		if (start <= address && start > best)
			best = start;
	}
	return best;
}

static void what_is_found_is_what_all_lines_together_say(void **state)
{
	int fd = open("/proc/kallsyms", O_RDONLY);
	struct kallsyms_symbol symbol;
	uint64_t addresses[40];
	struct buf text = { 0 };
	struct kallsyms *k;
	size_t n_found = 0;

	(void)state;
	assert_true(file_read("/proc/kallsyms", &text) > 0);
	for (uint64_t i = 0; i < 40; i++)
		addresses[i] = 0xffffffff81000000 + i * 600000 + i % 7;
	assert_int_equal(kallsyms_read(fd, addresses, 40, &k), 0);
	for (size_t i = 0; i < 40; i++) {
		if (kallsyms_find(k, addresses[i], &symbol))
			continue;
		assert_int_equal(symbol.start, start_before(buf_str(&text), addresses[i]));
		assert_true(has_line(buf_str(&text), symbol.start, symbol.name));
		n_found++;
	}
	if (kallsyms_n(k))
		assert_true(n_found > 10);
	kallsyms_free(k);
	buf_release(&text);
	close(fd);
}

static void the_running_kernel_s_list_is_read_twice_through_one_descriptor(void **state)
{
	int fd = open("/proc/kallsyms", O_RDONLY);
	struct kallsyms *k;

	(void)state;
	assert_true(fd >= 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(kallsyms_read(fd, asked, N_ASKED, &k), 0);
		if (!geteuid()) /* others may see none */
			assert_true(kallsyms_n(k) > 10000);
		kallsyms_free(k);
	}
	close(fd);
	assert_true(kallsyms_read(-1, asked, N_ASKED, &k) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_found_up_to_the_next_symbol_of_any_kind),
		cmocka_unit_test(data_is_found_when_it_is_asked_for),
		cmocka_unit_test(the_last_function_does_not_reach_to_the_end_of_memory),
		cmocka_unit_test(of_names_at_one_address_the_best_is_taken),
		cmocka_unit_test(addresses_that_are_hidden_name_nothing),
		cmocka_unit_test(garbage_is_passed_over),
		cmocka_unit_test(a_line_without_end_does_not_become_a_name),
		cmocka_unit_test(what_is_found_is_what_all_lines_together_say),
		cmocka_unit_test(the_running_kernel_s_list_is_read_twice_through_one_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
