/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <sys/select.h>

#include "record/wait_set.h"

/* A call whose arguments lie in @stack, the copy of what the thread has at 0x1000. */
static struct wait_call call_at(const void *stack, size_t size)
{
	return (struct wait_call){ .pid = 1, .sp = 0x1000, .stack = stack, .stack_size = size };
}

static void poll_tells_its_descriptors_but_negative_ones(void **state)
{
	struct pollfd files[3] = { { .fd = 7 }, { .fd = -1 }, { .fd = 9 } };
	struct wait_call call = call_at(files, sizeof(files));
	struct wait_set set;

	(void)state;
	call.args[0] = 0x1000;
	call.args[1] = 3;
	assert_true(wait_set_of_poll(&call, &set));
	assert_int_equal(set.n, 2);
	assert_int_equal(set.n_told, 2);
	assert_int_equal(set.fds[0], 7);
	assert_int_equal(set.fds[1], 9);
}

static void of_many_the_first_are_told_and_all_counted(void **state)
{
	struct pollfd files[WAIT_SET_MAX + 5] = { 0 };
	struct wait_call call = call_at(files, sizeof(files));
	struct wait_set set;

	(void)state;
	for (int i = 0; i < WAIT_SET_MAX + 5; i++)
		files[i].fd = 100 + i;
	call.args[0] = 0x1000;
	call.args[1] = WAIT_SET_MAX + 5;
	assert_true(wait_set_of_poll(&call, &set));
	assert_int_equal(set.n, WAIT_SET_MAX + 5);
	assert_int_equal(set.n_told, WAIT_SET_MAX);
	assert_int_equal(set.fds[WAIT_SET_MAX - 1], 100 + WAIT_SET_MAX - 1);
	call.args[1] = UINT64_MAX;
	assert_true(wait_set_of_poll(&call, &set)); /* what was copied has the first ones */
}

static void what_was_not_copied_is_not_told(void **state)
{
	struct pollfd file = { .fd = 7 };
	struct wait_call call = call_at(&file, sizeof(file));
	struct wait_set set;

	(void)state;
	call.args[0] = 0x1001;
	call.args[1] = 1;
	assert_false(wait_set_of_poll(&call, &set));
	assert_int_equal(set.n, 1);
	assert_int_equal(set.n_told, 0);
	call.args[0] = 64;
	call.args[1] = 0x2000;
	assert_false(wait_set_of_select(&call, &set));
	assert_int_equal(set.n, 0);
}

static void select_joins_its_sets_below_their_number(void **state)
{
	fd_set sets[2];
	struct wait_call call = call_at(sets, sizeof(sets));
	struct wait_set set;

	(void)state;
	FD_ZERO(&sets[0]);
	FD_ZERO(&sets[1]);
	FD_SET(3, &sets[0]);
	FD_SET(70, &sets[0]);
	FD_SET(71, &sets[0]); /* not asked for: 71 are */
	FD_SET(3, &sets[1]);
	FD_SET(5, &sets[1]);
	call.args[0] = 71;
	call.args[1] = 0x1000;
	call.args[3] = 0x1000 + sizeof(fd_set);
	assert_true(wait_set_of_select(&call, &set));
	assert_int_equal(set.n, 3);
	assert_int_equal(set.fds[0], 3);
	assert_int_equal(set.fds[1], 5);
	assert_int_equal(set.fds[2], 70);
	call.args[0] = UINT64_MAX;
	assert_true(wait_set_of_select(&call, &set));
	assert_int_equal(set.n, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(poll_tells_its_descriptors_but_negative_ones),
		cmocka_unit_test(of_many_the_first_are_told_and_all_counted),
		cmocka_unit_test(what_was_not_copied_is_not_told),
		cmocka_unit_test(select_joins_its_sets_below_their_number),
	};

	return cmocka_run_group_tests_name("record-wait_set", tests, NULL, NULL);
}
