/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ui/http_request.h"

#define SECOND UINT64_C(1000000000)

static struct http_route route_of(const char *path)
{
	struct http_route route;

	assert_int_equal(http_route(path, &route), 0);
	return route;
}

static struct serve_request request_of(const char *path, struct http_params params)
{
	struct http_route route = route_of(path);
	struct serve_request request;
	const char *message;

	assert_int_equal(http_request(&route, &params, &request, &message), 0);
	assert_null(message);
	request.id = 1;
	assert_int_equal(serve_request_check(&request), 0);
	return request;
}

static void refused(const char *path, struct http_params params, const char *want)
{
	struct http_route route = route_of(path);
	struct serve_request request;
	const char *message;

	assert_int_not_equal(http_request(&route, &params, &request, &message), 0);
	assert_string_equal(message, want);
}

static void paths_say_whom_and_what(void **state)
{
	struct http_route route = route_of("/pid/812/debug/pprof/block");

	(void)state;
	assert_int_equal(route.page, HTTP_PROFILE);
	assert_int_equal(route.target.scope, SERVE_PID);
	assert_int_equal(route.target.pid, 812);
	assert_string_equal(route.profile->name, "block");
	route = route_of("/comm/kworker/0:1/debug/pprof/");
	assert_int_equal(route.page, HTTP_INDEX);
	assert_int_equal(route.target.scope, SERVE_COMM);
	assert_string_equal(route.target.name, "kworker/0:1");
	route = route_of("/cgroup/system.slice/x.service/debug/pprof");
	assert_int_equal(route.page, HTTP_MOVED);
	assert_int_equal(route.target.scope, SERVE_CGROUP);
	assert_string_equal(route.target.name, "/system.slice/x.service");
	assert_int_equal(route_of("/debug/pprof/cmdline").page, HTTP_CMDLINE);
	assert_int_equal(route_of("/pid/1/debug/pprof/symbol").page, HTTP_SYMBOL);
	assert_int_equal(route_of("/debug/pprof/profile").target.scope, SERVE_ALL);
	assert_int_equal(route_of("/").page, HTTP_FRONT);
}

static void a_name_may_hold_what_ends_it(void **state)
{
	struct http_route route = route_of("/comm/x/debug/pprof/y/debug/pprof/mutex");

	(void)state;
	assert_string_equal(route.target.name, "x/debug/pprof/y");
	assert_string_equal(route.profile->name, "mutex");
}

static void other_paths_are_not_found(void **state)
{
	static const char *const paths[] = {
		"",
		"x",
		"//",
		"/debug/pprofile",
		"/debug/pprof/nonsense",
		"/debug/pprof//block",
		"/pid//debug/pprof/",
		"/pid/0/debug/pprof/",
		"/pid/-1/debug/pprof/",
		"/pid/1x/debug/pprof/",
		"/pid/99999999999999999999/debug/pprof/",
		"/pid/2147483648/debug/pprof/",
		"/comm//debug/pprof/",
		"/cgroup/debug/pprof/",
		"/other/1/debug/pprof/",
		"/debug/pprof/block/",
	};
	struct http_route route;
	char *path = xmalloc(1024);

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_not_equal(http_route(paths[i], &route), 0);
	memset(path, 'a', 1024);
	memcpy(path, "/comm/", 6);
	memcpy(path + 1024 - 14, "/debug/pprof/", 14);
	assert_int_not_equal(http_route(path, &route), 0);
	free(path);
}

static void seconds_are_taken_as_go_takes_them(void **state)
{
	struct http_params none = { 0 };

	(void)state;
	assert_int_equal(request_of("/debug/pprof/profile", none).span_ns, 30 * SECOND);
	assert_int_equal(request_of("/debug/pprof/trace", none).span_ns, SECOND);
	assert_int_equal(
		request_of("/debug/pprof/profile", (struct http_params){ .seconds = "7" }).span_ns,
		7 * SECOND);
	assert_int_equal(
		request_of("/debug/pprof/profile", (struct http_params){ .seconds = "0" }).span_ns,
		30 * SECOND);
	assert_int_equal(
		request_of("/debug/pprof/profile", (struct http_params){ .seconds = "x" }).span_ns,
		30 * SECOND);
	assert_int_equal(
		request_of("/debug/pprof/trace", (struct http_params){ .seconds = "0.5" }).span_ns,
		SECOND / 2);
	assert_int_equal(
		request_of("/debug/pprof/trace", (struct http_params){ .seconds = "nan" }).span_ns,
		SECOND);
	refused("/debug/pprof/block", (struct http_params){ .seconds = "0" },
		"invalid value for \"seconds\" - must be a positive integer");
	refused("/debug/pprof/block", (struct http_params){ .seconds = "1", .debug = "1" },
		"seconds and debug params are incompatible");
	refused("/debug/pprof/profile", (struct http_params){ .seconds = "301" },
		"profile duration exceeds this server's limit of 300 seconds");
	refused("/debug/pprof/trace", (struct http_params){ .seconds = "1e9" },
		"profile duration exceeds this server's limit of 300 seconds");
}

