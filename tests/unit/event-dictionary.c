/* SPDX-License-Identifier: GPL-2.0-only */
/* The dictionary, and the definer that is its other side. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "event/definer.h"
#include "event/dictionary.h"

/* A sink that fills a dictionary, counts, and fails on demand. */
struct recorder {
	struct event_sink sink;
	struct dictionary *dict;
	size_t n_events;
	int error;
};

static int recorder_put(struct event_sink *sink, const struct event *event)
{
	struct recorder *recorder = (struct recorder *)sink;

	if (recorder->error)
		return recorder->error;
	recorder->n_events++;
	return dictionary_put(recorder->dict, event);
}

static struct recorder recorder_new(void)
{
	return (struct recorder){ .sink = { recorder_put }, .dict = dictionary_new() };
}

static int put_string(struct dictionary *dict, uint32_t id, const char *text)
{
	struct event event = { .kind = EVENT_STRING };

	event.string.id = id;
	event.string.text = (struct bytes){ .data = text, .size = strlen(text) };
	return dictionary_put(dict, &event);
}

static int put_stack(struct dictionary *dict, uint32_t id, uint32_t parent, uint32_t frame)
{
	struct event event = { .kind = EVENT_STACK };

	event.stack = (struct event_stack){ .id = id, .parent = parent, .frame = frame };
	return dictionary_put(dict, &event);
}

static int put_frame(struct dictionary *dict, uint32_t id, uint64_t address)
{
	struct event event = { .kind = EVENT_FRAME };

	event.frame = (struct event_frame){ .id = id, .module = 1, .address = address };
	return dictionary_put(dict, &event);
}

static int put_name(struct dictionary *dict, uint32_t frame, uint32_t depth)
{
	struct event event = { .kind = EVENT_NAME };

	event.name = (struct event_name){ .frame = frame, .depth = depth, .line = depth + 1 };
	return dictionary_put(dict, &event);
}

static void what_is_defined_is_found(void **state)
{
	struct recorder r = recorder_new();
	struct definer *definer = definer_new(&r.sink);
	uint32_t module = definer_module(definer, MODULE_ELF, "/bin/app", "c0ffee", 0);
	uint32_t main_frame = definer_frame(definer, module, 0x1000);
	uint32_t work_frame = definer_frame(definer, module, 0x2000);
	uint32_t main_stack = definer_stack(definer, 0, main_frame);
	uint32_t work_stack = definer_stack(definer, main_stack, work_frame);

	(void)state;
	assert_int_equal(dictionary_n_modules(r.dict), 1);
	assert_int_equal(dictionary_n_frames(r.dict), 2);
	assert_int_equal(dictionary_n_stacks(r.dict), 2);
	assert_int_equal(dictionary_n_strings(r.dict), 2);
	assert_int_equal(dictionary_module(r.dict, module).kind, MODULE_ELF);
	assert_string_equal(dictionary_module(r.dict, module).path, "/bin/app");
	assert_string_equal(dictionary_module(r.dict, module).build_id, "c0ffee");
	assert_int_equal(dictionary_frame(r.dict, work_frame).address, 0x2000);
	assert_int_equal(dictionary_frame(r.dict, work_frame).module, module);
	assert_int_equal(dictionary_stack(r.dict, work_stack).parent, main_stack);
	assert_int_equal(dictionary_stack(r.dict, work_stack).frame, work_frame);
	assert_int_equal(dictionary_stack(r.dict, main_stack).parent, 0);
	assert_int_equal(dictionary_n_refused(r.dict), 0);
	definer_free(definer);
	dictionary_free(r.dict);
}

static void equal_things_are_defined_once(void **state)
{
	struct recorder r = recorder_new();
	struct definer *definer = definer_new(&r.sink);
	size_t n;

	(void)state;
	assert_int_equal(definer_string(definer, "one"), definer_bytes(definer, "one", 3));
	assert_int_equal(definer_string(definer, NULL), 0);
	assert_int_equal(definer_string(definer, ""), 0);
	assert_int_equal(definer_module(definer, MODULE_JIT, "jit", NULL, 7), 1);
	assert_int_equal(definer_module(definer, MODULE_JIT, "jit", "", 7), 1);
	assert_int_equal(definer_module(definer, MODULE_JIT, "jit", NULL, 8), 2);
	for (uint64_t address = 0; address < 1000; address++)
		assert_int_equal(definer_frame(definer, 1, address), address + 1);
	n = r.n_events;
	for (uint64_t address = 0; address < 1000; address++)
		assert_int_equal(definer_frame(definer, 1, address), address + 1);
	assert_int_equal(definer_frame(definer, 2, 0), 1001);
	assert_int_equal(definer_stack(definer, 0, 1), 1);
	assert_int_equal(definer_stack(definer, 1, 1), 2);
	assert_int_equal(definer_stack(definer, 0, 1), 1);
	assert_int_equal(definer_place(definer, 1, 1), 0);
	assert_int_equal(definer_place(definer, 1, 1), 0);
	assert_int_equal(r.n_events, n + 4);
	assert_int_equal(dictionary_n_refused(r.dict), 0);
	definer_free(definer);
	dictionary_free(r.dict);
}

