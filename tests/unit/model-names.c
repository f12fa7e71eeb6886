/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

static void assert_named(struct world *world, uint32_t frame, const char *name)
{
	struct levels levels = names_frame(world->profile.names, frame);
	struct function function = names_function(world->profile.names, levels.items[0].function);

	assert_int_equal(levels.n, 1);
	assert_string_equal(world_text(world, function.name), name);
}

static uint32_t frame_in(struct world *world, enum module_kind kind, const char *path,
			 uint64_t address)
{
	return definer_frame(world->definer, definer_module(world->definer, kind, path, NULL, 0),
			     address);
}

static void a_frame_without_a_name_is_module_and_offset(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	world_profile(&world);
	assert_named(&world, frame_in(&world, MODULE_ELF, "/usr/lib/libc.so.6", 0x1234),
		     "libc.so.6+0x1234");
	assert_named(&world, frame_in(&world, MODULE_JIT, "//anon", 0x7f00), "//anon+0x7f00");
	assert_named(&world, frame_in(&world, MODULE_VDSO, "[vdso]", 0x900), "[vdso]+0x900");
	assert_named(&world, frame_in(&world, MODULE_ELF, "/", 0x1), "/+0x1");
	assert_named(&world, definer_frame(world.definer, 0, 0xdead), "0xdead");
	world_release(&world);
}

static void functions_known_by_their_place_are_told_apart_by_it(void **state)
{
	static const struct definer_name place = { .function = "+0x1200" };
	struct world world;
	uint32_t a, b;

	(void)state;
	world_init(&world);
	world_profile(&world);
	a = frame_in(&world, MODULE_ELF, "/bin/app", 0x1234);
	b = frame_in(&world, MODULE_ELF, "/bin/app", 0x1240);
	definer_name(world.definer, a, 0, &place);
	definer_name(world.definer, b, 0, &place);
	assert_named(&world, a, "app+0x1200");
	assert_named(&world, b, "app+0x1200");
	b = names_frame(world.profile.names, b).items[0].function;
	assert_int_equal(names_frame(world.profile.names, a).items[0].function, b);
	assert_false(names_function(world.profile.names, b).is_named);
	world_release(&world);
}

static void an_empty_name_is_no_name(void **state)
{
	struct world world;
	uint32_t frame;

	(void)state;
	world_init(&world);
	world_profile(&world);
	frame = frame_in(&world, MODULE_ELF, "/bin/app", 0x10);
	definer_name(world.definer, frame, 0, &(struct definer_name){ .file = "a.c" });
	assert_named(&world, frame, "app+0x10");
	world_release(&world);
}

static void a_note_says_what_it_says_in_brackets(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	world_profile(&world);
	assert_named(&world, definer_note(world.definer, "truncated: too deep"),
		     "[truncated: too deep]");
	assert_named(&world, definer_note(world.definer, "[truncated]"), "[truncated]");
	world_release(&world);
}

static void frames_that_are_not_there_have_a_name(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	world_profile(&world);
	assert_named(&world, 0, "[no stack]");
	assert_named(&world, 77, "[undefined]");
	assert_named(&world, UINT32_MAX, "[undefined]");
	world_release(&world);
}

static void hostile_names_are_made_fit_to_print(void **state)
{
	struct world world;
	uint32_t frame;

	(void)state;
	world_init(&world);
	world_profile(&world);
	frame = world_frame(&world, "a\033[31mred\n\xff\xc3\xa9");
	assert_named(&world, frame, "a\\x1b[31mred\\x0a\\xffé");
	frame = frame_in(&world, MODULE_ELF, "/tmp/\r/a\tb", 0x10);
	assert_named(&world, frame, "a\\x09b+0x10");
	world_release(&world);
}

static void equal_texts_have_equal_ids(void **state)
{
	struct world world;
	struct names *names;
	uint32_t module;

	(void)state;
	world_init(&world);
	world_profile(&world);
	names = world.profile.names;
	module = definer_module(world.definer, MODULE_ELF, "/bin/app", NULL, 0);
	assert_int_equal(names_module_path(names, module), names_intern(names, "/bin/app"));
	assert_int_equal(names_module_short(names, module), names_intern(names, "app"));
	assert_int_equal(names_intern(names, ""), 0);
	assert_string_equal(names_text(names, 0), "");
	assert_int_equal(names_module_path(names, 99), 0);
	world_release(&world);
}

static void a_linkage_name_like_the_name_is_none(void **state)
{
	struct world world;
	uint32_t frame;
	struct levels levels;

	(void)state;
	world_init(&world);
	world_profile(&world);
	frame = frame_in(&world, MODULE_ELF, "/bin/app", 0x10);
	definer_name(world.definer, frame, 0,
		     &(struct definer_name){ .function = "f", .linkage = "f", .line = 3 });
	definer_name(world.definer, frame, 1,
		     &(struct definer_name){ .function = "g()", .linkage = "_Z1gv" });
	levels = names_frame(world.profile.names, frame);
	assert_int_equal(levels.n, 2);
	assert_int_equal(levels.items[0].line, 3);
	assert_int_equal(names_function(world.profile.names, levels.items[0].function).linkage, 0);
	assert_string_equal(
		world_text(&world,
			   names_function(world.profile.names, levels.items[1].function).linkage),
		"_Z1gv");
	world_release(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_without_a_name_is_module_and_offset),
		cmocka_unit_test(functions_known_by_their_place_are_told_apart_by_it),
		cmocka_unit_test(an_empty_name_is_no_name),
		cmocka_unit_test(a_note_says_what_it_says_in_brackets),
		cmocka_unit_test(frames_that_are_not_there_have_a_name),
		cmocka_unit_test(hostile_names_are_made_fit_to_print),
		cmocka_unit_test(equal_texts_have_equal_ids),
		cmocka_unit_test(a_linkage_name_like_the_name_is_none),
	};

	return cmocka_run_group_tests_name("model-names", tests, NULL, NULL);
}
