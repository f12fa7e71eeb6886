/* SPDX-License-Identifier: GPL-2.0-only */
/* A child that misbehaves, and files that make it do so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "../../src/symbol/answer.h"
#include "../../src/symbol/worker.h"
#include "base/file.h"
#include "base/mem.h"
#include "build.h"
#include "symbol/resolver.h"

#define N_MODULES 4
#define N_FRAMES  3 /* a module */

struct stream {
	struct event_sink sink;
	struct dictionary *dict;
	struct definer *definer;
};

static int put(struct event_sink *sink, const struct event *event)
{
	return dictionary_put(((struct stream *)sink)->dict, event);
}

static void stream_open(struct stream *s)
{
	*s = (struct stream){ .sink = { put }, .dict = dictionary_new() };
	s->definer = definer_new(&s->sink);
}

static void stream_close(struct stream *s)
{
	definer_free(s->definer);
	dictionary_free(s->dict);
}

/* Modules /m0 … with frames at 1, 2, 3; frame ids run 1, 2, 3 … */
static void define_all(struct stream *s)
{
	stream_open(s);
	for (int m = 0; m < N_MODULES; m++) {
		char path[8];
		uint32_t module;

		snprintf(path, sizeof(path), "/m%d", m);
		module = definer_module(s->definer, MODULE_ELF, path, NULL, 0);
		for (uint64_t a = 1; a <= N_FRAMES; a++)
			definer_frame(s->definer, module, a);
	}
}

static void send(const struct worker_options *options, struct buf *answers)
{
	if (file_write_fd(options->out, answers->data, answers->size))
		_exit(2);
	buf_clear(answers);
}

static void name_frame(struct buf *answers, uint32_t index, const char *name)
{
	struct symbol_name names[2] = { { .function = name, .line = 1 }, { .function = "outer" } };

	answer_encode_names(answers, index, names, 2, 0);
}

/* Name all frames, but for what @bad does at the second frame of its module. */
static void work(const struct plan *plan, const struct worker_options *options, size_t bad_job,
		 void (*bad)(const struct worker_options *options, struct buf *answers))
{
	struct buf answers = { 0 };

	for (size_t job = options->first_job; job < plan->jobs.n; job++) {
		size_t first = plan->jobs.items[job].first;

		answer_encode(&answers, ANSWER_JOB, (uint32_t)job, 0);
		for (size_t i = first; i < first + plan->jobs.items[job].n; i++) {
			if (bad && job == bad_job && i == first + 1) {
				send(options, &answers);
				bad(options, &answers);
			}
			name_frame(&answers, (uint32_t)i, "fn");
		}
	}
	answer_encode(&answers, ANSWER_END, 0, 0);
	send(options, &answers);
	_exit(0);
}

static struct resolver_result resolve(struct stream *s, worker_fn *worker,
				      struct resolver_options *options)
{
	struct resolver_result result;

	define_all(s);
	assert_int_equal(resolver_run_worker(s->dict, options, s->definer, worker, &result), 0);
	assert_int_equal(result.n_frames, N_MODULES * N_FRAMES);
	return result;
}

static void worker_good(const struct plan *plan, const struct dictionary *dict,
			const struct worker_options *options)
{
	(void)dict;
	work(plan, options, 0, NULL);
}

static void a_child_that_does_its_work_names_all(void **state)
{
	struct resolver_options options = { 0 };
	struct resolver_result result;
	struct stream s;

	(void)state;
	result = resolve(&s, worker_good, &options);
	assert_true(result.is_complete);
	assert_int_equal(result.n_named, N_MODULES * N_FRAMES);
	assert_int_equal(dictionary_frame(s.dict, 12).n_names, 2);
	stream_close(&s);
}

static void crash(const struct worker_options *options, struct buf *answers)
{
	(void)options;
	(void)answers;
	signal(SIGSEGV, SIG_DFL);
	kill(getpid(), SIGSEGV);
	pause();
}

static void worker_crashing(const struct plan *plan, const struct dictionary *dict,
			    const struct worker_options *options)
{
	(void)dict;
	work(plan, options, 1, crash);
}

static void a_crash_costs_the_rest_of_one_module(void **state)
{
	struct resolver_options options = { 0 };
	struct resolver_result result;
	struct stream s;

	(void)state;
	result = resolve(&s, worker_crashing, &options);
	assert_false(result.is_complete);
	assert_int_equal(result.n_failed, 1);
	assert_int_equal(result.child_signal, SIGSEGV);
	assert_int_equal(result.n_named, N_MODULES * N_FRAMES - 2);
	assert_int_equal(dictionary_frame(s.dict, 4).n_names, 2); /* came before the crash */
	assert_int_equal(dictionary_frame(s.dict, 5).n_names, 0);
	assert_int_equal(dictionary_frame(s.dict, 7).n_names, 2);
	assert_non_null(strstr(result.note, "/m1"));
	stream_close(&s);
}

