/* SPDX-License-Identifier: GPL-2.0-only */
#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/err.h"
#include "base/file.h"
#include "base/human.h"
#include "base/notify.h"
#include "cmd/command.h"
#include "data/ring.h"
#include "pid_args.h"
#include "serve_broker.h"
#include "serve_push.h"
#include "symbol/confine.h"
#include "ui/http.h"

#define DEFAULT_LISTEN     "127.0.0.1:6060"
#define DEFAULT_HZ         100
#define DEFAULT_BUDGET     10 /* permille of the machine, for stacks of waits */
#define DEFAULT_RING_BYTES ((size_t)64 << 20)
#define DEFAULT_KEEP       300 /* seconds */
#define KEEP_MAX           86400
#define RING_MAX_BYTES     (UINT64_C(4) << 30)
#define DEFAULT_EVERY      15 /* seconds */
#define EVERY_MAX          60
#define BACKLOG            256
#define TOKEN_MIN          16
#define FDS_WANTED         1024

enum {
	KEY_LISTEN = 0x100,
	KEY_TOKEN,
	KEY_CERT,
	KEY_KEY,
	KEY_KEEP,
	KEY_CONTINUOUS,
	KEY_RING_SIZE,
	KEY_PUSH,
	KEY_PUSH_EVERY,
};

struct serve_args {
	pid_array pids;
	bool is_all, is_continuous;
	enum engine_depth continuous;
	uint32_t hz;
	uint64_t keep_seconds;
	uint64_t ring_bytes;
	const char *push_url;  /* NULL: nowhere */
	uint64_t push_seconds; /* how often */
	const char *listen;
	const char *token_file, *cert_file, *key_file; /* NULL: not said */
	struct buf token, cert, key;
};

static volatile sig_atomic_t stop_signal;

static const struct argp_option options[] = {
	{ "listen", KEY_LISTEN, "ADDR:PORT|unix:PATH", 0,
	  "Where to listen (default " DEFAULT_LISTEN ")", 0 },
	{ "pid", 'p', "PID[,PID...]", 0, "Serve these processes only", 0 },
	{ "all", 'a', NULL, 0, "Serve every process (the default)", 0 },
	{ "frequency", 'F', "HZ", 0, "Sample each CPU so often a second (default 100)", 0 },
	{ "keep", KEY_KEEP, "SECONDS", 0,
	  "Go on with what is cumulative so long after the last request (default 300)", 0 },
	{ "continuous", KEY_CONTINUOUS, "cpu|waits", OPTION_ARG_OPTIONAL,
	  "Record all the time, so that there is a past to look at: samples of the CPUs (the "
	  "default), or where threads wait, too",
	  0 },
	{ "ring-size", KEY_RING_SIZE, "SIZE", 0,
	  "Memory of each recorder for the past at most (default 64M)", 0 },
	{ "push", KEY_PUSH, "URL", 0,
	  "Send what uses the CPUs to a Pyroscope server (its /ingest); records all the time", 0 },
	{ "push-every", KEY_PUSH_EVERY, "SECONDS", 0, "How often (default 15)", 0 },
	{ "token-file", KEY_TOKEN, "FILE", 0,
	  "Take requests only with the token in FILE: Authorization: Bearer TOKEN", 0 },
	{ "cert", KEY_CERT, "FILE", 0, "Speak TLS, with this certificate (PEM)", 0 },
	{ "key", KEY_KEY, "FILE", 0, "The certificate's key (PEM)", 0 },
	{ 0 },
};

