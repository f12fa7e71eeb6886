/* SPDX-License-Identifier: GPL-2.0-only */
#include "pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"

static pid_t pager; /* what the end of the program waits for */

static const char *choose(void)
{
	const char *command = getenv("SYSPROF_PAGER");

	if (!command)
		command = getenv("PAGER");
	if (!command)
		command = "less";
	return *command && strcmp(command, "cat") != 0 ? command : NULL;
}

static void await_pager(void)
{
	fflush(stdout);
	close(STDOUT_FILENO); /* that is the end of its input */
	while (waitpid(pager, NULL, 0) < 0 && errno == EINTR)
		;
}

/* A shell, as it may have arguments; what is not there passes everything on as it is. */
static int spawn(const char *command, int in, pid_t *ret)
{
	static const char script[] = "command -v \"${1%% *}\" >/dev/null || exec cat; eval \"$1\"";
	const char *argv[] = { "sh", "-c", script, "pager", command, NULL };
	posix_spawn_file_actions_t actions;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	setenv("LESS", "FRX", 0);
	setenv("LV", "-c", 0);
	error = posix_spawnp(ret, "sh", &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

void pager_start(void)
{
	const char *command = isatty(STDOUT_FILENO) ? choose() : NULL;
	int ends[2], error;

	if (pager || !command || pipe2(ends, O_CLOEXEC))
		return;
	error = spawn(command, ends[0], &pager);
	close(ends[0]);
	if (error) {
		warn("cannot run the pager '%s': %s", command, strerror(error));
	} else {
		fflush(stdout);
		dup2(ends[1], STDOUT_FILENO);
		signal(SIGINT, SIG_IGN);  /* it is the pager's, until that ends */
		signal(SIGPIPE, SIG_IGN); /* it may end before it has read everything */
		atexit(await_pager);
	}
	close(ends[1]);
}
