/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../src/record/cpus.h"
#include "../../src/record/launch.h"
#include "../../src/record/targets.h"

static void a_process_is_gone_with_its_last_thread(void **state)
{
	struct targets targets = { 0 };

	(void)state;
	targets_add_process(&targets, 10);
	assert_true(targets_are_gone(&targets));
	targets_add_thread(&targets, 10, 10);
	targets_add_thread(&targets, 10, 11);
	targets_add_thread(&targets, 10, 11); /* told of twice */
	targets_remove_thread(&targets, 10);
	assert_false(targets_are_gone(&targets));
	targets_remove_thread(&targets, 11);
	assert_true(targets_are_gone(&targets));
	assert_true(targets_has(&targets, 10)); /* its last records may still come */
	targets_release(&targets);
}

static void what_is_no_target_is_none(void **state)
{
	struct targets targets = { 0 }, all = { .is_all = true };

	(void)state;
	targets_add_thread(&targets, 10, 11);
	assert_false(targets_has(&targets, 11));
	targets_remove_thread(&targets, 12);
	assert_false(targets_are_gone(&targets));
	assert_true(targets_has(&all, 11));
	assert_false(targets_are_gone(&all));
	targets_release(&targets);
}

static void threads_that_proc_does_not_know_are_forgotten(void **state)
{
	struct targets targets = { 0 };
	pid_t child = fork();

	(void)state;
	if (!child)
		_exit(0);
	targets_add_thread(&targets, (uint32_t)getpid(), (uint32_t)getpid());
	targets_add_thread(&targets, (uint32_t)child, (uint32_t)child);
	while (task_state(child) != 'Z')
		usleep(1000);
	/* A zombie is gone as well. */
	targets_check(&targets);
	assert_false(targets_are_gone(&targets)); /* the stream may be behind */
	targets_check(&targets);
	assert_int_equal(targets.n_live, 1);
	waitpid(child, NULL, 0);
	assert_int_equal(task_state(child), 0);
	targets_release(&targets);
}

static void count_thread(void *arg, pid_t pid, pid_t tid)
{
	assert_int_equal(pid, getpid());
	assert_int_equal(tid, getpid());
	++*(int *)arg;
}

static void the_threads_of_this_process_are_found(void **state)
{
	int n = 0;

	(void)state;
	assert_int_equal(threads_of(getpid(), count_thread, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(threads_of(1 << 30, count_thread, &n), -ESRCH);
}

static void lists_of_cpus_are_parsed(void **state)
{
	struct cpus cpus = { 0 };

	(void)state;
	assert_int_equal(cpus_parse("0-2,7\n", &cpus), 0);
	assert_int_equal(cpus.list.n, 4);
	assert_int_equal(cpus.list.items[2], 2);
	assert_int_equal(cpus.list.items[3], 7);
	cpus_release(&cpus);
}

static void what_is_no_list_of_cpus_is_refused(void **state)
{
	static const char *const bad[] = { "", "\n", "2-1", "1x", "0-99999999", "a" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct cpus cpus = { 0 };

		assert_int_equal(cpus_parse(bad[i], &cpus), -EINVAL);
		cpus_release(&cpus);
	}
}

static void a_command_runs_when_it_is_let_go(void **state)
{
	char name[] = "sh", option[] = "-c", script[] = "exit 7";
	char *argv[] = { name, option, script, NULL };
	struct launch launch;
	int status;

	(void)state;
	assert_int_equal(launch_prepare(argv, NULL, &launch), 0);
	assert_int_equal(waitpid(launch.pid, &status, WNOHANG), 0);
	assert_int_equal(launch_go(&launch), 0);
	assert_int_equal(waitpid(launch.pid, &status, 0), launch.pid);
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void a_command_that_cannot_run_says_why(void **state)
{
	char name[] = "/nonexistent";
	char *argv[] = { name, NULL };
	struct launch launch;

	(void)state;
	assert_int_equal(launch_prepare(argv, NULL, &launch), 0);
	assert_int_equal(launch_go(&launch), -ENOENT);
	assert_int_equal(launch.pid, 0);
	assert_int_equal(launch_prepare(argv, NULL, &launch), 0);
	launch_abandon(&launch);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left behind */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_is_gone_with_its_last_thread),
		cmocka_unit_test(what_is_no_target_is_none),
		cmocka_unit_test(threads_that_proc_does_not_know_are_forgotten),
		cmocka_unit_test(the_threads_of_this_process_are_found),
		cmocka_unit_test(lists_of_cpus_are_parsed),
		cmocka_unit_test(what_is_no_list_of_cpus_is_refused),
		cmocka_unit_test(a_command_runs_when_it_is_let_go),
		cmocka_unit_test(a_command_that_cannot_run_says_why),
	};

	return cmocka_run_group_tests_name("record-targets", tests, NULL, NULL);
}
