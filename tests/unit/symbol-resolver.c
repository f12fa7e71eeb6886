/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>

#include "build.h"
#include "symbol/resolver.h"

/* A stream's two ends: what the definer says goes into the dictionary. */
struct stream {
	struct event_sink sink;
	struct dictionary *dict;
	struct definer *definer;
	int error;
	int fds[8]; /* by module id */
};

static int put(struct event_sink *sink, const struct event *event)
{
	struct stream *s = (struct stream *)sink;

	if (s->error && event->kind == EVENT_NAME)
		return s->error;
	return dictionary_put(s->dict, event);
}

static void stream_open(struct stream *s)
{
	*s = (struct stream){ .sink = { put }, .dict = dictionary_new() };
	s->definer = definer_new(&s->sink);
	memset(s->fds, -1, sizeof(s->fds));
}

static void stream_close(struct stream *s)
{
	for (size_t i = 0; i < 8; i++) {
		if (s->fds[i] >= 0)
			close(s->fds[i]);
	}
	definer_free(s->definer);
	dictionary_free(s->dict);
}

static int module_fd(void *arg, uint32_t module)
{
	struct stream *s = arg;

	return module < 8 ? s->fds[module] : -1;
}

static struct resolver_result resolve(struct stream *s)
{
	struct resolver_options options = { .module_fd = module_fd, .arg = s };
	struct resolver_result result;

	assert_int_equal(resolver_run(s->dict, &options, s->definer, &result), 0);
	return result;
}

/* A module whose file is open. */
static uint32_t open_module(struct stream *s, enum module_kind kind, const char *path)
{
	uint32_t id = definer_module(s->definer, kind, path, NULL, 0);

	s->fds[id] = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(s->fds[id] >= 0);
	return id;
}

static const char *function_of(struct stream *s, uint32_t frame, uint32_t depth)
{
	struct dict_frame f = dictionary_frame(s->dict, frame);

	return depth < f.n_names ? dictionary_string(s->dict, f.names[depth].function) : NULL;
}

static uint64_t address_of(const char *file, const char *symbol)
{
	return build_hex("nm %s | sed -n 's/ [tT] %s$//p'", file, symbol);
}

static int setup(void **state)
{
	build_setup(state);
	build_file("a.c",
		   "static inline __attribute__((always_inline)) int twice(volatile int *p)\n"
		   "{\n"
		   "	return *p + *p;\n"
		   "}\n"
		   "__attribute__((noinline)) int outer(volatile int *p)\n"
		   "{\n"
		   "	return twice(p);\n"
		   "}\n"
		   "int main(int c, char **v) { (void)v; return outer(&c); }\n");
	build("gcc -O2 -g -o a a.c");
	build("cp a b && strip b");
	build("head -c 5000 a > damaged");
	return 0;
}

static void frames_get_their_inline_chain_with_lines(void **state)
{
	struct stream s;
	struct resolver_result result;
	struct dict_frame frame;
	uint32_t module, id;

	(void)state;
	stream_open(&s);
	module = open_module(&s, MODULE_ELF, build_path("a"));
	id = definer_frame(s.definer, module, address_of("a", "outer"));
	result = resolve(&s);
	assert_int_equal(result.n_frames, 1);
	assert_int_equal(result.n_named, 1);
	assert_true(result.is_complete);
	assert_string_equal(result.note, "");
	frame = dictionary_frame(s.dict, id);
	assert_int_equal(frame.n_names, 2);
	assert_string_equal(function_of(&s, id, 0), "twice");
	assert_int_equal(frame.names[0].line, 3);
	assert_int_equal(frame.names[0].start_line, 1);
	assert_string_equal(function_of(&s, id, 1), "outer");
	assert_int_equal(frame.names[1].line, 7);
	assert_int_equal(frame.names[1].start_line, 5);
	assert_string_equal(strrchr(dictionary_string(s.dict, frame.names[1].file), '/'), "/a.c");
	stream_close(&s);
}

static void a_file_that_is_not_open_is_found_by_path_if_its_build_id_agrees(void **state)
{
	struct resolver_result result;
	uint32_t module, id, other;
	struct stream s;
	char build_id[64];
	FILE *pipe;

	(void)state;
	build("readelf -n a | sed -n 's/.*Build ID: //p' > a.id");
	pipe = fopen(build_path("a.id"), "r");
	assert_int_equal(fscanf(pipe, "%63s", build_id), 1);
	fclose(pipe);
	stream_open(&s);
	module = definer_module(s.definer, MODULE_ELF, build_path("a"), build_id, 0);
	id = definer_frame(s.definer, module, address_of("a", "outer"));
	build_id[0] = build_id[0] == '0' ? '1' : '0';
	module = definer_module(s.definer, MODULE_ELF, build_path("a"), build_id, 0);
	other = definer_frame(s.definer, module, address_of("a", "outer"));
	result = resolve(&s);
	assert_string_equal(function_of(&s, id, 1), "outer");
	assert_null(function_of(&s, other, 0));
	assert_int_equal(result.n_failed, 1);
	assert_false(result.is_complete);
	assert_non_null(strstr(result.note, "is not the file that was recorded"));
	stream_close(&s);
}

static void a_file_that_was_never_opened_gives_no_names(void **state)
{
	struct resolver_result result;
	uint32_t module, id;
	struct stream s;

	(void)state;
	stream_open(&s);
	module = definer_module(s.definer, MODULE_ELF, build_path("a"), NULL, 0);
	id = definer_frame(s.definer, module, address_of("a", "outer"));
	result = resolve(&s);
	assert_null(function_of(&s, id, 0));
	assert_int_equal(result.n_failed, 1);
	assert_non_null(strstr(result.note, "may not be the file that was recorded"));
	stream_close(&s);
}

static void a_damaged_file_costs_its_own_names_only(void **state)
{
	struct resolver_result result;
	struct stream s;
	uint32_t id;

	(void)state;
	stream_open(&s);
	definer_frame(s.definer, open_module(&s, MODULE_ELF, build_path("damaged")), 0x1130);
	id = definer_frame(s.definer, open_module(&s, MODULE_ELF, build_path("a")),
			   address_of("a", "outer"));
	result = resolve(&s);
	assert_int_equal(result.n_frames, 2);
	assert_int_equal(result.n_named, 1);
	assert_string_equal(function_of(&s, id, 1), "outer");
	stream_close(&s);
}

static void a_sink_that_fails_ends_it_with_the_error(void **state)
{
	struct resolver_options options = { .module_fd = module_fd };
	struct resolver_result result;
	struct stream s;

	(void)state;
	stream_open(&s);
	options.arg = &s;
	definer_frame(s.definer, open_module(&s, MODULE_ELF, build_path("a")),
		      address_of("a", "outer"));
	s.error = -ENOSPC;
	assert_int_equal(resolver_run(s.dict, &options, s.definer, &result), -ENOSPC);
	stream_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_get_their_inline_chain_with_lines),
		cmocka_unit_test(a_file_that_is_not_open_is_found_by_path_if_its_build_id_agrees),
		cmocka_unit_test(a_file_that_was_never_opened_gives_no_names),
		cmocka_unit_test(a_damaged_file_costs_its_own_names_only),
		cmocka_unit_test(a_sink_that_fails_ends_it_with_the_error),
	};

	return cmocka_run_group_tests(tests, setup, build_teardown);
}
