/* SPDX-License-Identifier: GPL-2.0-only */
/* What a process can still do after confine(): as root, this matters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "symbol/confine.h"

/* Run @check in a child that was confined, with @fd left open; its result, which is below 100. */
static int confined(int (*check)(int fd), int fd)
{
	pid_t parent = getpid(), pid = fork();
	int status = 0;

	if (!pid) {
		struct confine_options options = {
			.parent = parent, .fds = &fd, .n_fds = 1, .cpu_seconds = 10
		};

		_exit(confine(&options) ? 100 : check(fd));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int check_user(int fd)
{
	uid_t r, e, s;
	gid_t g, h, i;
	const char *want = getenv("SUDO_UID");
	uid_t uid = want ? (uid_t)strtoul(want, NULL, 10) : 65534;

	(void)fd;
	if (getresuid(&r, &e, &s) || r != uid || e != uid || s != uid)
		return 1;
	if (getresgid(&g, &h, &i) || g != uid || h != uid || i != uid)
		return 2;
	if (getgroups(0, NULL) != 0)
		return 3;
	return !setuid(0) ? 4 : 0;
}

static void root_becomes_nobody(void **state)
{
	(void)state;
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	if (!geteuid())
		assert_int_equal(confined(check_user, 0), 0);
}

static void root_becomes_who_called_sudo(void **state)
{
	(void)state;
	setenv("SUDO_UID", "1234", 1);
	setenv("SUDO_GID", "1234", 1);
	if (!geteuid())
		assert_int_equal(confined(check_user, 0), 0);
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
}

static void a_sudo_uid_of_root_or_of_garbage_is_nobody(void **state)
{
	static const char *const ids[] = {
		"0", "-1", "", "4294967295", "1x", "99999999999999999999"
	};

	(void)state;
	for (size_t i = 0; !geteuid() && i < sizeof(ids) / sizeof(*ids); i++) {
		pid_t pid, parent = getpid();
		int status = 0;

		setenv("SUDO_UID", ids[i], 1);
		pid = fork();
		if (!pid) {
			struct confine_options options = { .parent = parent, .cpu_seconds = 10 };

			_exit(confine(&options) ? 100 : getuid() == 65534 ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	unsetenv("SUDO_UID");
}

static int check_capabilities(int fd)
{
	int status = open("/proc/self/status", O_RDONLY);
	char text[8192];
	ssize_t size = read(status, text, sizeof(text) - 1);

	(void)fd;
	if (size <= 0)
		return 1;
	text[size] = '\0';
	if (!strstr(text, "\nCapEff:\t0000000000000000\n") ||
	    !strstr(text, "\nCapPrm:\t0000000000000000\n") ||
	    !strstr(text, "\nCapInh:\t0000000000000000\n") ||
	    !strstr(text, "\nCapAmb:\t0000000000000000\n"))
		return 2;
	if (!strstr(text, "\nNoNewPrivs:\t1\n"))
		return 3;
	return prctl(PR_GET_DUMPABLE) ? 4 : 0;
}

static void no_capability_is_left(void **state)
{
	(void)state;
	assert_int_equal(confined(check_capabilities, 0), 0);
}

static int check_files(int fd)
{
	int n = 0;

	if (fcntl(fd, F_GETFD) < 0)
		return 1;
	for (int i = 3; i < 64; i++)
		n += fcntl(i, F_GETFD) >= 0;
	if (n != 1)
		return 2;
	if (!geteuid() || open("/etc/shadow", O_RDONLY) >= 0)
		return 3;
	return write(2, "x", 1) == 1 ? 0 : 4; /* goes nowhere, but does not fail */
}

static void only_the_files_that_were_given_are_open(void **state)
{
	int fds[5];

	(void)state;
	for (int i = 0; i < 5; i++)
		fds[i] = open("/dev/null", O_RDONLY);
	if (!geteuid())
		assert_int_equal(confined(check_files, fds[2]), 0);
	for (int i = 0; i < 5; i++)
		close(fds[i]);
}

static int check_limits(int fd)
{
	struct rlimit cpu, core;

	(void)fd;
	if (getrlimit(RLIMIT_CPU, &cpu) || cpu.rlim_cur != 10 || cpu.rlim_max != 10)
		return 1;
	return getrlimit(RLIMIT_CORE, &core) || core.rlim_max ? 2 : 0;
}

static void time_and_memory_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(confined(check_limits, 0), 0);
}

static void it_fails_when_the_parent_is_gone(void **state)
{
	struct confine_options options = { .parent = 1, .cpu_seconds = 10 };
	pid_t pid = fork();
	int status;

	(void)state;
	if (!pid)
		_exit(confine(&options) == -ESRCH ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_becomes_nobody),
		cmocka_unit_test(root_becomes_who_called_sudo),
		cmocka_unit_test(a_sudo_uid_of_root_or_of_garbage_is_nobody),
		cmocka_unit_test(no_capability_is_left),
		cmocka_unit_test(only_the_files_that_were_given_are_open),
		cmocka_unit_test(time_and_memory_are_bounded),
		cmocka_unit_test(it_fails_when_the_parent_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