static void of_memory_and_threads_there_are_differences(void **state)
{
	static const char *const names[] = { "heap", "allocs", "goroutine", "threadcreate" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = xasprintf("/comm/x/debug/pprof/%s", names[i]);
		struct serve_request request = request_of(path, (struct http_params){ 0 });

		assert_true(serve_is_state(&request));
		assert_int_not_equal(request.window, SERVE_FROM_NOW);
		request = request_of(path, (struct http_params){ .seconds = "3" });
		assert_int_equal(request.window, SERVE_FROM_NOW);
		assert_int_equal(request.span_ns, 3 * SECOND);
		free(path);
	}
	assert_int_equal(request_of("/debug/pprof/delta_heap", (struct http_params){ 0 }).window,
			 SERVE_SINCE_LAST);
	assert_int_equal(request_of("/debug/pprof/delta_allocs", (struct http_params){ 0 }).subject,
			 SERVE_ALLOCS);
}

static void an_answer_may_be_kept_small(void **state)
{
	(void)state;
	assert_int_equal(request_of("/debug/pprof/block", (struct http_params){ 0 }).max_samples,
			 0);
	assert_int_equal(request_of("/debug/pprof/block",
				    (struct http_params){ .max_samples = "16000" })
				 .max_samples,
			 16000);
	refused("/debug/pprof/block", (struct http_params){ .max_samples = "0" },
		"invalid value for \"maxsamples\" - must be a positive integer");
	refused("/debug/pprof/trace", (struct http_params){ .max_samples = "9" },
		"\"maxsamples\" is for profiles");
}

static void addresses_are(const char *text, size_t n, uint64_t first, uint64_t last)
{
	struct http_addresses addresses = { 0 };

	assert_int_equal(http_addresses(text, strlen(text), &addresses), 0);
	assert_int_equal(addresses.list.n, n);
	if (n) {
		assert_int_equal(addresses.list.items[0], first);
		assert_int_equal(addresses.list.items[n - 1], last);
	}
	array_release(&addresses.list);
}

static void addresses_are_read_as_go_reads_them(void **state)
{
	struct http_addresses addresses = { 0 };
	struct buf many = { 0 };

	(void)state;
	addresses_are("", 0, 0, 0);
	addresses_are("0x401136", 1, 0x401136, 0x401136);
	addresses_are("0x401136+0xffffffff81000000", 2, 0x401136, 0xffffffff81000000);
	addresses_are("0x401136 17\n", 2, 0x401136, 17); /* a plus is a space in a query */
	addresses_are("++0x1++zzz+-1+0x+0+0x2", 2, 1, 2);
	for (uint32_t i = 0; i <= SERVE_MAX_ADDRESSES; i++)
		buf_puts(&many, "1+");
	assert_int_equal(http_addresses(buf_str(&many), many.size, &addresses), -E2BIG);
	assert_int_equal(http_addresses(buf_str(&many), many.size - 2, &addresses), -E2BIG);
	array_release(&addresses.list);
	buf_release(&many);
}

static void block_is_cumulative_unless_seconds_are_told(void **state)
{
	struct serve_request request = request_of("/debug/pprof/block", (struct http_params){ 0 });

	(void)state;
	assert_int_equal(request.window, SERVE_CUMULATIVE);
	assert_int_equal(request.span_ns, 5 * SECOND);
	request = request_of("/debug/pprof/block", (struct http_params){ .seconds = "3" });
	assert_int_equal(request.window, SERVE_FROM_NOW);
	assert_int_equal(request.span_ns, 3 * SECOND);
	request = request_of("/debug/pprof/delta_mutex", (struct http_params){ 0 });
	assert_int_equal(request.window, SERVE_SINCE_LAST);
	assert_int_equal(request.subject, SERVE_MUTEX);
}

static void forms_are_chosen(void **state)
{
	(void)state;
	assert_int_equal(
		request_of("/debug/pprof/block", (struct http_params){ .debug = "2" }).form,
		SERVE_TEXT);
	assert_int_equal(
		request_of("/debug/pprof/goroutine", (struct http_params){ .debug = "2" }).form,
		SERVE_STACKS);
	assert_int_equal(
		request_of("/debug/pprof/goroutine", (struct http_params){ .debug = "0" }).form,
		SERVE_PPROF);
	assert_int_equal(
		request_of("/debug/pprof/profile", (struct http_params){ .debug = "1" }).form,
		SERVE_PPROF);
	assert_int_equal(request_of("/debug/pprof/trace", (struct http_params){ 0 }).form,
			 SERVE_CHROME);
	assert_int_equal(
		request_of("/debug/pprof/trace", (struct http_params){ .format = "html" }).form,
		SERVE_HTML);
	refused("/debug/pprof/trace", (struct http_params){ .format = "go" },
		"no such format: there are chrome, pftrace, html");
	assert_int_equal(
		request_of("/debug/pprof/block", (struct http_params){ .format = "svg" }).form,
		SERVE_SVG);
	refused("/debug/pprof/block", (struct http_params){ .format = "html" },
		"no such format: there are pprof, svg");
	refused("/debug/pprof/profile", (struct http_params){ .hz = "0" },
		"invalid value for \"hz\" - must be 1 to 10000");
}

