/* SPDX-License-Identifier: GPL-2.0-only */
#include "uprobe_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "cpus.h"
#include "perf_attr.h"

#define TYPE_PATH   "/sys/bus/event_source/devices/uprobe/type"
#define STACK_BYTES 8192u
#define COUNTER_BIT 32 /* of config: where the counter to raise stands in the file */

int uprobe_type(void)
{
	struct buf text = { 0 };
	int type = -ENOENT;

	if (file_read(TYPE_PATH, &text) > 0)
		type = (int)strtol(buf_str(&text), NULL, 10);
	buf_release(&text);
	return type;
}

int uprobe_send(int socket, const void *data, size_t size, int fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)data, size };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	do
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

ssize_t uprobe_receive(int socket, void *data, size_t size, int *ret_fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { data, size };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *head;
	ssize_t got;

	*ret_fd = -1;
	do
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
	    head->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(head), sizeof(*ret_fd));
	return got;
}

/*
 * Whoever is at @point on @cpu.  Go's stacks are only followed with the kernel's call chain; who
 * wants more or less of the stack than usual is not in Go.
 */
static int open_event(int type, int file, const struct point *point, uint32_t stack_bytes,
		      uint32_t cpu)
{
	struct sampler_tracepoint every = {
		.type = (uint32_t)type,
		.period = 1,
		.stack_bytes = stack_bytes,
	};
	struct perf_event_attr attr = perf_attr_of_tracepoint(&every, 0);
	char path[32];

	if (point->counter_offset >> COUNTER_BIT)
		return -ERANGE;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	attr.config = point->counter_offset << COUNTER_BIT;
	attr.exclude_callchain_user = stack_bytes != STACK_BYTES;
	attr.uprobe_path = (uintptr_t)path;
	attr.probe_offset = point->offset;
	return perf_open(&attr, -1, (int)cpu);
}

struct helper {
	int socket, type;
	struct cpus cpus;
};

/* The events stay open here, too: who closes a descriptor last, waits. */
static int open_point(const struct helper *helper, int file, const struct points *points,
		      uint32_t stack_bytes, struct uprobe_answer *answer)
{
	const struct point *point = &points->list[answer->point];
	bool has_stack = !points->runtime ||
			 runtimes[points->runtime - 1].steps[point->step].has_stack;

	for (size_t i = 0; i < helper->cpus.list.n; i++) {
		int fd, r;

		answer->cpu = helper->cpus.list.items[i];
		fd = open_event(helper->type, file, point, has_stack ? stack_bytes : 0,
				answer->cpu);
		if (fd == -ENODEV) /* the CPU went offline meanwhile */
			continue;
		r = fd < 0 ? fd : uprobe_send(helper->socket, answer, sizeof(*answer), fd);
		if (r)
			return r;
	}
	return 0;
}

static int answer(const struct helper *helper, const struct uprobe_question *question, int file)
{
	struct points_query query = {
		.fd = file,
		.path = question->path,
		.function = question->is_function ? question->function : NULL,
	};
	struct uprobe_answer event = { .key = question->key, .kind = UPROBE_EVENT };
	struct uprobe_answer done = { .key = question->key, .kind = UPROBE_DONE };
	uint32_t stack_bytes = question->stack_bytes ? question->stack_bytes : STACK_BYTES;

	done.error = file < 0 ? -EBADF : points_find_confined(&query, &done.points);
	for (uint32_t i = 0; !done.error && i < done.points.n; i++) {
		event.point = i;
		done.error = open_point(helper, file, &done.points, stack_bytes, &event);
	}
	return uprobe_send(helper->socket, &done, sizeof(done), -1);
}

static void close_all_but(int socket)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(socket, 3);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	close_range(4, ~0u, 0);
}

/* Ctrl-C means what the recorder makes of it: the helper ends with that. */
static void __attribute__((noreturn)) run(int socket)
{
	struct helper helper = { .socket = 3, .type = uprobe_type() };
	struct uprobe_question question;
	int file;

	close_all_but(socket);
	for (int i = 1; i < NSIG; i++)
		signal(i, i == SIGINT || i == SIGTERM || i == SIGHUP ? SIG_IGN : SIG_DFL);
	cpus_online(&helper.cpus);
	while (uprobe_receive(helper.socket, &question, sizeof(question), &file) ==
	       sizeof(question)) {
		if (answer(&helper, &question, file))
			break;
		close(file);
	}
	_exit(0);
}

int uprobe_helper_start(int *ret_fd)
{
	int fds[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return -errno;
	child = fork();
	if (!child) {
		if (fork())
			_exit(0);
		close(fds[0]);
		run(fds[1]);
	}
	close(fds[1]);
	if (child < 0) {
		close(fds[0]);
		return -EAGAIN;
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	*ret_fd = fds[0];
	return 0;
}