static void a_note_is_a_frame_that_says_its_text(void **state)
{
	struct recorder r = recorder_new();
	struct definer *definer = definer_new(&r.sink);
	struct dict_frame frame;

	(void)state;
	frame = dictionary_frame(r.dict, definer_note(definer, "cut off"));
	assert_int_equal(dictionary_module(r.dict, frame.module).kind, MODULE_NOTE);
	assert_string_equal(dictionary_module(r.dict, frame.module).path, "cut off");
	definer_free(definer);
	dictionary_free(r.dict);
}

static void ids_go_on_after_those_skipped(void **state)
{
	const struct definer_skip skip = { 10, 20, 30, 40 };
	struct recorder r = recorder_new();
	struct definer *definer = definer_new(&r.sink);

	(void)state;
	definer_skip(definer, &skip);
	assert_int_equal(definer_string(definer, "s"), 11);
	assert_int_equal(definer_string(definer, "s"), 11);
	assert_int_equal(definer_module(definer, MODULE_ELF, "m", NULL, 0), 21);
	assert_int_equal(definer_frame(definer, 21, 1), 31);
	assert_int_equal(definer_stack(definer, 0, 31), 41);
	assert_int_equal(definer_stack(definer, 0, 31), 41);
	assert_string_equal(dictionary_module(r.dict, 21).path, "m");
	definer_free(definer);
	dictionary_free(r.dict);
}

static void code_can_be_described_again(void **state)
{
	const struct definer_skip skip = { 10, 20, 30, 40 };
	struct recorder r = recorder_new(), again = recorder_new();
	struct definer *definer = definer_new(&r.sink);
	uint32_t module, frame;

	(void)state;
	definer_skip(definer, &skip);
	module = definer_module(definer, MODULE_ELF, "/bin/app", "c0ffee", 7);
	frame = definer_frame(definer, module, 0x1000);
	definer_stack(definer, 0, frame);
	assert_int_equal(definer_describe(definer, &again.sink), 0);
	assert_string_equal(dictionary_module(again.dict, module).path, "/bin/app");
	assert_string_equal(dictionary_module(again.dict, module).build_id, "c0ffee");
	assert_int_equal(dictionary_module(again.dict, module).pid, 7);
	assert_int_equal(dictionary_frame(again.dict, frame).address, 0x1000);
	assert_int_equal(dictionary_frame(again.dict, frame).module, module);
	assert_int_equal(dictionary_n_stacks(again.dict), 0);
	assert_int_equal(dictionary_n_refused(again.dict), 0);
	again.error = -ENOSPC;
	assert_int_equal(definer_describe(definer, &again.sink), -ENOSPC);
	definer_free(definer);
	dictionary_free(r.dict);
	dictionary_free(again.dict);
}

static void a_failing_sink_is_remembered_and_ids_go_on(void **state)
{
	struct recorder r = recorder_new();
	struct definer *definer = definer_new(&r.sink);

	(void)state;
	assert_int_equal(definer_error(definer), 0);
	r.error = -ENOSPC;
	assert_int_equal(definer_string(definer, "a"), 1);
	r.error = -EIO;
	assert_int_equal(definer_string(definer, "b"), 2);
	assert_int_equal(definer_meta(definer, "a", "b"), -EIO);
	assert_int_equal(definer_error(definer), -ENOSPC);
	definer_free(definer);
	dictionary_free(r.dict);
}

static void names_are_kept_innermost_first(void **state)
{
	struct recorder r = recorder_new();
	struct definer *definer = definer_new(&r.sink);
	uint32_t frame = definer_frame(definer, 1, 1);
	struct dict_frame got;

	(void)state;
	for (uint32_t depth = 0; depth < 100; depth++) {
		const struct definer_name name = { "f", "_Zf", "f.c", depth + 1, 1 };

		assert_int_equal(definer_name(definer, frame, depth, &name), 0);
	}
	got = dictionary_frame(r.dict, frame);
	assert_int_equal(got.n_names, 100);
	for (uint32_t depth = 0; depth < 100; depth++)
		assert_int_equal(got.names[depth].line, depth + 1);
	assert_string_equal(dictionary_string(r.dict, got.names[7].linkage), "_Zf");
	definer_free(definer);
	dictionary_free(r.dict);
}

