/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>

#include "base/mem.h"
#include "build.h"
#include "symbol/jit_map.h"

static struct jit_map *parse(const char *text)
{
	return jit_map_parse(text, strlen(text));
}

static void assert_name(const struct jit_map *map, uint64_t address, const char *want)
{
	const char *name = jit_map_find(map, address);

	if (!want)
		assert_null(name);
	else if (!name)
		fail_msg("nothing at %#llx, not %s", (unsigned long long)address, want);
	else
		assert_string_equal(name, want);
}

static void names_are_found_within_their_size(void **state)
{
	struct jit_map *map = parse("7f0010 10 LazyCompile:*f /a b.js:1:2\n"
				    "0x7F0030 0x8 Lcom/acme/Main;::run\r\n"
				    "  7f0040\t4\tpy::work:/srv/a.py  \n"
				    "7f0050 1 last");

	(void)state;
	assert_int_equal(jit_map_n(map), 4);
	assert_name(map, 0x7f000f, NULL);
	assert_name(map, 0x7f0010, "LazyCompile:*f /a b.js:1:2");
	assert_name(map, 0x7f001f, "LazyCompile:*f /a b.js:1:2");
	assert_name(map, 0x7f0020, NULL);
	assert_name(map, 0x7f0037, "Lcom/acme/Main;::run");
	assert_name(map, 0x7f0043, "py::work:/srv/a.py");
	assert_name(map, 0x7f0050, "last");
	assert_name(map, 0x7f0051, NULL);
	jit_map_free(map);
}

static void where_entries_overlap_the_latest_holds(void **state)
{
	struct jit_map *map = parse("1000 100 old\n"
				    "1040 20 inside\n"
				    "10f0 20 over_the_end\n"
				    "0ff0 20 over_the_start\n"
				    "1050 20 newest\n"
				    "1050 0 empty\n");

	(void)state;
	assert_name(map, 0xff0, "over_the_start");
	assert_name(map, 0x100f, "over_the_start");
	assert_name(map, 0x1010, "old");
	assert_name(map, 0x1040, "inside");
	assert_name(map, 0x104f, "inside");
	assert_name(map, 0x1050, "newest");
	assert_name(map, 0x106f, "newest");
	assert_name(map, 0x1070, "old");
	assert_name(map, 0x10ef, "old");
	assert_name(map, 0x110f, "over_the_end");
	assert_name(map, 0x1110, NULL);
	jit_map_free(map);
}

static void garbage_is_passed_over(void **state)
{
	static const char text[] = "\n \n1\n1 2\n1 2 \ng 1 x\n1 g x\n1 -1 x\n"
				   "ffffffffffffffff 2 wraps\n11111111111111111 1 long\n"
				   "1000 ffffffffffff huge\n\x7f"
				   "ELF\2\1\1\n2000 10 good\n3000 10";
	struct jit_map *map = parse(text);

	(void)state;
	assert_int_equal(jit_map_n(map), 1);
	assert_name(map, 0x2000, "good");
	jit_map_free(map);
	for (size_t n = 0; n < sizeof(text); n++) {
		char *exact = xmalloc(n + 1); /* so that a sanitizer sees a step too far */

		memcpy(exact, text, n);
		jit_map_free(jit_map_parse(exact, n));
		free(exact);
	}
}

static void many_nested_entries_take_no_longer_than_others(void **state)
{
	const size_t n = 100000;
	char *text = xmalloc(n * 40), *at = text;
	struct jit_map *map;

	(void)state;
	for (size_t i = 0; i < n; i++)
		at += snprintf(at, 40, "%zx %zx f%zu\n", 0x1000 + i, 2 * (n - i), i);
	map = jit_map_parse(text, (size_t)(at - text));
	assert_int_equal(jit_map_n(map), n);
	assert_name(map, 0x1000, "f0");
	assert_name(map, 0x1000 + n - 1, "f99999");
	jit_map_free(map);
	free(text);
}

static void of_a_huge_file_the_latest_entries_are_read(void **state)
{
	int fd = open(build_path("huge.map"), O_RDWR | O_CREAT, 0600);
	struct jit_map *map;

	(void)state;
	assert_int_equal(pwrite(fd, "1000 10 first\n", 14, 0), 14);
	assert_int_equal(pwrite(fd, "\n2000 10 last\n", 14, 200 << 20), 14);
	assert_int_equal(jit_map_read(fd, &map), 0);
	assert_name(map, 0x1000, NULL);
	assert_name(map, 0x2000, "last");
	jit_map_free(map);
	close(fd);
}

static char own_map[64];

static void write_own_map(mode_t mode)
{
	int fd = open(own_map, O_WRONLY | O_CREAT | O_EXCL, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "1000 10 own\n", 12), 12);
	close(fd);
}

static void the_map_of_a_process_is_opened(void **state)
{
	struct jit_map *map;
	int fd;

	(void)state;
	assert_int_equal(jit_map_open(getpid()), -ENOENT);
	write_own_map(0600);
	fd = jit_map_open(getpid());
	assert_true(fd >= 0);
	assert_int_equal(jit_map_read(fd, &map), 0);
	assert_name(map, 0x1000, "own");
	jit_map_free(map);
	close(fd);
	unlink(own_map);
	assert_int_equal(jit_map_open(0x3fffff), -ESRCH);
}

static void a_map_that_is_a_link_a_pipe_or_another_s_is_refused(void **state)
{
	(void)state;
	write_own_map(0600);
	assert_int_equal(rename(own_map, build_path("real")), 0);
	assert_int_equal(symlink(build_path("real"), own_map), 0);
	assert_true(jit_map_open(getpid()) < 0);
	unlink(own_map);
	assert_int_equal(mkfifo(own_map, 0600), 0);
	assert_true(jit_map_open(getpid()) < 0);
	unlink(own_map);
	if (geteuid()) /* only root can give a file away */
		return;
	write_own_map(0644);
	assert_int_equal(chown(own_map, 1234, 1234), 0);
	assert_true(jit_map_open(getpid()) < 0);
	unlink(own_map);
}

static int teardown(void **state)
{
	unlink(own_map);
	return build_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_within_their_size),
		cmocka_unit_test(where_entries_overlap_the_latest_holds),
		cmocka_unit_test(garbage_is_passed_over),
		cmocka_unit_test(many_nested_entries_take_no_longer_than_others),
		cmocka_unit_test(of_a_huge_file_the_latest_entries_are_read),
		cmocka_unit_test(the_map_of_a_process_is_opened),
		cmocka_unit_test(a_map_that_is_a_link_a_pipe_or_another_s_is_refused),
	};

	snprintf(own_map, sizeof(own_map), "/tmp/perf-%d.map", (int)getpid());
	unlink(own_map);
	return cmocka_run_group_tests(tests, build_setup, teardown);
}