static void the_past_can_be_asked_for_and_compared(void **state)
{
	struct serve_request request =
		request_of("/debug/pprof/profile", (struct http_params){ .last = "10" });

	(void)state;
	assert_int_equal(request.window, SERVE_PAST);
	assert_int_equal(request.span_ns, 10 * SECOND);
	assert_int_equal(request.before_ns, 0);
	request = request_of("/debug/pprof/mutex",
			     (struct http_params){ .last = "10", .before = "60" });
	assert_int_equal(request.before_ns, 60 * SECOND);
	assert_int_equal(request.form, SERVE_SVG);
	request.id = 1;
	assert_int_equal(serve_request_check(&request), 0);
	request.form = SERVE_PPROF;
	assert_int_not_equal(serve_request_check(&request), 0);
	refused("/debug/pprof/profile", (struct http_params){ .last = "0" },
		"invalid value for \"last\" - must be 1 to 300 seconds");
	refused("/debug/pprof/profile", (struct http_params){ .before = "60" },
		"invalid value for \"last\" - must be 1 to 300 seconds");
	refused("/debug/pprof/profile", (struct http_params){ .last = "1", .before = "301" },
		"invalid value for \"before\" - must be 1 to 300 seconds");
	refused("/debug/pprof/profile", (struct http_params){ .last = "1", .seconds = "1" },
		"\"seconds\" are the next, \"last\" the past ones: one at a time");
	refused("/debug/pprof/goroutine", (struct http_params){ .last = "1" },
		"\"last\" parameter is not supported for this profile type");
	refused("/debug/pprof/delta_mutex", (struct http_params){ .last = "1" },
		"\"last\" parameter is not supported for this profile type");
	refused("/debug/pprof/trace", (struct http_params){ .last = "1", .before = "1" },
		"\"before\" compares stacks: of profile, block and mutex");
	refused("/debug/pprof/profile",
		(struct http_params){ .last = "1", .before = "1", .format = "pprof" },
		"no such format: of comparisons there are svg, text");
}

static void tables_are_text_or_json(void **state)
{
	struct serve_request request =
		request_of("/debug/pprof/diagnose", (struct http_params){ 0 });

	(void)state;
	assert_int_equal(request.form, SERVE_TEXT);
	assert_int_equal(request.window, SERVE_FROM_NOW);
	assert_int_equal(request.span_ns, 10 * SECOND);
	request = request_of("/debug/pprof/locks", (struct http_params){ .format = "json" });
	assert_int_equal(request.form, SERVE_JSON);
	assert_int_equal(http_type(&request), HTTP_JSON);
	request.id = 1;
	assert_int_equal(serve_request_check(&request), 0);
	request.form = SERVE_PPROF;
	assert_int_not_equal(serve_request_check(&request), 0);
	request.form = SERVE_JSON;
	request.subject = SERVE_CPU;
	assert_int_not_equal(serve_request_check(&request), 0);
	refused("/debug/pprof/locks", (struct http_params){ .format = "svg" },
		"no such format: there are text, json");
	refused("/debug/pprof/threads", (struct http_params){ .focus = "x" },
		"\"focus\" is for profiles: this has no stacks to leave out");
}

static void the_recorder_takes_nothing_else(void **state)
{
	struct serve_request good =
		request_of("/pid/1/debug/pprof/block", (struct http_params){ 0 });
	struct serve_request bad = good;

	(void)state;
	bad.id = 0;
	assert_int_not_equal(serve_request_check(&bad), 0);
	bad = good;
	bad.subject = SERVE_N_SUBJECTS;
	assert_int_not_equal(serve_request_check(&bad), 0);
	bad = good;
	bad.span_ns = SERVE_MAX_NS + 1;
	assert_int_not_equal(serve_request_check(&bad), 0);
	bad = good;
	bad.target.pid = 0;
	assert_int_not_equal(serve_request_check(&bad), 0);
	bad = good;
	memset(bad.target.name, 'x', sizeof(bad.target.name));
	assert_int_not_equal(serve_request_check(&bad), 0);
	bad = good;
	memset(bad.focus, 'x', sizeof(bad.focus));
	assert_int_not_equal(serve_request_check(&bad), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_say_whom_and_what),
		cmocka_unit_test(a_name_may_hold_what_ends_it),
		cmocka_unit_test(other_paths_are_not_found),
		cmocka_unit_test(seconds_are_taken_as_go_takes_them),
		cmocka_unit_test(of_memory_and_threads_there_are_differences),
		cmocka_unit_test(an_answer_may_be_kept_small),
		cmocka_unit_test(addresses_are_read_as_go_reads_them),
		cmocka_unit_test(block_is_cumulative_unless_seconds_are_told),
		cmocka_unit_test(forms_are_chosen),
		cmocka_unit_test(the_past_can_be_asked_for_and_compared),
		cmocka_unit_test(tables_are_text_or_json),
		cmocka_unit_test(the_recorder_takes_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
