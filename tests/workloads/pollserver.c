/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: pollserver poll|select ROUNDS
 * A process "server" waits in poll(2) or select(2) for a socket that takes connections and for a pipe,
 * and works 5 ms by its CPU clock for each connection.  A process "client" works for 10 ms, connects, and
 * waits in poll(2) for the answer.  Truth: all that the server waits for is work, and nothing
 * that the client waits for; neither is in poll for nine tenths of its time, unless the machine
 * keeps the other one from its CPU for that long.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "burn.h"

static struct pollfd files[2]; /* not on the stack */

/* Whether there is a connection; else the client is gone. */
static NOINLINE int await_poll(int listener, int pipe_end)
{
	files[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
	files[1] = (struct pollfd){ .fd = pipe_end, .events = POLLIN };
	if (poll(files, 2, -1) < 0)
		abort();
	return files[0].revents != 0;
}

static NOINLINE int await_select(int listener, int pipe_end)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(listener, &set);
	FD_SET(pipe_end, &set);
	if (select((listener > pipe_end ? listener : pipe_end) + 1, &set, NULL, NULL, NULL) < 0)
		abort();
	return FD_ISSET(listener, &set);
}

static void serve(int listener, int pipe_end, int is_select)
{
	while ((is_select ? await_select : await_poll)(listener, pipe_end)) {
		int connection = accept(listener, NULL, NULL);

		burn_ns(5000000);
		if (connection < 0 || write(connection, "", 1) != 1)
			abort();
		close(connection);
	}
}

static NOINLINE void await_answer(int connection)
{
	struct pollfd one = { .fd = connection, .events = POLLIN };
	char c;

	if (poll(&one, 1, -1) != 1 || read(connection, &c, 1) != 1)
		abort();
}

static void ask(const struct sockaddr_in *address)
{
	int connection = socket(AF_INET, SOCK_STREAM, 0);

	burn_ns(10000000);
	if (connect(connection, (const struct sockaddr *)address, sizeof(*address)))
		abort();
	await_answer(connection);
	close(connection);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), ends[2];
	socklen_t size = sizeof(address);

	if (argc < 3 || pipe(ends) || bind(listener, (struct sockaddr *)&address, size) ||
	    listen(listener, 8) || getsockname(listener, (struct sockaddr *)&address, &size))
		return 1;
	if (!fork()) {
		close(ends[0]);
		prctl(PR_SET_NAME, "client");
		for (int i = 0; i < atoi(argv[2]); i++)
			ask(&address);
		_exit(0);
	}
	close(ends[1]);
	prctl(PR_SET_NAME, "server");
	serve(listener, ends[0], !strcmp(argv[1], "select"));
	wait(NULL);
	return 0;
}