/* What is recorded though nobody asks, and for how long. */
static error_t parse_recorder(int key, char *arg, struct argp_state *state)
{
	struct serve_args *args = state->input;

	switch (key) {
	case KEY_KEEP:
		if (human_parse_number(arg, 1, KEEP_MAX, &args->keep_seconds))
			argp_error(state, "'%s' is not a number of seconds from 1 to %d", arg,
				   KEEP_MAX);
		return 0;
	case KEY_CONTINUOUS:
		args->is_continuous = true;
		args->continuous = arg && !strcmp(arg, "waits") ? ENGINE_WAITS : ENGINE_CPU;
		if (arg && strcmp(arg, "waits") && strcmp(arg, "cpu"))
			argp_error(state, "--continuous is of cpu, or waits, not '%s'", arg);
		return 0;
	case KEY_PUSH:
		if (strncmp(arg, "http://", 7) && strncmp(arg, "https://", 8))
			argp_error(state, "--push: '%s' does not begin with http:// or https://",
				   arg);
		args->push_url = arg;
		return 0;
	case KEY_PUSH_EVERY:
		if (human_parse_number(arg, 1, EVERY_MAX, &args->push_seconds))
			argp_error(state, "'%s' is not a number of seconds from 1 to %d", arg,
				   EVERY_MAX);
		return 0;
	case KEY_RING_SIZE:
		if (human_parse_size(arg, &args->ring_bytes) || args->ring_bytes < RING_MIN_BYTES ||
		    args->ring_bytes > RING_MAX_BYTES)
			argp_error(state, "--ring-size: '%s' is not a size from 4M to 4G", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct serve_args *args = state->input;
	uint64_t hz;

	switch (key) {
	case KEY_LISTEN:
		args->listen = arg;
		return 0;
	case 'p':
		pid_args_add(&args->pids, arg, state);
		return 0;
	case 'a':
		args->is_all = true;
		return 0;
	case 'F':
		if (human_parse_number(arg, 1, SERVE_MAX_HZ, &hz))
			argp_error(state, "'%s' is not a frequency from 1 to %d", arg,
				   SERVE_MAX_HZ);
		args->hz = (uint32_t)hz;
		return 0;
	case KEY_TOKEN:
		args->token_file = arg;
		return 0;
	case KEY_CERT:
		args->cert_file = arg;
		return 0;
	case KEY_KEY:
		args->key_file = arg;
		return 0;
	case ARGP_KEY_END:
		args->is_continuous |= args->push_url != NULL;
		if (args->is_all && args->pids.n)
			argp_error(state, "-p and -a exclude each other");
		if (!args->cert_file != !args->key_file)
			argp_error(state, "--cert and --key go together");
		return 0;
	default:
		return parse_recorder(key, arg, state);
	}
}

static int read_secret(const char *path, struct buf *ret)
{
	ssize_t n = path ? file_read(path, ret) : 1;

	if (n < 0)
		return err(EXIT_FAILED, "cannot read '%s': %s", path, strerror((int)-n));
	return n ? EXIT_DONE : err(EXIT_FAILED, "'%s' is empty", path);
}

/* The first line; what others can read is no secret. */
static int read_token(struct serve_args *args)
{
	struct stat st;
	int status = read_secret(args->token_file, &args->token);

	if (status || !args->token_file)
		return status;
	args->token.size = strcspn(buf_str(&args->token), "\r\n");
	if (args->token.size < TOKEN_MIN)
		return err(EXIT_FAILED,
			   "the token in '%s' is shorter than %d characters: anybody guesses it; "
			   "make one: openssl rand -hex 32",
			   args->token_file, TOKEN_MIN);
	if (!stat(args->token_file, &st) && st.st_mode & 077)
		return err(EXIT_FAILED, "others can read '%s'; chmod 600 it", args->token_file);
	return EXIT_DONE;
}

static int cannot_listen(const char *where, int error)
{
	return err(-1, "cannot listen on '%s': %s%s", where, strerror(error),
		   error == EADDRINUSE ? "; another server has it, choose one with --listen" : "");
}

static int listen_at(const char *where, const struct sockaddr *address, socklen_t size)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0)
		return cannot_listen(where, errno);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!bind(fd, address, size) && !listen(fd, BACKLOG))
		return fd;
	cannot_listen(where, errno);
	close(fd);
	return -1;
}

/* One that nobody listens at was left behind by a server that was killed. */
static void remove_stale(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) &&
	    errno == ECONNREFUSED && !lstat(address->sun_path, &st) && S_ISSOCK(st.st_mode))
		unlink(address->sun_path);
	if (fd >= 0)
		close(fd);
}

