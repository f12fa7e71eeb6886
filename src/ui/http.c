/* SPDX-License-Identifier: GPL-2.0-only */
#include "ui/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "front.h"
#include "http_guard.h"
#include "http_reply.h"
#include "http_request.h"
#include "processes.h"
#include "sandbox.h"
#include "ui/serve.h"

#define CONNECTIONS_MAX  512u
#define WAITING_MAX      64 /* requests for profiles, at a time */
#define IDLE_SECONDS     10u
#define CONNECTION_BYTES ((size_t)32 << 10) /* for the head of a request */
#define TICK_MS          1000
#define PROCESSES_AGE_NS UINT64_C(500000000) /* many who look cost no more than one */

struct exchange { /* a request and its answer */
	struct MHD_Connection *connection;
	int socket;
	struct serve_request request;
	const struct http_profile *profile;
	struct MHD_Response *response; /* owned; NULL: not there yet */
	unsigned int status;
	bool is_waiting; /* for the broker; the connection is suspended */
	bool is_head;    /* only the head of the answer is wanted */
};

struct client { /* of a connection */
	uint64_t since_ns;
	uid_t user;
	bool is_asked, is_known;
};

struct http {
	const struct http_options *options;
	struct MHD_Daemon *daemon;
	ARRAY(struct exchange *) waiting; /* borrowed from their connections */
	ARRAY(struct pollfd) polled;
	uint32_t last_id;
	struct http_peers peers;
	struct buf processes; /* as of then */
	uint64_t processes_ns;
};

static void set_answer(struct exchange *exchange, unsigned int status,
		       struct MHD_Response *response)
{
	exchange->status = response ? status : MHD_HTTP_INTERNAL_SERVER_ERROR;
	exchange->response = response ? response : http_reply_error(500, "out of memory");
}

static void set_error(struct exchange *exchange, unsigned int status, const char *text)
{
	set_answer(exchange, status, http_reply_error(status, text));
}

static void forget(struct http *http, const struct exchange *exchange)
{
	size_t kept = 0;

	for (size_t i = 0; i < http->waiting.n; i++) {
		if (http->waiting.items[i] != exchange)
			http->waiting.items[kept++] = http->waiting.items[i];
	}
	http->waiting.n = kept;
}

static void resume(struct http *http, struct exchange *exchange)
{
	forget(http, exchange);
	exchange->is_waiting = false;
	MHD_resume_connection(exchange->connection);
}

static void ask_broker(struct http *http, struct exchange *exchange)
{
	if (http->waiting.n >= WAITING_MAX) {
		set_error(exchange, MHD_HTTP_TOO_MANY_REQUESTS,
			  "too many profiles are being collected; ask again later");
		return;
	}
	http->last_id += 1 + (http->last_id == UINT32_MAX); /* 0 is none */
	exchange->request.id = http->last_id;
	if (serve_send(http->options->broker, &exchange->request, sizeof(exchange->request), -1)) {
		set_error(exchange, MHD_HTTP_TOO_MANY_REQUESTS,
			  "the recorder has no time to take a request; ask again later");
		return;
	}
	exchange->is_waiting = true;
	*array_add(&http->waiting) = exchange;
	MHD_suspend_connection(exchange->connection);
}

static void cancel(const struct http *http, const struct exchange *exchange)
{
	struct serve_request request = { .id = exchange->request.id, .is_cancel = true };

	serve_send(http->options->broker, &request, sizeof(request), -1);
}

static void take_answer(struct http *http, struct exchange *exchange, unsigned int status, int fd)
{
	struct buf text = { 0 };

	if (status == MHD_HTTP_OK && fd >= 0) {
		set_answer(exchange, status,
			   http_reply_profile(&exchange->request, exchange->profile->name, fd));
	} else {
		if (fd >= 0 && !lseek(fd, 0, SEEK_SET))
			file_read_fd(fd, &text);
		set_error(exchange, status >= 400 && status < 600 ? status : 500,
			  text.size ? buf_str(&text) : "the recorder gave no answer");
		if (fd >= 0)
			close(fd);
	}
	buf_release(&text);
	resume(http, exchange);
}

