/* SPDX-License-Identifier: GPL-2.0-only */
#include "uprobes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/map.h"
#include "perf_attr.h"
#include "uprobe_helper.h"

#define NS_PER_MS 1000000u

struct request {
	struct uprobe_request is;
	bool is_done;
	int error; /* of an event that could not be adopted */
};

struct uprobes {
	struct sampler *sampler;
	int socket;
	ARRAY(struct request) requests;
	size_t n_open;     /* requests that are not answered */
	struct map events; /* id → index of request << 32 | point */
};

int uprobes_open(struct sampler *sampler, struct uprobes **ret)
{
	struct uprobes *uprobes;
	int r = uprobe_type(), socket;

	if (r >= 0)
		r = uprobe_helper_start(&socket);
	if (r)
		return r;
	uprobes = xcalloc(1, sizeof(*uprobes));
	uprobes->sampler = sampler;
	uprobes->socket = socket;
	*ret = uprobes;
	return 0;
}

void uprobes_close(struct uprobes *uprobes)
{
	if (!uprobes)
		return;
	close(uprobes->socket);
	array_release(&uprobes->requests);
	map_release(&uprobes->events);
	free(uprobes);
}

int uprobes_ask(struct uprobes *uprobes, const struct uprobe_request *request)
{
	struct uprobe_question question = { .key = (uint32_t)uprobes->requests.n };
	const struct points_query *query = &request->query;
	int r;

	if (strlen(query->path) >= sizeof(question.path) ||
	    (query->function && strlen(query->function) >= sizeof(question.function)))
		return -ENAMETOOLONG;
	memcpy(question.path, query->path, strlen(query->path));
	question.is_function = query->function != NULL;
	question.stack_bytes = request->stack_bytes;
	if (query->function)
		memcpy(question.function, query->function, strlen(query->function));
	r = uprobe_send(uprobes->socket, &question, sizeof(question), query->fd);
	if (r)
		return r;
	array_add(&uprobes->requests)->is = *request;
	uprobes->n_open++;
	return 0;
}

static void adopt(struct uprobes *uprobes, const struct uprobe_answer *answer, int fd)
{
	struct request *request = &uprobes->requests.items[answer->key];
	uint64_t id;
	enum sampler_source source = request->is.source ? request->is.source : SAMPLER_PROBES;
	int r = sampler_adopt(uprobes->sampler, fd, answer->cpu, source, &id);

	if (!r)
		*map_insert(&uprobes->events, id) = (uint64_t)answer->key << 32 | answer->point;
	else if (!request->error)
		request->error = r;
}

static void finish(struct uprobes *uprobes, const struct uprobe_answer *answer)
{
	struct request *request = &uprobes->requests.items[answer->key];

	request->is_done = true;
	uprobes->n_open--;
	request->is.ready(request->is.arg, &answer->points,
			  answer->error ? answer->error : request->error);
}

/* False when there is nothing more.  Without a helper, what is open fails. */
static bool take_answer(struct uprobes *uprobes)
{
	struct pollfd wait = { .fd = uprobes->socket, .events = POLLIN };
	struct uprobe_answer answer;
	int fd;

	if (poll(&wait, 1, 0) != 1)
		return false;
	if (uprobe_receive(uprobes->socket, &answer, sizeof(answer), &fd) != sizeof(answer)) {
		for (uint32_t i = 0; uprobes->n_open && i < uprobes->requests.n; i++) {
			answer = (struct uprobe_answer){ .key = i, .error = -EIO };
			if (!uprobes->requests.items[i].is_done)
				finish(uprobes, &answer);
		}
		return false;
	}
	if (fd >= 0)
		adopt(uprobes, &answer, fd);
	else if (answer.kind == UPROBE_DONE)
		finish(uprobes, &answer);
	return true;
}

void uprobes_step(struct uprobes *uprobes)
{
	while (uprobes->n_open && take_answer(uprobes))
		;
}

void uprobes_settle(struct uprobes *uprobes, int timeout_ms)
{
	uint64_t end_ns = clock_ns(CLOCK_MONOTONIC) + (uint64_t)timeout_ms * NS_PER_MS;
	struct pollfd wait = { .fd = uprobes->socket, .events = POLLIN };

	while (uprobes->n_open && clock_ns(CLOCK_MONOTONIC) < end_ns) {
		poll(&wait, 1, 10);
		uprobes_step(uprobes);
	}
}

void uprobes_take(const struct uprobes *uprobes, const struct perf_record *record)
{
	const uint64_t *what = map_find(&uprobes->events, record->id);
	const struct uprobe_request *request;

	if (!what)
		return;
	request = &uprobes->requests.items[*what >> 32].is;
	request->hit(request->arg, record, (uint32_t)*what);
}

/* In code of our own that nobody runs.  Unlike others, closing this one is not worth a child. */
int uprobes_try(void)
{
	struct sampler_tracepoint every = { .period = 1 };
	struct perf_event_attr attr;
	int type = uprobe_type(), fd;

	if (type < 0)
		return type;
	every.type = (uint32_t)type;
	attr = perf_attr_of_tracepoint(&every, 0);
	attr.uprobe_path = (uintptr_t) "/proc/self/exe";
	attr.probe_offset = 0;
	fd = perf_open(&attr, -1, 0);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}
