/* SPDX-License-Identifier: GPL-2.0-only */
#include "serve_broker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "serve_answer.h"
#include "serve_symbol.h"

#define WAIT_MS        1000
#define ENGINES_MAX    12
#define ENGINES_SINGLE 4 /* then one for the whole machine costs less than another one */
#define SYMBOLS_MAX    4 /* who look for names at a time */
#define ANEW_NS        (UINT64_C(5) * 1000000000) /* should each crash at once */
#define NOT_FOUND      404
#define TOO_MANY       429
#define FAILED         500

struct engine_process {
	pid_t pid;
	int socket;
	uint32_t target; /* the only process; 0: everybody, or all those of the options */
	enum engine_depth depth;
	uint32_t hz;
	bool is_retired; /* takes no more requests */
	bool is_continuous;
};

struct broker {
	const struct broker_options *options;
	ARRAY(struct engine_process) engines;
	ARRAY(pid_t) symbols; /* processes that look for names */
	uint64_t begin_ns;    /* when the next that always runs may be begun */
};

static void refuse(const struct broker *broker, const struct serve_request *request,
		   uint32_t status, const char *why)
{
	answer_say(broker->options->clients[request->client], request->id, status, why);
}

static enum engine_depth depth_of(const struct serve_request *request)
{
	if (request->subject == SERVE_CPU)
		return ENGINE_CPU;
	/* A page shows what every thread did; each system call is for who asked for a trace. */
	if (request->subject == SERVE_SYSCALLS ||
	    (request->subject == SERVE_TRACE && request->form != SERVE_HTML))
		return ENGINE_TRACE;
	return ENGINE_WAITS;
}

static bool can_answer(const struct engine_process *engine, uint32_t target,
		       enum engine_depth depth, uint32_t hz)
{
	return !engine->is_retired && engine->hz == hz && engine->depth >= depth &&
	       (!engine->target || engine->target == target);
}

static void start_engine(struct broker *broker, const struct engine_process *wanted, pid_t parent,
			 int requests)
{
	const struct broker_options *o = broker->options;
	pid_t pid = (pid_t)wanted->target;
	struct engine_options options = {
		.pids = pid ? &pid : o->pids,
		.n_pids = pid ? 1 : o->n_pids,
		.depth = wanted->depth,
		.hz = wanted->hz,
		.budget_permille = o->budget_permille,
		.ring_bytes = o->ring_bytes,
		.is_continuous = wanted->is_continuous,
		.keep_ns = o->keep_ns,
		.parent = parent,
		.requests = requests,
		.replies = { o->clients[SERVE_HTTP], o->clients[SERVE_PUSH] },
	};
	const struct engine_process *other;

	array_for_each(other, &broker->engines)
		close(other->socket);
	engine_run(&options);
}

