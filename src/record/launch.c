/* SPDX-License-Identifier: GPL-2.0-only */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

/* The child's side: what the recorder changed of its own signals is undone first. */
static void __attribute__((noreturn))
wait_and_exec(char **argv, char **environment, int go_fd, int error_fd)
{
	sigset_t none;
	char go;
	int error;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	if (read(go_fd, &go, 1) != 1)
		_exit(127);
	for (; environment && *environment; environment++)
		putenv(*environment);
	execvp(argv[0], argv);
	error = errno;
	if (write(error_fd, &error, sizeof(error)) != sizeof(error))
		_exit(126);
	_exit(127);
}

static void close_pair(int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

int launch_prepare(char **argv, char **environment, struct launch *ret)
{
	int go[2], error[2];
	pid_t pid;

	if (pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(error, O_CLOEXEC)) {
		close_pair(go);
		return -errno;
	}
	pid = fork();
	if (pid < 0) {
		close_pair(go);
		close_pair(error);
		return -errno;
	}
	if (!pid) {
		close(go[1]);
		wait_and_exec(argv, environment, go[0], error[1]);
	}
	close(go[0]);
	close(error[1]);
	*ret = (struct launch){ .pid = pid, .go_fd = go[1], .error_fd = error[0] };
	return 0;
}

static void reap(struct launch *launch)
{
	while (waitpid(launch->pid, NULL, 0) < 0 && errno == EINTR)
		;
	launch->pid = 0;
}

int launch_go(struct launch *launch)
{
	int error = 0;
	ssize_t got;

	if (write(launch->go_fd, "!", 1) != 1)
		error = EPIPE;
	close(launch->go_fd);
	do
		got = read(launch->error_fd, &error, sizeof(error));
	while (got < 0 && errno == EINTR);
	close(launch->error_fd);
	if (error)
		reap(launch);
	return -error;
}

void launch_abandon(struct launch *launch)
{
	close(launch->go_fd); /* the child reads end of file, and ends */
	close(launch->error_fd);
	reap(launch);
}