/* Whoever can reach it may connect: what each may see goes by the user. */
static int listen_unix(const char *where, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd;

	if (!*path || strlen(path) >= sizeof(address.sun_path))
		return err(-1, "'%s' is not a path for a socket: 1 to %zu characters", path,
			   sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	remove_stale(&address);
	mask = umask(0111);
	fd = listen_at(where, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	return fd;
}

/* "127.0.0.1:6060", "[::1]:6060", ":6060", "localhost:0". */
static int split(const char *where, char *host, size_t size, const char **ret_port)
{
	const char *colon = strrchr(where, ':');
	const char *begin = where, *end = colon;

	if (!colon || !colon[1])
		return -EINVAL;
	if (*begin == '[' && end > begin && end[-1] == ']') {
		begin++;
		end--;
	}
	if ((size_t)(end - begin) >= size)
		return -EINVAL;
	memcpy(host, begin, (size_t)(end - begin));
	host[end - begin] = '\0';
	*ret_port = colon + 1;
	return 0;
}

static int listen_tcp(const char *where)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *found;
	const char *port;
	char host[256];
	int r, fd;

	if (split(where, host, sizeof(host), &port))
		return err(-1,
			   "'%s' is no address to listen on; try 127.0.0.1:6060 or "
			   "unix:/run/sysprof.sock",
			   where);
	r = getaddrinfo(host[0] ? host : NULL, port, &hints, &found);
	if (r)
		return err(-1, "cannot listen on '%s': %s", where, gai_strerror(r));
	fd = listen_at(where, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return fd;
}

static void announce(const struct serve_args *args, const struct sockaddr_storage *address)
{
	const char *scheme = args->cert_file ? "https" : "http";
	char host[NI_MAXHOST], port[NI_MAXSERV];
	bool is_six = address->ss_family == AF_INET6;

	if (address->ss_family == AF_UNIX) {
		note("serving at %s: curl --unix-socket %s http://localhost/debug/pprof/",
		     args->listen, args->listen + strlen("unix:"));
		return;
	}
	if (getnameinfo((const struct sockaddr *)address, sizeof(*address), host, sizeof(host),
			port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		return;
	note("serving at %s://%s%s%s:%s/", scheme, is_six ? "[" : "", host, is_six ? "]" : "",
	     port);
}

/* Who can be reached from elsewhere must know who asks, and should not be overheard. */
static int check_exposure(const struct serve_args *args, bool is_reachable)
{
	if (!is_reachable)
		return EXIT_DONE;
	if (!args->token_file)
		return err(
			EXIT_FAILED,
			"'%s' can be reached from other machines: give --token-file FILE, so that "
			"not everybody there can look into every process here",
			args->listen);
	if (!args->cert_file)
		warn("'%s' is plain HTTP: whoever can listen to the network reads the token and "
		     "the profiles; give --cert and --key",
		     args->listen);
	return EXIT_DONE;
}

/* The process without privilege.  Its messages are ours. */
static int run_http(const struct serve_args *args, struct http_options *http, pid_t parent)
{
	int messages = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	int fds[] = { http->listener, http->broker, messages };
	int r = confine(&(struct confine_options){
		.parent = parent,
		.fds = fds,
		.n_fds = sizeof(fds) / sizeof(fds[0]),
		.is_nobody = true,
	});

	if (dup2(messages, STDERR_FILENO) < 0)
		return EXIT_FAILED;
	if (r)
		return err(
			EXIT_FAILED,
			"the HTTP side cannot give up its privilege: %s; it wants CAP_SETUID and "
			"CAP_SETGID to be nobody",
			strerror(-r));
	close(messages);
	signal(SIGTERM, SIG_IGN); /* it ends with its parent, which has recorders to end */
	http->token = args->token_file ? (const char *)args->token.data : NULL;
	http->cert = args->cert_file ? (const char *)args->cert.data : NULL;
	http->key = args->key_file ? (const char *)args->key.data : NULL;
	return http_run(http) ? EXIT_FAILED : EXIT_DONE;
}

/* The process that sends profiles, without privilege, too. */
static int run_push(const struct serve_args *args, int broker, pid_t parent)
{
	struct push_options push = {
		.url = args->push_url,
		.interval_seconds = (uint32_t)args->push_seconds,
		.hz = args->hz,
		.pids = args->pids.items,
		.n_pids = args->pids.n,
		.broker = broker,
	};
	int messages = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	int fds[] = { broker, messages };
	int r = confine(&(struct confine_options){
		.parent = parent,
		.fds = fds,
		.n_fds = sizeof(fds) / sizeof(fds[0]),
		.is_nobody = true,
	});

	if (r || dup2(messages, STDERR_FILENO) < 0)
		return EXIT_FAILED;
	close(messages);
	return push_run(&push) ? EXIT_FAILED : EXIT_DONE;
}

/* 0: none is wanted; -1: it failed, and why was said. */
static pid_t start_push(const struct serve_args *args, int *ret_socket)
{
	pid_t parent = getpid(), child;
	int sockets[2];

	*ret_socket = -1;
	if (!args->push_url)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return err(-1, "cannot start: %s", strerror(errno));
	child = fork();
	if (!child)
		_exit(run_push(args, sockets[1], parent));
	close(sockets[1]);
	*ret_socket = sockets[0];
	return child < 0 ? err(-1, "cannot start a process: %s", strerror(errno)) : child;
}

static void on_signal(int signal_number)
{
	stop_signal = signal_number;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART: poll() returns */

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void raise_fds(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= FDS_WANTED)
		return;
	limit.rlim_cur = limit.rlim_max < FDS_WANTED ? limit.rlim_max : FDS_WANTED;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return EXIT_FAILED;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

static int serve_with(const struct serve_args *args, struct http_options *http)
{
	struct broker_options broker = {
		.pids = args->pids.items,
		.n_pids = args->pids.n,
		.hz = args->hz,
		.budget_permille = DEFAULT_BUDGET,
		.ring_bytes = args->ring_bytes,
		.is_continuous = args->is_continuous,
		.continuous = args->continuous,
		.keep_ns = args->keep_seconds * UINT64_C(1000000000),
	};
	pid_t parent = getpid(), child, pusher;
	int sockets[2];
	int status;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return err(EXIT_FAILED, "cannot start: %s", strerror(errno));
	catch_signals();
	child = fork();
	if (!child) {
		close(sockets[0]);
		http->broker = sockets[1];
		_exit(run_http(args, http, parent));
	}
	close(sockets[1]);
	close(http->listener);
	if (child < 0)
		return err(EXIT_FAILED, "cannot start a process: %s", strerror(errno));
	broker.clients[SERVE_HTTP] = sockets[0];
	pusher = start_push(args, &broker.clients[SERVE_PUSH]);
	notify_manager("READY=1");
	if (pusher >= 0)
		broker_run(&broker, &stop_signal);
	notify_manager("STOPPING=1");
	if (pusher > 0) { /* it may be in the midst of sending */
		kill(pusher, SIGKILL);
		wait_for(pusher);
	}
	close(sockets[0]); /* upon which the other side ends */
	status = wait_for(child);
	if (stop_signal)
		return EXIT_DONE;
	return status ? status : err(EXIT_FAILED, "a process that serves ended by itself");
}

static int serve(struct serve_args *args)
{
	struct http_options http = { .owner = geteuid(),
				     .pids = args->pids.items,
				     .n_pids = args->pids.n };
	bool is_unix = !strncmp(args->listen, "unix:", 5);
	struct sockaddr_storage address = { 0 };
	socklen_t size = sizeof(address);
	struct buf cmdline = { 0 };
	int status = EXIT_FAILED;

	if (args->is_continuous && !args->pids.n && geteuid())
		return err(EXIT_FAILED, "--continuous of every process wants root; or give -p");
	raise_fds();
	http.listener = is_unix ? listen_unix(args->listen, args->listen + 5) :
				  listen_tcp(args->listen);
	if (http.listener < 0)
		return EXIT_FAILED;
	getsockname(http.listener, (struct sockaddr *)&address, &size);
	http.is_local = http_address_is_local((struct sockaddr *)&address);
	if (file_read("/proc/self/cmdline", &cmdline) > 0)
		http.cmdline_size = cmdline.size - 1;
	http.cmdline = buf_str(&cmdline);
	if (!check_exposure(args, !http.is_local)) {
		announce(args, &address);
		status = serve_with(args, &http);
	}
	if (is_unix)
		unlink(args->listen + 5);
	buf_release(&cmdline);
	return status;
}

int cmd_serve(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Serve profiles of running processes over HTTP, as Go's net/http/pprof does "
		       "of its own: /debug/pprof/, /pid/PID/debug/pprof/, "
		       "/comm/NAME/debug/pprof/, /cgroup/PATH/debug/pprof/.\v"
		       "Nothing is recorded while nobody asks, but with --continuous.  Ends by "
		       "Ctrl-C.",
	};
	struct serve_args args = { .listen = DEFAULT_LISTEN,
				   .hz = DEFAULT_HZ,
				   .keep_seconds = DEFAULT_KEEP,
				   .push_seconds = DEFAULT_EVERY,
				   .ring_bytes = DEFAULT_RING_BYTES };
	int status;

	if (argp_parse(&argp, argc, argv, 0, NULL, &args))
		return EXIT_USAGE;
	status = read_token(&args);
	if (!status)
		status = read_secret(args.cert_file, &args.cert);
	if (!status)
		status = read_secret(args.key_file, &args.key);
	buf_str(&args.token);
	buf_str(&args.cert);
	buf_str(&args.key);
	if (!status)
		status = serve(&args);
	array_release(&args.pids);
	buf_release(&args.token);
	buf_release(&args.cert);
	buf_release(&args.key);
	return status;
}