static struct engine_process *add_engine(struct broker *broker, struct engine_process wanted)
{
	struct engine_process *ret;
	int sockets[2];
	pid_t parent = getpid();
	sigset_t term, before;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return NULL;
	/* One that is to end before it can be told so would not: it still has our handler. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	wanted.pid = fork();
	if (wanted.pid)
		sigprocmask(SIG_SETMASK, &before, NULL);
	if (!wanted.pid) {
		close(sockets[0]);
		start_engine(broker, &wanted, parent, sockets[1]);
	}
	close(sockets[1]);
	wanted.socket = sockets[0];
	if (wanted.pid < 0) {
		close(sockets[0]);
		return NULL;
	}
	ret = array_add(&broker->engines);
	*ret = wanted;
	return ret;
}

/* Of one process, as long as there are few of them; else of all. */
static uint32_t engine_target(const struct broker *broker, const struct serve_request *request,
			      const struct serve_pids *pids)
{
	const struct serve_target *target = &request->target;

	if (target->scope == SERVE_ALL)
		return 0;
	if (geteuid()) /* only what is its own */
		return pids->list.n == 1 ? (uint32_t)pids->list.items[0] : 0;
	return target->scope == SERVE_PID && broker->engines.n < ENGINES_SINGLE ? target->pid : 0;
}

/*
 * What samples CPUs only has nothing that goes on: once a deeper one runs it ends with the windows
 * that it has begun, and the deeper one has all that come later.
 */
static void retire_shallow(struct broker *broker, uint32_t target, enum engine_depth depth,
			   uint32_t hz)
{
	struct engine_process *engine;

	array_for_each(engine, &broker->engines) {
		if (!engine->is_continuous && engine->depth == ENGINE_CPU &&
		    depth == ENGINE_WAITS && engine->hz == hz &&
		    (!target || engine->target == target))
			engine->is_retired = true;
	}
}

static void hand_on(struct broker *broker, const struct serve_request *request, uint32_t target)
{
	enum engine_depth depth = depth_of(request);
	uint32_t hz = request->hz ? request->hz : broker->options->hz;
	struct engine_process *engine;

	array_for_each(engine, &broker->engines) {
		if (!can_answer(engine, target, depth, hz))
			continue;
		if (!serve_send(engine->socket, request, sizeof(*request), -1))
			return;
		engine->is_retired = true;
	}
	if (broker->engines.n >= ENGINES_MAX) {
		refuse(broker, request, TOO_MANY, "too many recorders run; ask again later");
		return;
	}
	retire_shallow(broker, target, depth, hz);
	engine = add_engine(broker,
			    (struct engine_process){ .target = target, .depth = depth, .hz = hz });
	if (!engine || serve_send(engine->socket, request, sizeof(*request), -1))
		refuse(broker, request, FAILED, "no recorder could be started");
}

/* The one that always runs is begun anew if it was full, or crashed. */
static void keep_continuous(struct broker *broker)
{
	const struct broker_options *o = broker->options;
	const struct engine_process *engine;

	if (!o->is_continuous || clock_ns(CLOCK_MONOTONIC) < broker->begin_ns)
		return;
	array_for_each(engine, &broker->engines) {
		if (engine->is_continuous && !engine->is_retired)
			return;
	}
	add_engine(broker, (struct engine_process){
				   .depth = o->continuous, .hz = o->hz, .is_continuous = true });
	broker->begin_ns = clock_ns(CLOCK_MONOTONIC) + ANEW_NS;
}

static bool is_served(const struct broker *broker, const struct serve_pids *pids)
{
	const struct broker_options *o = broker->options;

	for (size_t i = 0; i < pids->list.n; i++) {
		for (size_t j = 0; j < o->n_pids; j++) {
			if (pids->list.items[i] == o->pids[j])
				return true;
		}
	}
	return !o->n_pids && pids->list.n;
}

/* No recorder need know. */
static void start_symbols(struct broker *broker, const struct serve_request *request, int addresses)
{
	pid_t pid;

	if (broker->symbols.n >= SYMBOLS_MAX) {
		refuse(broker, request, TOO_MANY, "too many look for names; ask again later");
		return;
	}
	pid = fork();
	if (!pid)
		serve_symbol_run(request, addresses, broker->options->clients[request->client]);
	if (pid < 0)
		refuse(broker, request, FAILED, "no process could be started to answer");
	else
		*array_add(&broker->symbols) = pid;
}

static void take_request(struct broker *broker, const struct serve_request *request, int file)
{
	static const char *const lacks[] = {
		[SERVE_ALL] = "the processes that are served are gone",
		[SERVE_PID] = "no such process, or not one that is served",
		[SERVE_COMM] = "no process has that name, or none that is served",
		[SERVE_CGROUP] = "no process is in that cgroup, or none that is served",
	};
	struct serve_pids pids = { 0 };

	serve_target_pids(&request->target, &pids);
	if (is_served(broker, &pids) && request->subject == SERVE_SYMBOL)
		start_symbols(broker, request, file);
	else if (is_served(broker, &pids))
		hand_on(broker, request, engine_target(broker, request, &pids));
	else
		refuse(broker, request, NOT_FOUND, lacks[request->target.scope]);
	array_release(&pids.list);
}

static void cancel(struct broker *broker, const struct serve_request *request)
{
	const struct engine_process *engine;

	array_for_each(engine, &broker->engines)
		serve_send(engine->socket, request, sizeof(*request), -1);
}

static void reap_symbols(struct broker *broker)
{
	size_t kept = 0;
	int status;

	for (size_t i = 0; i < broker->symbols.n; i++) {
		pid_t pid = broker->symbols.items[i];

		if (waitpid(pid, &status, WNOHANG) != pid)
			broker->symbols.items[kept++] = pid;
	}
	broker->symbols.n = kept;
}

static void reap(struct broker *broker)
{
	size_t kept = 0;

	reap_symbols(broker);

	for (size_t i = 0; i < broker->engines.n; i++) {
		struct engine_process engine = broker->engines.items[i];

		if (waitpid(engine.pid, NULL, WNOHANG) == engine.pid)
			close(engine.socket);
		else
			broker->engines.items[kept++] = engine;
	}
	broker->engines.n = kept;
}

static void end_engines(struct broker *broker)
{
	struct engine_process *engine;

	array_for_each(engine, &broker->engines)
		kill(engine->pid, SIGTERM);
	array_for_each(engine, &broker->engines) {
		while (waitpid(engine->pid, NULL, 0) < 0 && errno == EINTR)
			;
		close(engine->socket);
	}
	array_release(&broker->engines);
	for (size_t i = 0; i < broker->symbols.n; i++)
		kill(broker->symbols.items[i], SIGKILL);
	while (broker->symbols.n) {
		usleep(1000);
		reap_symbols(broker);
	}
	array_release(&broker->symbols);
}

/* One request of @client.  As serve_receive() returns. */
static int serve_client(struct broker *broker, enum serve_client client)
{
	struct serve_request request;
	int file = -1;
	int r = serve_receive(broker->options->clients[client], &request, sizeof(request), &file);

	if (r == 1 && !serve_request_check(&request)) {
		request.client = client;
		if (request.is_cancel)
			cancel(broker, &request);
		else
			take_request(broker, &request, file);
	}
	if (r == 1 && file >= 0)
		close(file);
	return r;
}

/* 0, or -EPIPE: a client is gone. */
static int serve_clients(struct broker *broker)
{
	int r = -EAGAIN;

	for (int i = 0; i < SERVE_N_CLIENTS; i++) {
		if (broker->options->clients[i] < 0)
			continue;
		while ((r = serve_client(broker, i)) == 1)
			;
		if (r != -EAGAIN)
			return -EPIPE;
	}
	return 0;
}

void broker_run(const struct broker_options *options, const volatile sig_atomic_t *stop)
{
	struct broker broker = { .options = options };
	struct pollfd polled[SERVE_N_CLIENTS];

	for (int i = 0; i < SERVE_N_CLIENTS; i++)
		polled[i] = (struct pollfd){ .fd = options->clients[i], .events = POLLIN };
	do {
		reap(&broker);
		keep_continuous(&broker);
		poll(polled, SERVE_N_CLIENTS, WAIT_MS);
	} while (!*stop && !serve_clients(&broker));
	end_engines(&broker);
}
