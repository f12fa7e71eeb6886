/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

#define SECOND 1000000000ull

static void set(struct world *world, const char *name, const char *value)
{
	struct buf message = { 0 };

	if (filter_set(&world->filter, name, value, &message))
		fail_msg("%s=%s: %s", name, value, buf_str(&message));
	buf_release(&message);
}

static void assert_refused(const char *name, const char *value, int error)
{
	struct filter filter = { 0 };
	struct buf message = { 0 };

	assert_int_equal(filter_set(&filter, name, value, &message), error);
	assert_true(message.size > 0);
	buf_release(&message);
	filter_release(&filter);
}

/* Samples in what is left. */
static int64_t left(struct world *world)
{
	int64_t n;

	world_profile(world);
	n = profile_total(&world->profile, 0);
	world_release(world);
	return n;
}

/*
 * "server" (7) with thread "worker" (8), and "tool" (9): 1, 2 and 4 samples on CPU 1
 * at 1 s, 2 s and 3 s; the worker's end in the kernel.
 */
static void make(struct world *world)
{
	uint32_t module, frame, user, kernel;

	world_init(world);
	world_comm(world, 1, 7, 7, "server");
	world_comm(world, 1, 7, 8, "worker");
	world_comm(world, 1, 9, 9, "tool");
	module = definer_module(world->definer, MODULE_KERNEL, "[kernel]", NULL, 0);
	frame = definer_frame(world->definer, module, 0xffffffff81000000);
	definer_name(world->definer, frame, 0, &(struct definer_name){ .function = "do_read" });
	user = world_stack(world, "main read");
	kernel = definer_stack(world->definer, user, frame);
	world_sample(world, 1 * SECOND, 7, 7, world_stack(world, "main serve"));
	world_sample(world, 2 * SECOND, 7, 8, kernel);
	world_sample(world, 2 * SECOND, 7, 8, kernel);
	for (int i = 0; i < 4; i++)
		world_sample(world, 3 * SECOND, 9, 9, world_stack(world, "main work"));
}

static int64_t left_by(const char *name, const char *value)
{
	struct world world;

	make(&world);
	set(&world, name, value);
	filter_bind(&world.filter, 0, 4 * SECOND);
	return left(&world);
}

static void processes_are_chosen_by_name_or_number(void **state)
{
	(void)state;
	assert_int_equal(left_by("process", "server"), 3);
	assert_int_equal(left_by("process", "9"), 4);
	assert_int_equal(left_by("process", "server,9"), 7);
	assert_int_equal(left_by("process", "worker"), 0);
}

static void a_number_alone_is_no_name(void **state)
{
	struct filter_who seven = { .id = 7, .is_id = true };
	struct world world;

	(void)state;
	make(&world);
	world_sample(&world, 1 * SECOND, 5, 5, world_stack(&world, "main"));
	*array_add(&world.filter.processes) = seven;
	assert_int_equal(left(&world), 3); /* and not the one that nobody gave a name */
}

static void threads_are_chosen_by_name_or_number(void **state)
{
	(void)state;
	assert_int_equal(left_by("thread", "worker"), 2);
	assert_int_equal(left_by("thread", "8"), 2);
	assert_int_equal(left_by("thread", "7,worker"), 3);
}

static void long_names_match_as_the_kernel_cuts_them(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	world_comm(&world, 1, 7, 7, "a-name-that-is-"); /* 15 characters */
	world_sample(&world, 2, 7, 7, 0);
	set(&world, "process", "a-name-that-is-longer");
	assert_int_equal(left(&world), 1);
}

static void cpus_are_chosen_by_lists_and_ranges(void **state)
{
	(void)state;
	assert_int_equal(left_by("cpu", "1"), 7);
	assert_int_equal(left_by("cpu", "0,2-9"), 0);
	assert_int_equal(left_by("cpu", "0-1,7"), 7);
}

static int64_t left_between(const char *since, const char *until)
{
	struct world world;

	world_init(&world);
	if (since)
		set(&world, "since", since);
	if (until)
		set(&world, "until", until);
	filter_bind(&world.filter, SECOND, 5 * SECOND);
	for (uint64_t i = 1; i < 5; i++)
		world_sample(&world, i * SECOND, 7, 7, 0);
	return left(&world);
}

static void times_count_from_the_start_or_from_the_end(void **state)
{
	(void)state;
	assert_int_equal(left_between(NULL, NULL), 4);
	assert_int_equal(left_between("1s", NULL), 3);
	assert_int_equal(left_between("1.001", NULL), 2);
	assert_int_equal(left_between(NULL, "1s"), 1);
	assert_int_equal(left_between("-2s", NULL), 2);
	assert_int_equal(left_between(NULL, "-3500ms"), 1);
	assert_int_equal(left_between("1s", "2s"), 1);
	assert_int_equal(left_between("2s", "1s"), 0);
	assert_int_equal(left_between("-1h", "1h"), 4);
	assert_int_equal(left_between("4s", NULL), 0);
}

static void the_duration_is_that_of_the_part_that_is_left(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	world_put(&world, &(struct event){ .kind = EVENT_START,
					   .time_ns = SECOND,
					   .start = { .wall_ns = 100 * SECOND } });
	world_put(&world, &(struct event){ .kind = EVENT_END, .time_ns = 5 * SECOND });
	set(&world, "since", "1s");
	set(&world, "until", "-1s");
	filter_bind(&world.filter, SECOND, 5 * SECOND);
	world_profile(&world);
	assert_int_equal(world.profile.duration_ns, 2 * SECOND);
	assert_int_equal(world.profile.time_ns, 101 * SECOND);
	world_release(&world);
}