static void collect(void *arg, const char *key, const char *value)
{
	struct buf *buf = arg;

	buf_printf(buf, "%s=%s;", key, value);
}

static void the_first_place_of_an_object_holds(void **state)
{
	struct recorder r = recorder_new();
	struct definer *definer = definer_new(&r.sink);
	struct event second = { .kind = EVENT_PLACE };
	uint32_t object;

	(void)state;
	object = definer_string(definer, "futex 0x404040");
	assert_int_equal(dictionary_place(r.dict, object), 0);
	assert_int_equal(definer_place(definer, object, 7), 0);
	assert_int_equal(dictionary_place(r.dict, object), 7);
	second.place = (struct event_place){ .object = object, .frame = 8 };
	dictionary_put(r.dict, &second);
	assert_int_equal(dictionary_place(r.dict, object), 7);
	assert_int_equal(dictionary_n_refused(r.dict), 1);
	definer_free(definer);
	dictionary_free(r.dict);
}

static void the_name_of_highest_rank_holds_and_of_equals_the_first(void **state)
{
	struct recorder r = recorder_new();
	struct definer *definer = definer_new(&r.sink);
	uint32_t object;

	(void)state;
	object = definer_string(definer, "futex 0x404040");
	assert_int_equal(dictionary_object_name(r.dict, 7, object), 0);
	definer_object_name(definer, 7, object, "(Cache).lock", 40);
	definer_object_name(definer, 7, object, "(Server).cache.lock", 80);
	definer_object_name(definer, 7, object, "(Shop).stock.lock", 80);
	definer_object_name(definer, 7, object, "(Mutex<int>)", 0);
	definer_object_name(definer, 8, object, "(Other).lock", 0);
	assert_string_equal(dictionary_string(r.dict, dictionary_object_name(r.dict, 7, object)),
			    "(Server).cache.lock");
	assert_string_equal(dictionary_string(r.dict, dictionary_object_name(r.dict, 8, object)),
			    "(Other).lock");
	definer_free(definer);
	dictionary_free(r.dict);
}

static void pointers_are_described_again(void **state)
{
	struct recorder r = recorder_new(), again = recorder_new();
	struct definer *definer = definer_new(&r.sink);
	struct event_pointer pointer = {
		.pid = 7, .frame = 3, .where = POINTER_MEMORY, .below = 16, .distance = 40
	};

	(void)state;
	pointer.object = definer_string(definer, "futex 0x404040");
	definer_pointer(definer, &pointer);
	assert_int_equal(definer_describe(definer, &again.sink), 0);
	assert_memory_equal(dictionary_pointer(again.dict, 0), &pointer, sizeof(pointer));
	assert_null(dictionary_pointer(again.dict, 1));
	pointer.frame = 0; /* of nowhere: refused */
	definer_pointer(definer, &pointer);
	assert_null(dictionary_pointer(r.dict, 1));
	assert_int_equal(dictionary_n_refused(r.dict), 1);
	definer_free(definer);
	dictionary_free(r.dict);
	dictionary_free(again.dict);
}

static void the_last_value_of_a_meta_holds(void **state)
{
	struct recorder r = recorder_new();
	struct definer *definer = definer_new(&r.sink);
	struct buf all = { 0 };

	(void)state;
	definer_meta(definer, "host", "a");
	definer_meta(definer, "kernel", "6");
	definer_meta(definer, "host", "b");
	assert_string_equal(dictionary_meta(r.dict, "host"), "b");
	assert_null(dictionary_meta(r.dict, "none"));
	dictionary_each_meta(r.dict, collect, &all);
	assert_string_equal(buf_str(&all), "host=b;kernel=6;");
	buf_release(&all);
	definer_free(definer);
	dictionary_free(r.dict);
}

static void ids_never_defined_give_empty_entries(void **state)
{
	const uint32_t ids[] = { 0, 1, 2, 1000, UINT32_MAX };
	struct dictionary *dict = dictionary_new();

	(void)state;
	put_string(dict, 2, "two");
	put_frame(dict, 2, 2);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		uint32_t id = ids[i];

		assert_string_equal(dictionary_string(dict, id), id == 2 ? "two" : "");
		assert_int_equal(dictionary_has_string(dict, id), id == 2);
		assert_string_equal(dictionary_module(dict, id).path, "");
		assert_string_equal(dictionary_module(dict, id).build_id, "");
		assert_int_equal(dictionary_module(dict, id).kind, 0);
		assert_int_equal(dictionary_frame(dict, id).address, id == 2 ? 2 : 0);
		assert_int_equal(dictionary_frame(dict, id).n_names, 0);
		assert_int_equal(dictionary_stack(dict, id).frame, 0);
	}
	dictionary_free(dict);
}