static void hang(const struct worker_options *options, struct buf *answers)
{
	(void)options;
	(void)answers;
	for (;;)
		pause();
}

static void worker_hanging(const struct plan *plan, const struct dictionary *dict,
			   const struct worker_options *options)
{
	(void)dict;
	work(plan, options, 1, hang);
}

static void a_hang_costs_the_rest_of_one_module(void **state)
{
	struct resolver_options options = { .stall_seconds = 1 };
	struct resolver_result result;
	struct stream s;

	(void)state;
	result = resolve(&s, worker_hanging, &options);
	assert_false(result.is_complete);
	assert_int_equal(result.n_failed, 1);
	assert_int_equal(result.n_named, N_MODULES * N_FRAMES - 2);
	assert_non_null(strstr(result.note, "took too long"));
	stream_close(&s);
}

static void chatter(const struct worker_options *options, struct buf *answers)
{
	for (;;) {
		answer_encode_alive(answers, 1, 2);
		send(options, answers);
		poll(NULL, 0, 1);
	}
}

static void worker_chattering(const struct plan *plan, const struct dictionary *dict,
			      const struct worker_options *options)
{
	(void)dict;
	work(plan, options, 1, chatter);
}

static void signs_of_life_do_not_stretch_the_time_for_all(void **state)
{
	struct resolver_options options = { .timeout_seconds = 1 };
	struct resolver_result result;
	time_t before = time(NULL);
	struct stream s;

	(void)state;
	result = resolve(&s, worker_chattering, &options);
	assert_in_range(time(NULL) - before, 0, 4);
	assert_false(result.is_complete);
	assert_int_equal(result.n_named, N_FRAMES + 1);
	stream_close(&s);
}

static void a_stop_ends_it_with_the_names_there_are(void **state)
{
	volatile sig_atomic_t stop = 1;
	struct resolver_options options = { .stop = &stop };
	struct resolver_result result;
	struct stream s;

	(void)state;
	result = resolve(&s, worker_hanging, &options);
	assert_false(result.is_complete);
	assert_int_equal(result.n_failed, 0);
	stream_close(&s);
}

/* What a child says in place of sense; each is a worker of its own. */
#define WORKER_SAYING(name, statement)                                                    \
	static void say_##name(const struct worker_options *options, struct buf *answers) \
	{                                                                                 \
		statement;                                                                \
		send(options, answers);                                                   \
	}                                                                                 \
	static void worker_##name(const struct plan *plan, const struct dictionary *dict, \
				  const struct worker_options *options)                   \
	{                                                                                 \
		(void)dict;                                                               \
		work(plan, options, 1, say_##name);                                       \
	}

WORKER_SAYING(garbage, buf_puts(answers, "this is no answer, but it is long enough to be one"))
WORKER_SAYING(too_large, buf_add(answers, "\xff\xff\xff\x7f\2\0\0\0", 8))
WORKER_SAYING(short_fields, buf_add(answers, "\4\0\0\0\2\0\0\0abcd", 12))
WORKER_SAYING(unknown_kind, answer_encode(answers, (enum answer_kind)99, 0, 0))
WORKER_SAYING(frame_of_another_job, name_frame(answers, 0, "fn"))
WORKER_SAYING(frame_beyond_all, name_frame(answers, 1000000, "fn"))
WORKER_SAYING(frame_twice, name_frame(answers, N_FRAMES, "fn"))
WORKER_SAYING(no_levels, answer_encode_names(answers, N_FRAMES + 1, NULL, 0, 0))
WORKER_SAYING(no_function, name_frame(answers, N_FRAMES + 1, ""))
WORKER_SAYING(job_beyond_all, answer_encode(answers, ANSWER_JOB, 1000000, 0))
WORKER_SAYING(job_again, answer_encode(answers, ANSWER_JOB, 0, 0))
WORKER_SAYING(failure_of_another, answer_encode(answers, ANSWER_FAILED, 0, -EIO))

static void what_makes_no_sense_costs_the_rest_of_one_module(void **state)
{
	static worker_fn *const workers[] = {
		worker_garbage,
		worker_too_large,
		worker_short_fields,
		worker_unknown_kind,
		worker_frame_of_another_job,
		worker_frame_beyond_all,
		worker_frame_twice,
		worker_no_levels,
		worker_no_function,
		worker_job_beyond_all,
		worker_job_again,
		worker_failure_of_another,
	};
	struct resolver_options options = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(workers) / sizeof(*workers); i++) {
		struct resolver_result result;
		struct stream s;

		result = resolve(&s, workers[i], &options);
		assert_false(result.is_complete);
		assert_int_equal(result.n_failed, 1);
		assert_int_equal(result.n_named, N_MODULES * N_FRAMES - 2);
		assert_int_equal(dictionary_frame(s.dict, 5).n_names, 0);
		stream_close(&s);
	}
}

