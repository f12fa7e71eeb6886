/* SPDX-License-Identifier: GPL-2.0-only */
#include "ui/serve.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_text(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool is_target(const struct serve_target *target)
{
	return target->scope < SERVE_N_SCOPES && is_text(target->name, sizeof(target->name)) &&
	       (target->scope != SERVE_PID || (target->pid && target->pid <= INT32_MAX));
}

static bool is_form(const struct serve_request *request)
{
	bool is_table = serve_is_table(request->subject);

	if (is_table || request->form == SERVE_JSON)
		return is_table && (request->form == SERVE_JSON || request->form == SERVE_TEXT);
	return request->form < SERVE_N_FORMS;
}

/* Stacks can be compared, where two windows of them can be had. */
static bool is_comparison(const struct serve_request *request)
{
	if (!request->before_ns)
		return true;
	return request->before_ns <= SERVE_MAX_NS && request->window == SERVE_PAST &&
	       (request->form == SERVE_SVG || request->form == SERVE_TEXT) &&
	       (request->subject == SERVE_CPU || request->subject == SERVE_BLOCK ||
		request->subject == SERVE_MUTEX);
}

int serve_request_check(const struct serve_request *request)
{
	if (!request->id)
		return -EINVAL;
	if (request->is_cancel)
		return 0;
	if (!is_target(&request->target) || !is_text(request->focus, sizeof(request->focus)))
		return -EINVAL;
	if (request->subject >= SERVE_N_SUBJECTS || !is_form(request) || !is_comparison(request) ||
	    request->window >= SERVE_N_WINDOWS ||
	    (request->window == SERVE_PAST && serve_is_state(request)))
		return -EINVAL;
	if (!request->span_ns || request->span_ns > SERVE_MAX_NS || request->hz > SERVE_MAX_HZ)
		return -EINVAL;
	return 0;
}

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int serve_send(int socket, const void *data, uint32_t size, int fd)
{
	struct iovec part = { .iov_base = (void *)data, .iov_len = size };
	union control control = { 0 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t sent;

	if (fd >= 0) {
		control.header = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	do
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

static int fd_of(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int fd;

	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

int serve_receive(int socket, void *data, uint32_t size, int *ret_fd)
{
	struct iovec part = { .iov_base = data, .iov_len = size };
	union control control = { 0 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = ret_fd ? &control : NULL,
		.msg_controllen = ret_fd ? sizeof(control) : 0,
	};
	ssize_t got = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int fd = got > 0 && ret_fd ? fd_of(&message) : -1;

	if (got == (ssize_t)size) {
		if (ret_fd)
			*ret_fd = fd;
		return 1;
	}
	if (fd >= 0)
		close(fd);
	if (got < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	return got ? -EBADMSG : 0;
}
