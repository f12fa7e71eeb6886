/* SPDX-License-Identifier: GPL-2.0-only */
/* What an ELF file exports, held against what the dynamic linker says of the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include "inject/exports.h"

/* The C library that this runs with; malloc() can be a sanitizer's own. */
static int open_libc(uint64_t *ret_base)
{
	struct link_map *map;
	Dl_info info;
	int fd;

	assert_true(dladdr1((void *)gnu_get_libc_version, &info, (void **)&map, RTLD_DL_LINKMAP));
	fd = open(map->l_name, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	*ret_base = map->l_addr;
	return fd;
}

static void test_finds_what_the_linker_finds(void **state)
{
	struct export exports[] = { { .name = "dlopen" },
				    { .name = "environ" },
				    { .name = "no_such_function" } };
	void *libc = dlopen("libc.so.6", RTLD_NOW);
	uint64_t base;
	int fd = open_libc(&base);

	(void)state;
	assert_int_equal(exports_find(fd, exports, 3), 2);
	assert_int_equal(base + exports[0].vaddr, (uintptr_t)dlsym(libc, "dlopen"));
	assert_false(exports[0].is_data);
	assert_true(exports[0].size);
	assert_int_equal(base + exports[1].vaddr, (uintptr_t)dlsym(libc, "environ"));
	assert_true(exports[1].is_data);
	assert_int_equal(exports[2].vaddr, 0);
	dlclose(libc);
	close(fd);
}

static void test_offset_is_where_the_code_is_in_the_file(void **state)
{
	struct export function = { .name = "dlopen" };
	unsigned char bytes[16];
	uint64_t base;
	int fd = open_libc(&base);
	int64_t at;

	(void)state;
	assert_int_equal(exports_find(fd, &function, 1), 1);
	at = exports_offset(fd, function.vaddr);
	assert_true(at > 0);
	assert_int_equal(pread(fd, bytes, sizeof(bytes), at), sizeof(bytes));
	assert_memory_equal(bytes, (const void *)(base + function.vaddr), sizeof(bytes));
	assert_int_equal(exports_offset(fd, UINT64_MAX), -ENOENT);
	close(fd);
}

static void test_sections_by_name(void **state)
{
	uint64_t base;
	int fd = open_libc(&base);

	(void)state;
	assert_true(exports_has_section(fd, ".text"));
	assert_false(exports_has_section(fd, ".note.go.buildid"));
	close(fd);
}

static void test_what_is_no_elf_file_has_nothing(void **state)
{
	struct export function = { .name = "malloc" };
	int fd = memfd_create("unit", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(write(fd, "\177ELF\2\1\1", 7), 7);
	assert_int_equal(exports_find(fd, &function, 1), 0);
	assert_int_equal(exports_offset(fd, 0), -ENOENT);
	assert_false(exports_has_section(fd, ".text"));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_what_the_linker_finds),
		cmocka_unit_test(test_offset_is_where_the_code_is_in_the_file),
		cmocka_unit_test(test_sections_by_name),
		cmocka_unit_test(test_what_is_no_elf_file_has_nothing),
	};

	elf_version(EV_CURRENT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