static void say_dirty(const struct worker_options *options, struct buf *answers)
{
	name_frame(answers, N_FRAMES + 1, "\x1b[31mred\n\xff\xc3\xa9\xc0\x80\xed\xa0\x80\xc2\x9bx");
	send(options, answers);
	answer_encode(answers, ANSWER_END, 0, 0);
	send(options, answers);
	_exit(0);
}

static void worker_dirty(const struct plan *plan, const struct dictionary *dict,
			 const struct worker_options *options)
{
	(void)dict;
	work(plan, options, 1, say_dirty);
}

static void names_are_cleaned_of_what_harms_a_terminal(void **state)
{
	struct resolver_options options = { 0 };
	struct dict_frame frame;
	struct stream s;

	(void)state;
	resolve(&s, worker_dirty, &options);
	frame = dictionary_frame(s.dict, 5);
	assert_int_equal(frame.n_names, 2);
	assert_string_equal(dictionary_string(s.dict, frame.names[0].function),
			    "?[31mred??\xc3\xa9???????x");
	stream_close(&s);
}

/* One that dies before it has begun says so, and is not tried for ever. */
static void worker_stillborn(const struct plan *plan, const struct dictionary *dict,
			     const struct worker_options *options)
{
	(void)plan;
	(void)dict;
	(void)options;
	_exit(1);
}

static void a_child_that_never_begins_is_an_error(void **state)
{
	struct resolver_options options = { 0 };
	struct resolver_result result;
	struct stream s;

	(void)state;
	define_all(&s);
	assert_int_equal(resolver_run_worker(s.dict, &options, s.definer, worker_stillborn,
					     &result),
			 -ECHILD);
	stream_close(&s);
}

static uint32_t damaged_fd_module;
static int damaged_fd;

static int give_damaged_fd(void *arg, uint32_t module)
{
	(void)arg;
	return module == damaged_fd_module ? damaged_fd : -1;
}

/* Ask the real child for some addresses of the file @data. */
static void resolve_damaged(const unsigned char *data, size_t size)
{
	struct resolver_options options = { .module_fd = give_damaged_fd, .stall_seconds = 5 };
	struct resolver_result result;
	struct stream s;

	damaged_fd = open(build_path("damaged"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(file_write_fd(damaged_fd, data, size), 0);
	stream_open(&s);
	damaged_fd_module = definer_module(s.definer, MODULE_ELF, "/damaged", NULL, 0);
	for (uint64_t address = 0x1000; address < 0x1400; address += 16)
		definer_frame(s.definer, damaged_fd_module, address);
	assert_int_equal(resolver_run(s.dict, &options, s.definer, &result), 0);
	assert_int_equal(result.n_frames, 0x40);
	if (!result.n_failed)
		assert_true(result.is_complete);
	stream_close(&s);
	close(damaged_fd);
}

static void a_file_damaged_in_any_way_harms_the_child_at_most(void **state)
{
	struct buf whole = { 0 };
	unsigned int seed = 7;
	unsigned char *data;

	(void)state;
	build_file("d.c", "static inline int g(int i) { return i * i; }\n"
			  "int f(int i) { return g(i) + 1; }\nint main(int c, char **v) { (void)v; "
			  "return f(c); }\n");
	build("gcc -O2 -g -o d d.c");
	assert_true(file_read(build_path("d"), &whole) > 0);
	data = xmalloc(whole.size);
	for (size_t n = 0; n < whole.size; n += whole.size / 60)
		resolve_damaged(whole.data, n);
	for (int round = 0; round < 200; round++) {
		memcpy(data, whole.data, whole.size);
		for (int i = 0; i < 1 + round % 20; i++)
			data[(size_t)rand_r(&seed) % whole.size] = (unsigned char)rand_r(&seed);
		if (round % 2) /* the headers matter most */
			data[(size_t)rand_r(&seed) % 64] ^= (unsigned char)(1 << round % 8);
		resolve_damaged(data, whole.size);
	}
	free(data);
	buf_release(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_that_does_its_work_names_all),
		cmocka_unit_test(a_crash_costs_the_rest_of_one_module),
		cmocka_unit_test(a_hang_costs_the_rest_of_one_module),
		cmocka_unit_test(signs_of_life_do_not_stretch_the_time_for_all),
		cmocka_unit_test(a_stop_ends_it_with_the_names_there_are),
		cmocka_unit_test(what_makes_no_sense_costs_the_rest_of_one_module),
		cmocka_unit_test(names_are_cleaned_of_what_harms_a_terminal),
		cmocka_unit_test(a_child_that_never_begins_is_an_error),
		cmocka_unit_test(a_file_damaged_in_any_way_harms_the_child_at_most),
	};

	return cmocka_run_group_tests(tests, build_setup, build_teardown);
}