/* Whatever the recorder's side has for us.  0, or -EPIPE: it is gone. */
static int take_answers(struct http *http)
{
	struct serve_reply reply;
	int r, fd;

	while ((r = serve_receive(http->options->broker, &reply, sizeof(reply), &fd)) == 1) {
		struct exchange *exchange = NULL;

		for (size_t i = 0; i < http->waiting.n; i++) {
			if (http->waiting.items[i]->request.id == reply.id)
				exchange = http->waiting.items[i];
		}
		if (exchange)
			take_answer(http, exchange, reply.status, fd);
		else if (fd >= 0)
			close(fd);
	}
	return r == -EAGAIN ? 0 : -EPIPE;
}

static bool is_owner(const struct http *http, uid_t user, const struct serve_target *target)
{
	char path[32];
	struct stat st;

	if (!user || user == http->options->owner)
		return true;
	if (target->scope != SERVE_PID)
		return false;
	snprintf(path, sizeof(path), "/proc/%u", target->pid);
	return !stat(path, &st) && st.st_uid == user;
}

/* Whether the client may ask at all; false: an answer was set. */
static bool is_admitted(const struct http *http, struct exchange *exchange)
{
	const struct http_options *o = http->options;
	const char *host = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_HOST);
	const char *authorization = MHD_lookup_connection_value(
		exchange->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);

	if (!http_host_is_ours(host, o->is_local))
		set_error(exchange, MHD_HTTP_MISDIRECTED_REQUEST,
			  "this server goes by its address, or localhost, not by that name");
	else if (o->token && !http_token_is_right(authorization, o->token))
		set_error(exchange, MHD_HTTP_UNAUTHORIZED,
			  "a token is wanted: Authorization: Bearer TOKEN");
	return !exchange->response;
}

/* Once for a connection, whose user stays. */
static const struct client *ask_client(struct http *http, const struct exchange *exchange)
{
	struct client *client =
		MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
			->socket_context;

	if (!client->is_asked)
		client->is_known = !http_peers_user(&http->peers, exchange->socket,
						    client->since_ns, &client->user);
	client->is_asked = true;
	return client;
}

/* Whether the client may see @target; false: an answer was set. */
static bool is_allowed(struct http *http, struct exchange *exchange,
		       const struct serve_target *target)
{
	const struct client *client;

	if (http->options->token || !http->options->is_local)
		return true;
	client = ask_client(http, exchange);
	if (!client->is_known)
		set_error(exchange, MHD_HTTP_FORBIDDEN,
			  "the kernel does not say which user is asking");
	else if (!is_owner(http, client->user, target))
		set_error(
			exchange, MHD_HTTP_FORBIDDEN,
			target->scope == SERVE_PID ?
				"the process belongs to another user than the one who asks" :
				"only root and the server's user may ask for more than a process");
	return !exchange->response;
}

static const char *argument(const struct exchange *exchange, const char *name)
{
	return MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, name);
}

static void answer_profile(struct http *http, struct exchange *exchange,
			   const struct http_route *route)
{
	struct http_params params = {
		.seconds = argument(exchange, "seconds"),
		.debug = argument(exchange, "debug"),
		.hz = argument(exchange, "hz"),
		.focus = argument(exchange, "focus"),
		.format = argument(exchange, "format"),
		.last = argument(exchange, "last"),
		.before = argument(exchange, "before"),
	};
	const char *message;

	exchange->profile = route->profile;
	if (http_request(route, &params, &exchange->request, &message))
		set_error(exchange, MHD_HTTP_BAD_REQUEST, message);
	else if (exchange->is_head) /* nothing need be collected for that */
		set_answer(exchange, MHD_HTTP_OK,
			   http_reply_empty(&exchange->request, exchange->profile->name));
	else
		ask_broker(http, exchange);
}

static void answer_text(struct exchange *exchange, const char *type, const char *data, size_t size)
{
	set_answer(exchange, MHD_HTTP_OK, http_reply_bytes(type, data, size));
}

static void answer_cmdline(const struct http *http, struct exchange *exchange,
			   const struct serve_target *target)
{
	char path[40];
	struct buf text = { 0 };

	if (target->scope != SERVE_PID) { /* of many there is none: what serves them, as Go */
		answer_text(exchange, "text/plain; charset=utf-8", http->options->cmdline,
			    http->options->cmdline_size);
		return;
	}
	snprintf(path, sizeof(path), "/proc/%u/cmdline", target->pid);
	if (file_read(path, &text) < 0)
		set_error(exchange, MHD_HTTP_NOT_FOUND, "no such process");
	else /* Go has NULs between arguments only */
		answer_text(exchange, "text/plain; charset=utf-8", (char *)text.data,
			    text.size - (text.size > 0));
	buf_release(&text);
}

