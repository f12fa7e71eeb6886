/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include "proc/task.h"

static void blocked_signals_are_those_of_the_thread(void **state)
{
	uint64_t blocked = 0;
	sigset_t set;

	(void)state;
	sigemptyset(&set);
	assert_int_equal(sigprocmask(SIG_SETMASK, &set, NULL), 0);
	assert_int_equal(task_blocked_signals(gettid(), &blocked), 0);
	assert_int_equal(blocked, 0);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGRTMAX);
	assert_int_equal(sigprocmask(SIG_SETMASK, &set, NULL), 0);
	assert_int_equal(task_blocked_signals(gettid(), &blocked), 0);
	assert_int_equal(blocked, 1ull << (SIGHUP - 1) | 1ull << (SIGRTMAX - 1));
}

static void a_thread_that_is_gone_is_an_error(void **state)
{
	uint64_t blocked;

	(void)state;
	assert_int_equal(task_blocked_signals(INT_MAX, &blocked), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocked_signals_are_those_of_the_thread),
		cmocka_unit_test(a_thread_that_is_gone_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