static void focus_keeps_and_ignore_drops_stacks_with_a_function(void **state)
{
	(void)state;
	assert_int_equal(left_by("focus", "^work$"), 4);
	assert_int_equal(left_by("focus", "main"), 7);
	assert_int_equal(left_by("focus", "read|serve"), 3);
	assert_int_equal(left_by("ignore", "do_"), 5);
	assert_int_equal(left_by("ignore", "main"), 0);
	assert_int_equal(left_by("focus", "nothing"), 0);
	assert_int_equal(left_by("focus", "w[a-z]{3}|\\."), 4);
}

static void no_kernel_charges_the_caller_in_user_space(void **state)
{
	struct world world;
	const struct profile_row *row;

	(void)state;
	make(&world);
	set(&world, "no-kernel", NULL);
	set(&world, "thread", "worker");
	world_profile(&world);
	assert_int_equal(world.profile.rows.n, 1);
	row = &world.profile.rows.items[0];
	assert_int_equal(row->values[0], 2);
	assert_int_equal(row->key.stack, world_stack(&world, "main read"));
	world_release(&world);
	assert_int_equal(left_by("no-kernel", NULL), 7);
}

static void no_kernel_drops_what_has_no_user_space(void **state)
{
	struct world world;
	uint32_t module, frame;

	(void)state;
	world_init(&world);
	module = definer_module(world.definer, MODULE_KERNEL, "[kernel]", NULL, 0);
	frame = definer_frame(world.definer, module, 0xffffffff81000000);
	world_sample(&world, 1, 2, 2, definer_stack(world.definer, 0, frame));
	set(&world, "no-kernel", NULL);
	assert_int_equal(left(&world), 0);
}

static void rows_that_become_equal_are_added_up(void **state)
{
	struct world world;
	uint32_t module, a, b, user;

	(void)state;
	world_init(&world);
	module = definer_module(world.definer, MODULE_KERNEL, "[kernel]", NULL, 0);
	a = definer_frame(world.definer, module, 0xffffffff81000000);
	b = definer_frame(world.definer, module, 0xffffffff81000010);
	user = world_stack(&world, "main");
	world_sample(&world, 1, 7, 7, definer_stack(world.definer, user, a));
	world_sample(&world, 1, 7, 7, definer_stack(world.definer, user, b));
	set(&world, "no-kernel", NULL);
	world_profile(&world);
	assert_int_equal(world.profile.rows.n, 1);
	assert_int_equal(world.profile.rows.items[0].values[0], 2);
	world_release(&world);
}

static void what_was_there_before_is_remembered(void **state)
{
	struct world world;

	(void)state;
	make(&world);
	set(&world, "process", "tool");
	set(&world, "no-kernel", "");
	world_profile(&world);
	assert_int_equal(world.profile.unfiltered[0], 7);
	assert_string_equal(buf_str(&world.filter.text), "process=tool no-kernel");
	world_release(&world);
}

static void nonsense_is_refused_with_a_sentence(void **state)
{
	(void)state;
	assert_refused("process", "", -EINVAL);
	assert_refused("thread", "a,,b", -EINVAL);
	assert_refused("cpu", "", -EINVAL);
	assert_refused("cpu", "x", -EINVAL);
	assert_refused("cpu", "3-1", -EINVAL);
	assert_refused("cpu", "1-", -EINVAL);
	assert_refused("cpu", "99999999999", -EINVAL);
	assert_refused("since", "soon", -EINVAL);
	assert_refused("since", "--1s", -EINVAL);
	assert_refused("until", "", -EINVAL);
	assert_refused("focus", "a(", -EINVAL);
	assert_refused("ignore", "[", -EINVAL);
	assert_refused("focus", "((a{1,200}){1,200}){1,200}", -EINVAL);
	assert_refused("focus", "(a{200}){200}", -EINVAL);
	assert_refused("focus", "(a*)*\\1", -EINVAL);
	assert_refused("colour", "red", -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes_are_chosen_by_name_or_number),
		cmocka_unit_test(a_number_alone_is_no_name),
		cmocka_unit_test(threads_are_chosen_by_name_or_number),
		cmocka_unit_test(long_names_match_as_the_kernel_cuts_them),
		cmocka_unit_test(cpus_are_chosen_by_lists_and_ranges),
		cmocka_unit_test(times_count_from_the_start_or_from_the_end),
		cmocka_unit_test(the_duration_is_that_of_the_part_that_is_left),
		cmocka_unit_test(focus_keeps_and_ignore_drops_stacks_with_a_function),
		cmocka_unit_test(no_kernel_charges_the_caller_in_user_space),
		cmocka_unit_test(no_kernel_drops_what_has_no_user_space),
		cmocka_unit_test(rows_that_become_equal_are_added_up),
		cmocka_unit_test(what_was_there_before_is_remembered),
		cmocka_unit_test(nonsense_is_refused_with_a_sentence),
	};

	return cmocka_run_group_tests_name("model-filter", tests, NULL, NULL);
}
