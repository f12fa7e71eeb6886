/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Debug files from a debuginfod server on this machine.  The library that asks for
 * them looks at its environment when a program starts: the tests run in a second
 * start of this program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "build.h"
#include "event/definer.h"
#include "symbol/resolver.h"

struct stream {
	struct event_sink sink;
	struct dictionary *dict;
	struct definer *definer;
	int fd;
};

static int put(struct event_sink *sink, const struct event *event)
{
	return dictionary_put(((struct stream *)sink)->dict, event);
}

static int module_fd(void *arg, uint32_t module)
{
	(void)module;
	return ((struct stream *)arg)->fd;
}

/* The levels of outermost() in the stripped program, and what the resolver says. */
static uint32_t resolve(struct resolver_result *ret)
{
	struct stream s = { .sink = { put }, .dict = dictionary_new() };
	struct resolver_options options = { .module_fd = module_fd,
					    .arg = &s,
					    .download_seconds = 2 };
	struct dict_frame names;
	uint32_t module, frame, n;

	s.definer = definer_new(&s.sink);
	s.fd = open(build_path("bare"), O_RDONLY | O_CLOEXEC);
	assert_true(s.fd >= 0);
	module = definer_module(s.definer, MODULE_ELF, build_path("bare"), NULL, 0);
	frame = definer_frame(s.definer, module,
			      build_hex("nm debug/full.debug | sed -n 's/ T outermost$//p'"));
	assert_int_equal(resolver_run(s.dict, &options, s.definer, ret), 0);
	names = dictionary_frame(s.dict, frame);
	n = names.n_names;
	if (n && is_place(dictionary_string(s.dict, names.names[0].function)))
		n = 0;
	close(s.fd);
	definer_free(s.definer);
	dictionary_free(s.dict);
	return n;
}

static void a_debug_file_is_downloaded_by_the_child_without_privilege(void **state)
{
	struct resolver_result result;

	(void)state;
	build("mkdir -m 777 cache");
	setenv("DEBUGINFOD_CACHE_PATH", build_path("cache"), 1);
	assert_int_equal(resolve(&result), 2);
	assert_string_equal(result.note, "");
	assert_true(result.is_complete);
	if (!geteuid()) /* it belongs to the user the child became */
		build("[ $(stat -c %%u cache/*/debuginfo) = 65534 ]");
}

static void without_a_place_for_downloads_there_are_none_and_it_is_said(void **state)
{
	struct resolver_result result;

	(void)state;
	setenv("DEBUGINFOD_CACHE_PATH", "/proc/no/such/place", 1);
	assert_int_equal(resolve(&result), 0);
	assert_non_null(strstr(result.note, "debuginfod is not used"));
	assert_non_null(strstr(result.note, "DEBUGINFOD_CACHE_PATH"));
}

static void a_server_that_does_not_answer_is_not_waited_for(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char *before = strdup(getenv("DEBUGINFOD_URLS")), url[64];
	struct resolver_result result;
	time_t start = time(NULL);

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 5), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", ntohs(address.sin_port));
	build("mkdir -m 777 cache2");
	setenv("DEBUGINFOD_CACHE_PATH", build_path("cache2"), 1);
	setenv("DEBUGINFOD_URLS", url, 1);
	assert_int_equal(resolve(&result), 0);
	assert_in_range(time(NULL) - start, 0, 5);
	assert_true(result.is_complete);
	assert_non_null(strstr(result.note, "debuginfod gave no answer"));
	setenv("DEBUGINFOD_URLS", before, 1);
	free(before);
	close(listener);
}

static const char program[] =
	"static volatile int sink;\n"
	"static inline __attribute__((always_inline)) void inlined(int i) { sink = i; }\n"
	"__attribute__((noinline)) void outermost(int i) { inlined(i); }\n"
	"int main(int argc, char **argv) { (void)argv; outermost(argc); return sink; }\n";

static pid_t start_server(int port)
{
	char number[16];
	pid_t pid;
	int null;

	snprintf(number, sizeof(number), "%d", port);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	null = open("/dev/null", O_RDWR);
	dup2(null, 1);
	dup2(null, 2);
	execlp("debuginfod", "debuginfod", "-F", "-d", ":memory:", "-p", number,
	       build_path("debug"), NULL);
	_exit(127);
}

/* Until the server has found what it is to serve: 10 s at most. */
static bool is_serving(int port)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "cd %s && id=$(readelf -n bare | sed -n 's/.*Build ID: //p') && "
		 "for i in $(seq 100); do DEBUGINFOD_URLS=http://127.0.0.1:%d/ "
		 "DEBUGINFOD_CACHE_PATH=$PWD/probe$i debuginfod-find debuginfo $id >/dev/null 2>&1 "
		 "&& exit 0; sleep 0.1; done; exit 1",
		 build_dir, port);
	return !system(command);
}

/* Start the server, then this program again in its environment. */
static int run_again(char **argv)
{
	int port = 20000 + (int)(getpid() % 20000), status = 1;
	pid_t server, pid;
	char url[64];

	if (build_setup(NULL))
		return 1;
	build_file("full.c", program);
	build("mkdir debug && gcc -O2 -g -o full full.c && cp full bare && strip bare &&"
	      "objcopy --only-keep-debug full debug/full.debug");
	server = start_server(port);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", port);
	if (is_serving(port)) {
		setenv("DEBUGINFOD_URLS", url, 1);
		pid = fork();
		if (!pid)
			_exit(execl("/proc/self/exe", argv[0], build_dir, NULL));
		waitpid(pid, &status, 0);
	} else {
		fprintf(stderr, "the debuginfod server does not serve\n");
	}
	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
	build_teardown(NULL);
	return status ? 1 : 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_debug_file_is_downloaded_by_the_child_without_privilege),
		cmocka_unit_test(without_a_place_for_downloads_there_are_none_and_it_is_said),
		cmocka_unit_test(a_server_that_does_not_answer_is_not_waited_for),
	};

	unsetenv("SUDO_UID");
	if (argc < 2)
		return run_again(argv);
	memcpy(build_dir, argv[1], sizeof(build_dir));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
