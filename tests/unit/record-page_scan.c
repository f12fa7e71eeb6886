/* SPDX-License-Identifier: GPL-2.0-only */
/* What is said of this process's own memory is what it did with it, both ways of looking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <gnu/libc-version.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../src/record/page_scan.h"

#define N 64

static char *map_pages(int flags, int fd)
{
	char *at = mmap(NULL, N * PAGE_BYTES, PROT_READ | PROT_WRITE, flags, fd, 0);

	assert_ptr_not_equal(at, MAP_FAILED);
	return at;
}

static bool has(const struct page_scan *scan, const char *at, enum mapping_kind mapping)
{
	const struct page_run *run = page_scan_find(scan, (uintptr_t)at / PAGE_BYTES);

	return run && run->mapping == mapping;
}

static void look(bool is_old)
{
	char *anonymous = map_pages(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char *shared = map_pages(MAP_SHARED | MAP_ANONYMOUS, -1);
	struct page_scan scan;
	const struct page_run *run;
	uint64_t end = 0;

	for (size_t i = 0; i < N; i += 2) {
		anonymous[i * PAGE_BYTES] = 1;
		shared[i * PAGE_BYTES] = 1;
	}
	assert_int_equal(page_scan_take(getpid(), is_old, &scan), 0);
	for (size_t i = 0; i < N; i++) {
		assert_int_equal(has(&scan, anonymous + i * PAGE_BYTES, MAPPING_ANONYMOUS),
				 i % 2 == 0);
		assert_int_equal(has(&scan, shared + i * PAGE_BYTES, MAPPING_SHARED), i % 2 == 0);
	}
	assert_true(has(&scan, (const char *)&scan, MAPPING_STACK));
	run = page_scan_find(&scan, (uintptr_t)&gnu_get_libc_version / PAGE_BYTES);
	assert_non_null(run);
	assert_non_null(strstr((const char *)scan.names.data + run->name, "libc"));
	array_for_each(run, &scan.runs) {
		assert_true(run->pages.start >= end && run->pages.end > run->pages.start);
		end = run->pages.end;
	}
	page_scan_release(&scan);
	munmap(anonymous, N * PAGE_BYTES);
	munmap(shared, N * PAGE_BYTES);
}

static void pages_that_were_touched_are_there(void **state)
{
	(void)state;
	look(true);
	if (page_scan_is_new())
		look(false);
}

/* Only root is told of frames, by which the old way knows the page of zeros. */
static void pages_that_were_only_read_are_not(void **state)
{
	char *at = map_pages(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	struct page_scan scan;

	(void)state;
	for (int is_old = !page_scan_is_new(); is_old <= !geteuid(); is_old++) {
		assert_int_equal(((volatile char *)at)[0], 0);
		assert_int_equal(page_scan_take(getpid(), is_old, &scan), 0);
		assert_null(page_scan_find(&scan, (uintptr_t)at / PAGE_BYTES));
		page_scan_release(&scan);
	}
	munmap(at, N * PAGE_BYTES);
}

static void the_kernel_counts_as_much(void **state)
{
	struct page_scan scan;
	struct page_sums sums;
	const struct page_run *run;
	uint64_t bytes = 0;

	(void)state;
	assert_int_equal(page_scan_take(getpid(), !page_scan_is_new(), &scan), 0);
	assert_int_equal(page_sums_read(getpid(), &sums), 0);
	array_for_each(run, &scan.runs)
		bytes += (run->pages.end - run->pages.start) * PAGE_BYTES;
	assert_in_range(bytes, sums.rss - 256 * PAGE_BYTES, sums.rss + 16 * PAGE_BYTES);
	assert_true(sums.anonymous <= sums.rss);
	page_scan_release(&scan);
}

static void sums_are_read_from_text(void **state)
{
	struct page_sums sums = page_sums_parse("55d0-7ff [rollup]\nRss:  12 kB\nPss: 3 kB\n"
						"Anonymous:   8 kB\nLazyFree: 4 kB\nSwap: 1 kB\n"
						"SwapPss: 9 kB\n");

	(void)state;
	assert_int_equal(sums.rss, 12288);
	assert_int_equal(sums.anonymous, 8192);
	assert_int_equal(sums.lazy_free, 4096);
	assert_int_equal(sums.swap, 1024);
	assert_int_equal(page_sums_parse("").rss, 0);
}

static void a_process_that_is_not_there_is_told_of(void **state)
{
	struct page_scan scan;
	struct page_sums sums;

	(void)state;
	assert_int_equal(page_scan_take(0x7fffffff, false, &scan), -ESRCH);
	assert_int_equal(page_sums_read(0x7fffffff, &sums), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_that_were_touched_are_there),
		cmocka_unit_test(pages_that_were_only_read_are_not),
		cmocka_unit_test(the_kernel_counts_as_much),
		cmocka_unit_test(sums_are_read_from_text),
		cmocka_unit_test(a_process_that_is_not_there_is_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