static size_t count_threads(const struct serve_target *target)
{
	char path[40];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%u/task", target->pid);
	return target->scope == SERVE_PID && !stat(path, &st) ? st.st_nlink - 2 : 0;
}

static void answer_processes(struct http *http, struct exchange *exchange)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	if (now_ns - http->processes_ns > PROCESSES_AGE_NS) {
		buf_clear(&http->processes);
		processes_json(&http->processes);
		http->processes_ns = now_ns;
	}
	answer_text(exchange, "application/json", (char *)http->processes.data,
		    http->processes.size);
}

static void answer_moved(struct exchange *exchange, const char *path)
{
	char *to = xasprintf("%s/", path);
	bool is_plain = strspn(to, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789/_.-") == strlen(to);

	if (is_plain && to[1] != '/')
		set_answer(exchange, MHD_HTTP_MOVED_PERMANENTLY, http_reply_moved(to));
	else
		set_error(exchange, MHD_HTTP_NOT_FOUND, "404 page not found");
	free(to);
}

static bool wants_memory(const struct http_route *route)
{
	return route->page == HTTP_PROFILE &&
	       (route->profile->subject == SERVE_HEAP || route->profile->subject == SERVE_ALLOCS);
}

static void answer_page(struct http *http, struct exchange *exchange, const char *path)
{
	struct http_route route;

	if (http_route(path, &route)) {
		set_error(exchange, MHD_HTTP_NOT_FOUND,
			  strstr(path, "/debug/pprof/") ? "Unknown profile" : "404 page not found");
		return;
	}
	if (route.page >= HTTP_INDEX && !is_allowed(http, exchange, &route.target))
		return;
	if (wants_memory(&route) && route.target.scope != SERVE_PID) {
		set_error(exchange, MHD_HTTP_NOT_IMPLEMENTED,
			  "memory is watched of one process at a time: /pid/PID/debug/pprof/heap");
		return;
	}
	switch (route.page) {
	case HTTP_FRONT:
		answer_text(exchange, "text/html; charset=utf-8", front_html, strlen(front_html));
		break;
	case HTTP_SCRIPT:
		answer_text(exchange, "text/javascript; charset=utf-8", front_js, strlen(front_js));
		break;
	case HTTP_STYLE:
		answer_text(exchange, "text/css; charset=utf-8", front_css, strlen(front_css));
		break;
	case HTTP_PROCESSES:
		answer_processes(http, exchange);
		break;
	case HTTP_INDEX:
		set_answer(exchange, MHD_HTTP_OK,
			   http_reply_index(&route.target, count_threads(&route.target)));
		break;
	case HTTP_MOVED:
		answer_moved(exchange, path);
		break;
	case HTTP_CMDLINE:
		answer_cmdline(http, exchange, &route.target);
		break;
	case HTTP_DELTA_HEAP:
		set_error(exchange, MHD_HTTP_NOT_IMPLEMENTED,
			  "differences of memory are not to be had; heap and allocs are");
		break;
	case HTTP_PROFILE:
		answer_profile(http, exchange, &route);
		break;
	}
}

static enum MHD_Result send_answer(struct exchange *exchange)
{
	enum MHD_Result r =
		MHD_queue_response(exchange->connection, exchange->status, exchange->response);

	MHD_destroy_response(exchange->response);
	exchange->response = NULL;
	return r;
}

static struct exchange *exchange_new(struct MHD_Connection *connection)
{
	struct exchange *exchange = xcalloc(1, sizeof(*exchange));

	exchange->connection = connection;
	exchange->socket =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	return exchange;
}

/*
 * Called when the head has come, then for each part of a body, then at its end; and again
 * when a suspended connection goes on.
 */
static enum MHD_Result handle(void *arg, struct MHD_Connection *connection, const char *path,
			      const char *method, const char *version, const char *body,
			      size_t *body_size, void **state)
{
	struct http *http = arg;
	struct exchange *exchange = *state;

	(void)version;
	(void)body;
	if (!exchange) {
		*state = exchange_new(connection);
		return MHD_YES;
	}
	if (*body_size) { /* nothing that is asked for has one */
		*body_size = 0;
		return MHD_YES;
	}
	if (!exchange->response && !is_admitted(http, exchange))
		return send_answer(exchange);
	exchange->is_head = !strcmp(method, MHD_HTTP_METHOD_HEAD);
	if (!exchange->response) {
		if (exchange->is_head || !strcmp(method, MHD_HTTP_METHOD_GET))
			answer_page(http, exchange, path);
		else
			set_error(exchange, MHD_HTTP_METHOD_NOT_ALLOWED, "Method Not Allowed");
	}
	return exchange->is_waiting ? MHD_YES : send_answer(exchange);
}

static void completed(void *arg, struct MHD_Connection *connection, void **state,
		      enum MHD_RequestTerminationCode why)
{
	struct http *http = arg;
	struct exchange *exchange = *state;

	(void)connection;
	(void)why;
	if (!exchange)
		return;
	forget(http, exchange);
	if (exchange->response)
		MHD_destroy_response(exchange->response);
	free(exchange);
	*state = NULL;
}

static void connected(void *arg, struct MHD_Connection *connection, void **context,
		      enum MHD_ConnectionNotificationCode what)
{
	(void)arg;
	(void)connection;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		struct client *client = *context = xcalloc(1, sizeof(*client));

		client->since_ns = clock_ns(CLOCK_MONOTONIC);
	} else {
		free(*context);
		*context = NULL;
	}
}