static void definitions_that_break_a_rule_are_counted_and_left_out(void **state)
{
	struct dictionary *dict = dictionary_new();

	(void)state;
	assert_int_equal(put_string(dict, 0, "zero"), -EBADMSG);
	assert_int_equal(put_string(dict, 1, "first"), 0);
	assert_int_equal(put_string(dict, 1, "second"), -EBADMSG);
	assert_string_equal(dictionary_string(dict, 1), "first");
	assert_int_equal(put_stack(dict, 1, 1, 1), -EBADMSG);
	assert_int_equal(put_stack(dict, 1, 2, 1), -EBADMSG);
	assert_int_equal(put_stack(dict, 0, 0, 1), -EBADMSG);
	assert_int_equal(put_stack(dict, 1, 0, 1), 0);
	assert_int_equal(put_stack(dict, 1, 0, 2), -EBADMSG);
	assert_int_equal(dictionary_stack(dict, 1).frame, 1);
	assert_int_equal(put_frame(dict, 1, 1), 0);
	assert_int_equal(put_frame(dict, 1, 2), -EBADMSG);
	assert_int_equal(put_name(dict, 2, 0), -EBADMSG);
	assert_int_equal(put_name(dict, 1, 1), -EBADMSG);
	assert_int_equal(put_name(dict, 1, 0), 0);
	assert_int_equal(put_name(dict, 1, 0), -EBADMSG);
	assert_int_equal(dictionary_frame(dict, 1).n_names, 1);
	assert_int_equal(dictionary_n_refused(dict), 10);
	dictionary_free(dict);
}

static void a_gap_that_damage_explains_is_bridged(void **state)
{
	struct dictionary *dict = dictionary_new();

	(void)state;
	assert_int_equal(put_stack(dict, 500000, 499999, 1), 0);
	assert_int_equal(put_stack(dict, 499999, 3, 1), 0);
	assert_int_equal(dictionary_n_stacks(dict), 500000);
	dictionary_free(dict);
}

static void an_id_out_of_all_proportion_is_refused(void **state)
{
	struct dictionary *dict = dictionary_new();

	(void)state;
	assert_int_equal(put_stack(dict, UINT32_MAX, 1, 1), -EBADMSG);
	assert_int_equal(put_string(dict, UINT32_MAX, "x"), -EBADMSG);
	assert_int_equal(put_frame(dict, 1u << 30, 1), -EBADMSG);
	assert_int_equal(dictionary_n_stacks(dict), 0);
	assert_int_equal(dictionary_n_frames(dict), 0);
	dictionary_free(dict);
}

static void other_events_are_ignored(void **state)
{
	struct event event = { .kind = EVENT_SAMPLE };
	struct dictionary *dict = dictionary_new();

	(void)state;
	assert_int_equal(dictionary_put(dict, &event), 0);
	assert_int_equal(dictionary_n_refused(dict), 0);
	dictionary_free(dict);
}

static void strings_may_hold_any_bytes(void **state)
{
	struct recorder r = recorder_new();
	struct definer *definer = definer_new(&r.sink);
	uint32_t id = definer_bytes(definer, "a\0b\xff", 4);

	(void)state;
	assert_int_equal(dictionary_bytes(r.dict, id).size, 4);
	assert_memory_equal(dictionary_bytes(r.dict, id).data, "a\0b\xff", 5);
	definer_free(definer);
	dictionary_free(r.dict);
}

static void nothing_can_be_freed(void **state)
{
	(void)state;
	dictionary_free(NULL);
	definer_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_defined_is_found),
		cmocka_unit_test(equal_things_are_defined_once),
		cmocka_unit_test(a_note_is_a_frame_that_says_its_text),
		cmocka_unit_test(ids_go_on_after_those_skipped),
		cmocka_unit_test(code_can_be_described_again),
		cmocka_unit_test(a_failing_sink_is_remembered_and_ids_go_on),
		cmocka_unit_test(names_are_kept_innermost_first),
		cmocka_unit_test(the_first_place_of_an_object_holds),
		cmocka_unit_test(the_name_of_highest_rank_holds_and_of_equals_the_first),
		cmocka_unit_test(pointers_are_described_again),
		cmocka_unit_test(the_last_value_of_a_meta_holds),
		cmocka_unit_test(ids_never_defined_give_empty_entries),
		cmocka_unit_test(definitions_that_break_a_rule_are_counted_and_left_out),
		cmocka_unit_test(a_gap_that_damage_explains_is_bridged),
		cmocka_unit_test(an_id_out_of_all_proportion_is_refused),
		cmocka_unit_test(other_events_are_ignored),
		cmocka_unit_test(strings_may_hold_any_bytes),
		cmocka_unit_test(nothing_can_be_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
