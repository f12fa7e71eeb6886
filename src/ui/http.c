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
#include "http_clients.h"
#include "http_guard.h"
#include "http_reply.h"
#include "http_request.h"
#include "http_symbol.h"
#include "processes.h"
#include "sandbox.h"
#include "ui/serve.h"

#define CONNECTIONS_MAX  512u
#define WAITING_MAX      64 /* requests for profiles, at a time */
#define IDLE_SECONDS     10u
#define REQUEST_NS       (UINT64_C(20) * 1000000000) /* to send one, however slowly */
#define ANSWER_NS        (UINT64_C(120) * 1000000000)
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
	bool is_post;
	bool is_stranger; /* a user who may see only what is its own */
	struct buf body;  /* of a POST */
	int file;         /* that goes with the request; -1: none */
};

struct http {
	const struct http_options *options;
	struct MHD_Daemon *daemon;
	ARRAY(struct exchange *) waiting; /* borrowed from their connections */
	ARRAY(struct pollfd) polled;
	uint32_t last_id;
	struct http_clients clients;
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

static struct http_client *client_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;
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
	exchange->request.is_stranger = exchange->is_stranger;
	if (serve_send(http->options->broker, &exchange->request, sizeof(exchange->request),
		       exchange->file)) {
		set_error(exchange, MHD_HTTP_TOO_MANY_REQUESTS,
			  "the recorder has no time to take a request; ask again later");
		return;
	}
	exchange->is_waiting = true;
	http_client_waits(client_of(exchange->connection));
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

/* Whether the client may see @target; false: an answer was set. */
static bool is_allowed(struct http *http, struct exchange *exchange,
		       const struct serve_target *target)
{
	uid_t user;

	if (http->options->token || !http->options->is_local)
		return true;
	if (http_clients_user(&http->clients, client_of(exchange->connection), &user))
		set_error(exchange, MHD_HTTP_FORBIDDEN,
			  "the kernel does not say which user is asking");
	else if (!is_owner(http, user, target))
		set_error(
			exchange, MHD_HTTP_FORBIDDEN,
			target->scope == SERVE_PID ?
				"the process belongs to another user than the one who asks" :
				"only root and the server's user may ask for more than a process");
	else
		exchange->is_stranger = user && user != http->options->owner;
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
		.max_samples = argument(exchange, "maxsamples"),
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

/* Without an equals sign, all that is asked is one name. */
static enum MHD_Result take_query(void *arg, enum MHD_ValueKind kind, const char *name,
				  const char *value)
{
	struct buf *query = arg;

	(void)kind;
	(void)value;
	buf_puts(query, name);
	return MHD_NO;
}

static void answer_symbol(struct http *http, struct exchange *exchange,
			  const struct serve_target *target)
{
	static const struct http_profile symbol = { .name = "symbol" };
	const char *message;
	unsigned int status;

	if (!exchange->is_post)
		MHD_get_connection_values(exchange->connection, MHD_GET_ARGUMENT_KIND, take_query,
					  &exchange->body);
	exchange->profile = &symbol;
	status = http_symbol_request(target, &exchange->body, &exchange->request, &exchange->file,
				     &message);
	if (status)
		set_error(exchange, status, message);
	else if (exchange->is_head)
		set_answer(exchange, MHD_HTTP_OK,
			   http_reply_empty(&exchange->request, symbol.name));
	else
		ask_broker(http, exchange);
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
	if (exchange->is_post && route.page != HTTP_SYMBOL) {
		set_error(exchange, MHD_HTTP_METHOD_NOT_ALLOWED, "Method Not Allowed");
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
	case HTTP_SYMBOL:
		answer_symbol(http, exchange, &route.target);
		break;
	case HTTP_PROFILE:
		answer_profile(http, exchange, &route);
		break;
	}
}

static enum MHD_Result send_answer(const struct http *http, struct exchange *exchange)
{
	enum MHD_Result r;

	http_client_takes(&http->clients, client_of(exchange->connection),
			  clock_ns(CLOCK_MONOTONIC));
	r = MHD_queue_response(exchange->connection, exchange->status, exchange->response);

	MHD_destroy_response(exchange->response);
	exchange->response = NULL;
	return r;
}

static struct exchange *exchange_new(struct MHD_Connection *connection)
{
	struct exchange *exchange = xcalloc(1, sizeof(*exchange));

	exchange->connection = connection;
	exchange->file = -1;
	exchange->socket =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	return exchange;
}

/* Of who may not ask, nothing is kept; of who says too much, that it was. */
static void take_body(struct http *http, struct exchange *exchange, const char *body, size_t size)
{
	bool is_first = !exchange->body.size;

	if (exchange->response || (is_first && !is_admitted(http, exchange)) ||
	    exchange->body.size > HTTP_SYMBOL_BYTES)
		return;
	buf_add(&exchange->body, body, size);
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
	if (!exchange) {
		*state = exchange_new(connection);
		return MHD_YES;
	}
	if (*body_size) {
		take_body(http, exchange, body, *body_size);
		*body_size = 0;
		return MHD_YES;
	}
	if (!exchange->response && !is_admitted(http, exchange))
		return send_answer(http, exchange);
	exchange->is_post = !strcmp(method, MHD_HTTP_METHOD_POST);
	exchange->is_head = !strcmp(method, MHD_HTTP_METHOD_HEAD);
	if (!exchange->response) {
		if (exchange->is_head || exchange->is_post || !strcmp(method, MHD_HTTP_METHOD_GET))
			answer_page(http, exchange, path);
		else
			set_error(exchange, MHD_HTTP_METHOD_NOT_ALLOWED, "Method Not Allowed");
	}
	return exchange->is_waiting ? MHD_YES : send_answer(http, exchange);
}

static void completed(void *arg, struct MHD_Connection *connection, void **state,
		      enum MHD_RequestTerminationCode why)
{
	struct http *http = arg;
	struct exchange *exchange = *state;

	(void)why;
	if (!exchange)
		return;
	forget(http, exchange);
	if (exchange->response)
		MHD_destroy_response(exchange->response);
	if (exchange->file >= 0)
		close(exchange->file);
	buf_release(&exchange->body);
	http_client_sends(&http->clients, client_of(connection), clock_ns(CLOCK_MONOTONIC));
	free(exchange);
	*state = NULL;
}

static void connected(void *arg, struct MHD_Connection *connection, void **context,
		      enum MHD_ConnectionNotificationCode what)
{
	struct http *http = arg;
	int socket =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = http_clients_add(&http->clients, socket, clock_ns(CLOCK_MONOTONIC));
	} else {
		http_clients_remove(&http->clients, *context);
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
		http_clients_check(&http->clients, clock_ns(CLOCK_MONOTONIC));
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
		MHD_OPTION_NOTIFY_CONNECTION, connected, http, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

int http_run(const struct http_options *options)
{
	struct http http = {
		.options = options,
		.clients = { .request_ns = REQUEST_NS, .answer_ns = ANSWER_NS },
	};
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