/* MHD does not look at connections that wait: a client that went away ends its collection. */
static void drop_gone(struct http *http)
{
	for (size_t i = http->polled.n; i-- > 2;) {
		struct exchange *exchange = i - 2 < http->waiting.n ? http->waiting.items[i - 2] :
								      NULL;

		if (!exchange || exchange->socket != http->polled.items[i].fd ||
		    !(http->polled.items[i].revents & (POLLRDHUP | POLLHUP | POLLERR)))
			continue;
		cancel(http, exchange);
		set_error(exchange, MHD_HTTP_REQUEST_TIMEOUT, "the client went away");
		resume(http, exchange);
	}
}

static void fill_polled(struct http *http, int epoll_fd)
{
	struct exchange **exchange;

	http->polled.n = 0;
	*array_add(&http->polled) = (struct pollfd){ .fd = epoll_fd, .events = POLLIN };
	*array_add(&http->polled) =
		(struct pollfd){ .fd = http->options->broker, .events = POLLIN };
	array_for_each(exchange, &http->waiting)
		*array_add(&http->polled) =
			(struct pollfd){ .fd = (*exchange)->socket, .events = POLLRDHUP };
}

static int timeout_of(struct MHD_Daemon *daemon)
{
	MHD_UNSIGNED_LONG_LONG ms;

	return MHD_get_timeout(daemon, &ms) == MHD_YES && ms < TICK_MS ? (int)ms : TICK_MS;
}

static void serve(struct http *http)
{
	int epoll_fd = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	int r = 0;

	while (!r) {
		fill_polled(http, epoll_fd);
		if (poll(http->polled.items, http->polled.n, timeout_of(http->daemon)) > 0)
			drop_gone(http);
		r = take_answers(http);
		MHD_run(http->daemon);
	}
}

static void log_error(void *arg, const char *format, va_list args)
{
	/* What strangers do wrong is theirs to know. */
	(void)arg;
	(void)format;
	(void)args;
}

static struct MHD_Daemon *start(struct http *http)
{
	const struct http_options *o = http->options;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)o->cert },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)o->key },
		{ MHD_OPTION_END, 0, NULL },
	};
	unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

	if (!o->cert)
		tls[0].option = MHD_OPTION_END;
	else
		flags |= MHD_USE_TLS;
	return MHD_start_daemon(
		flags, 0, NULL, NULL, handle, http, MHD_OPTION_EXTERNAL_LOGGER, log_error, NULL,
		MHD_OPTION_LISTEN_SOCKET, o->listener, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		CONNECTION_BYTES, MHD_OPTION_NOTIFY_COMPLETED, completed, http,
		MHD_OPTION_NOTIFY_CONNECTION, connected, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

int http_run(const struct http_options *options)
{
	struct http http = { .options = options };
	int r;

	signal(SIGPIPE, SIG_IGN);
	http.daemon = start(&http);
	if (!http.daemon)
		return err(-EINVAL, "cannot serve HTTP: %s",
			   options->cert ? "is --cert a certificate, and --key its key, in PEM?" :
					   strerror(errno));
	r = sandbox_enter();
	if (r)
		err(r, "cannot give up system calls: %s", strerror(-r));
	else
		serve(&http);
	return r;
}
