/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "event/dictionary.h"
#include "record/descriptors.h"

/* The descriptors are this process's, and so the truth; calls are told with times of the test's. */
struct fixture {
	struct event_sink sink;
	struct dictionary *dict;
	struct descriptors descriptors;
	uint32_t pid;
	int fd;
	uint64_t now_ns; /* after this, nothing had been looked up */
	size_t n_events;
};

static int put(struct event_sink *sink, const struct event *event)
{
	struct fixture *f = (struct fixture *)sink;

	f->n_events += event->kind == EVENT_DESCRIPTOR;
	return dictionary_put(f->dict, event);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->sink.put = put;
	f->dict = dictionary_new();
	f->descriptors.definer = definer_new(&f->sink);
	f->pid = (uint32_t)getpid();
	f->fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	f->now_ns = clock_ns(CLOCK_MONOTONIC);
	*state = f;
	return f->fd < 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	descriptors_release(&f->descriptors);
	definer_free(f->descriptors.definer);
	dictionary_free(f->dict);
	close(f->fd);
	free(f);
	return 0;
}

static void take(struct fixture *f, uint32_t nr, uint64_t arg0, int64_t result, uint64_t start_ns)
{
	struct trace_call call = {
		.nr = nr, .start_ns = start_ns, .result = result, .args = { arg0 }
	};

	descriptors_take(&f->descriptors, f->pid, &call, start_ns + 10);
}

static bool is_maps(struct fixture *f, uint64_t time_ns)
{
	uint32_t object = dictionary_descriptor(f->dict, f->pid, (uint32_t)f->fd, time_ns);

	return strstr(dictionary_string(f->dict, object), "/maps") != NULL;
}

static void a_file_that_stays_open_has_a_name_for_all_its_time(void **state)
{
	struct fixture *f = *state;
	uint64_t fd = (uint64_t)f->fd;

	take(f, SYS_openat, (uint32_t)AT_FDCWD, f->fd, f->now_ns - 1000);
	take(f, SYS_read, fd, 0, f->now_ns - 900);
	assert_int_equal(f->n_events, 0);
	take(f, SYS_close, fd, 0, f->now_ns + 1000000000);
	assert_int_equal(f->n_events, 1);
	assert_false(is_maps(f, f->now_ns - 991));
	assert_true(is_maps(f, f->now_ns - 990)); /* when the open returned */
	assert_true(is_maps(f, f->now_ns + 1000000000));
	assert_false(is_maps(f, f->now_ns + 1000000001));
}

static void what_was_closed_before_it_was_looked_up_has_none(void **state)
{
	struct fixture *f = *state;
	uint64_t fd = (uint64_t)f->fd;

	take(f, SYS_openat, (uint32_t)AT_FDCWD, f->fd, f->now_ns - 1000);
	take(f, SYS_close, fd, 0, f->now_ns - 900);
	assert_int_equal(f->n_events, 0);

	/* What was found then is of this one. */
	take(f, SYS_openat, (uint32_t)AT_FDCWD, f->fd, f->now_ns - 500);
	take(f, SYS_close, fd, 0, f->now_ns + 1000000000);
	assert_int_equal(f->n_events, 1);
	assert_false(is_maps(f, f->now_ns - 950));
	assert_true(is_maps(f, f->now_ns - 490));
}

static void the_end_of_all_tells_of_what_is_open(void **state)
{
	struct fixture *f = *state;

	take(f, SYS_read, (uint64_t)f->fd, 0, f->now_ns - 900);
	take(f, SYS_fstat, (uint64_t)f->fd, 0, f->now_ns - 800);
	descriptors_flush(&f->descriptors, f->now_ns + 1000000000);
	assert_int_equal(f->n_events, 1);
	assert_true(is_maps(f, f->now_ns - 900));
	descriptors_flush(&f->descriptors, f->now_ns + 2000000000);
	assert_int_equal(f->n_events, 1);
}

static void an_exec_and_an_exit_end_what_was_open(void **state)
{
	struct fixture *f = *state;

	take(f, SYS_read, (uint64_t)f->fd, 0, f->now_ns - 900);
	take(f, SYS_execve, 0, -2, f->now_ns + 900000000);
	assert_int_equal(f->n_events, 0); /* it failed */
	take(f, SYS_execve, 0, 0, f->now_ns + 1000000000);
	assert_int_equal(f->n_events, 1);
	take(f, SYS_read, (uint64_t)f->fd, 0, f->now_ns + 1500000000);
	descriptors_forget(&f->descriptors, f->pid, f->now_ns + 2000000000);
	assert_int_equal(f->n_events, 1); /* looked up before that read, or not at all */
}

static void what_is_no_descriptor_is_not_looked_up(void **state)
{
	struct fixture *f = *state;

	take(f, SYS_openat, (uint32_t)AT_FDCWD, -2, f->now_ns);
	take(f, SYS_read, UINT32_MAX, -9, f->now_ns);
	take(f, SYS_getpid, (uint64_t)f->fd, 1, f->now_ns);
	take(f, 9999, (uint64_t)f->fd, 1, f->now_ns);
	assert_int_equal(f->descriptors.n_lookups, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_file_that_stays_open_has_a_name_for_all_its_time),
		TEST(what_was_closed_before_it_was_looked_up_has_none),
		TEST(the_end_of_all_tells_of_what_is_open),
		TEST(an_exec_and_an_exit_end_what_was_open),
		TEST(what_is_no_descriptor_is_not_looked_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
