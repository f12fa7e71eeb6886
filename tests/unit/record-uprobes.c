/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "record/uprobe_helper.h"
#include "record/uprobes.h"

#define TRIES   500u
#define TRY_US  20000u
#define MAX_EXE 4096u

static void exe_of(const char *pid, char exe[MAX_EXE])
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.20s/exe", pid);
	n = readlink(path, exe, MAX_EXE - 1);
	exe[n < 0 ? 0 : n] = '\0';
}

/* Processes that run this test's program, in its process group: itself and its helpers. */
static unsigned int n_of_us(void)
{
	DIR *proc = opendir("/proc");
	char ours[MAX_EXE], exe[MAX_EXE];
	struct dirent *entry;
	unsigned int n = 0;

	assert_non_null(proc);
	exe_of("self", ours);
	while ((entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		exe_of(entry->d_name, exe);
		n += !strcmp(exe, ours) &&
		     getpgid((pid_t)strtol(entry->d_name, NULL, 10)) == getpgrp();
	}
	closedir(proc);
	return n;
}

static bool become(unsigned int n)
{
	for (unsigned int i = 0; i < TRIES; i++) {
		if (n_of_us() == n)
			return true;
		usleep(TRY_US);
	}
	return false;
}

static void never(void *arg, const struct points *points, int error)
{
	(void)arg;
	(void)points;
	(void)error;
	fail();
}

static void close_ends_the_helper(void **state)
{
	struct uprobe_request request = {
		.query = { .path = "/proc/self/exe", .function = "no_such_function", .fd = -1 },
		.ready = never,
	};
	struct uprobes *uprobes;

	(void)state;
	assert_int_equal(n_of_us(), 1);
	assert_int_equal(uprobes_open(NULL, &uprobes), 0);
	assert_true(become(2));
	/* What was asked, and not yet answered, is of no interest any more. */
	assert_int_equal(uprobes_ask(uprobes, &request), 0);
	uprobes_close(uprobes);
	assert_true(become(1));
	uprobes_close(NULL);
}

static void a_path_that_is_too_long_is_not_asked_about(void **state)
{
	char path[PATH_MAX + 1];
	struct uprobe_request request = { .query = { .path = path, .fd = -1 }, .ready = never };
	struct uprobes *uprobes;

	(void)state;
	memset(path, 'x', PATH_MAX);
	path[PATH_MAX] = '\0';
	assert_int_equal(uprobes_open(NULL, &uprobes), 0);
	assert_int_equal(uprobes_ask(uprobes, &request), -ENAMETOOLONG);
	uprobes_close(uprobes);
	assert_true(become(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(close_ends_the_helper),
		cmocka_unit_test(a_path_that_is_too_long_is_not_asked_about),
	};

	if (uprobe_type() < 0) {
		print_message("this kernel has no uprobe events for perf: nothing to test\n");
		return uprobe_type() != -ENOENT;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
