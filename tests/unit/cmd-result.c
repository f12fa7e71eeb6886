/* SPDX-License-Identifier: GPL-2.0-only */
/* Results appear whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/result.h"

static char dir[] = "/tmp/sysprof-result-XXXXXX";

static int enter_dir(void **state)
{
	(void)state;
	return !mkdtemp(dir) || chdir(dir);
}

static int leave_dir(void **state)
{
	(void)state;
	unlink("out");
	return chdir("/") || rmdir(dir);
}

static size_t n_files(void)
{
	DIR *open = opendir(".");
	struct dirent *entry;
	size_t n = 0;

	while ((entry = readdir(open)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(open);
	return n;
}

/* What a process that is sent @signal while it writes ends with. */
static int end_writer(int signal_number)
{
	struct result result;
	int status;
	pid_t pid = fork();

	if (!pid) {
		signal(signal_number, SIG_DFL); /* a shell's background job may not have it so */
		if (result_open(&result, "out") || n_files() != 1)
			_exit(1);
		raise(signal_number);
		_exit(2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void a_signal_that_ends_the_program_leaves_nothing(void **state)
{
	(void)state;
	assert_int_equal(end_writer(SIGINT), SIGINT);
	assert_int_equal(n_files(), 0);
	assert_int_equal(end_writer(SIGTERM), SIGTERM);
	assert_int_equal(n_files(), 0);
}

static void what_is_complete_is_there(void **state)
{
	struct result result;

	(void)state;
	assert_int_equal(result_open(&result, "out"), 0);
	assert_true(access("out", F_OK) < 0);
	assert_int_equal(result_close(&result, 0), 0);
	assert_int_equal(access("out", F_OK), 0);
	assert_int_equal(n_files(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_that_ends_the_program_leaves_nothing),
		cmocka_unit_test(what_is_complete_is_there),
	};

	return cmocka_run_group_tests(tests, enter_dir, leave_dir);
}
