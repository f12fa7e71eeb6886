/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <cmocka.h>

#include "base/clock.h"
#include "record/wait_poll.h"

#define MS 1000000u

struct world {
	struct event_sink sink;
	struct streams streams;
	struct wait_poll *poll;
	uint64_t now_ns;
	int answer; /* of the next look-up */
	unsigned int n_asked;
	struct event_wait_stack put; /* the last one */
	unsigned int n_put;
	uint32_t owner; /* to be found */
	unsigned int n_asked_owner;
	struct event_lock_owner owned; /* the last one that was put */
	unsigned int n_owned;
};

static int put(struct event_sink *sink, const struct event *event)
{
	struct world *world = (struct world *)sink;

	if (event->kind == EVENT_LOCK_OWNER) {
		world->owned = event->lock_owner;
		world->n_owned++;
		return 0;
	}
	assert_int_equal(event->kind, EVENT_WAIT_STACK);
	world->put = event->wait_stack;
	world->n_put++;
	return 0;
}

static int ask(void *arg, struct event_wait_stack *wait)
{
	struct world *world = arg;

	world->n_asked++;
	wait->stack = 42;
	return world->answer;
}

static int own(void *arg, const struct event_wait_stack *wait, uint32_t *ret)
{
	struct world *world = arg;

	(void)wait;
	world->n_asked_owner++;
	*ret = world->owner;
	return 0;
}

static const struct wait_poll_ops ops = { ask, own };

static int set_up(void **state)
{
	struct world *world = xcalloc(1, sizeof(*world));

	world->sink.put = put;
	world->poll = wait_poll_new(&world->streams, &world->sink, &ops, world);
	world->now_ns = clock_ns(CLOCK_MONOTONIC);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	wait_poll_free(world->poll);
	streams_release(&world->streams);
	free(world);
	return 0;
}

/* Thread @tid of CPU 3 blocked @ago_ms ago. */
static void block(struct world *world, uint32_t tid, uint64_t ago_ms)
{
	struct event event = {
		.kind = EVENT_SCHED_SWITCH,
		.time_ns = world->now_ns - ago_ms * MS,
		.sched_switch = { .cpu = 3, .prev = tid, .state = TASK_SLEEPING },
	};

	wait_poll_take(world->poll, &event);
}

static void sample(struct world *world, uint32_t tid, uint64_t ago_ms, uint32_t period)
{
	struct event event = {
		.kind = EVENT_WAIT_STACK,
		.time_ns = world->now_ns - ago_ms * MS,
		.wait_stack = { .tid = tid, .stack = 7, .period = period },
	};

	wait_poll_take(world->poll, &event);
}

static void wake(struct world *world, uint32_t tid)
{
	struct event event = {
		.kind = EVENT_SCHED_WAKING,
		.time_ns = world->now_ns,
		.sched_waking = { .tid = tid },
	};

	wait_poll_take(world->poll, &event);
}

static void pass_all(struct world *world)
{
	assert_int_equal(streams_drain(&world->streams, true), 0);
}

static void a_long_wait_without_a_sample_is_looked_up_once(void **state)
{
	struct world *world = *state;

	block(world, 10, 6);
	wait_poll_step(world->poll);
	wait_poll_step(world->poll);
	pass_all(world);
	assert_int_equal(world->n_asked, 1);
	assert_int_equal(world->n_put, 1);
	assert_int_equal(world->put.tid, 10);
	assert_int_equal(world->put.cpu, 3);
	assert_int_equal(world->put.stack, 42);
	assert_int_equal(world->put.period, 1);
	assert_int_equal(wait_poll_n_put(world->poll), 1);
}

static void a_short_one_has_time(void **state)
{
	struct world *world = *state;

	block(world, 10, 1);
	wait_poll_step(world->poll);
	assert_int_equal(world->n_asked, 0);
}

static void who_ran_again_is_not_looked_up(void **state)
{
	struct world *world = *state;
	struct event event = {
		.kind = EVENT_SCHED_SWITCH,
		.time_ns = world->now_ns,
		.sched_switch = { .prev = 0, .next = 11 },
	};

	block(world, 10, 6);
	block(world, 11, 6);
	wake(world, 10);
	wait_poll_take(world->poll, &event);
	wait_poll_step(world->poll);
	assert_int_equal(world->n_asked, 0);
}

static void what_was_found_is_dropped_where_the_wait_had_ended(void **state)
{
	struct world *world = *state;

	block(world, 10, 6);
	wait_poll_step(world->poll);
	wake(world, 10); /* has passed before the answer does */
	block(world, 10, 0);
	pass_all(world);
	assert_int_equal(world->n_asked, 1);
	assert_int_equal(world->n_put, 0);
}

static void a_wait_whose_every_like_is_sampled_is_left_alone(void **state)
{
	struct world *world = *state;

	block(world, 10, 6);
	sample(world, 10, 6, 1);
	wait_poll_step(world->poll);
	pass_all(world);
	assert_int_equal(world->n_asked + world->n_put, 0);
}

static void one_of_seventeen_stands_for_itself_once_it_is_long(void **state)
{
	struct world *world = *state;

	block(world, 10, 6);
	sample(world, 10, 6, 17);
	wait_poll_step(world->poll);
	pass_all(world);
	assert_int_equal(world->n_asked, 0);
	assert_int_equal(world->n_put, 1);
	assert_int_equal(world->put.stack, 7);
	assert_int_equal(world->put.period, 1);
}

static void the_sample_of_an_earlier_wait_is_none_of_this(void **state)
{
	struct world *world = *state;

	sample(world, 10, 20, 1);
	block(world, 10, 6);
	wait_poll_step(world->poll);
	assert_int_equal(world->n_asked, 1);
}

static void threads_of_the_kernel_are_asked_once(void **state)
{
	struct world *world = *state;

	world->answer = -ENXIO;
	block(world, 10, 30);
	wait_poll_step(world->poll);
	block(world, 10, 20);
	wait_poll_step(world->poll);
	assert_int_equal(world->n_asked, 1);
}

static void who_gets_the_id_of_a_dead_one_is_asked_again(void **state)
{
	struct world *world = *state;
	struct event event = {
		.kind = EVENT_SCHED_SWITCH,
		.time_ns = world->now_ns - 10 * MS,
		.sched_switch = { .prev = 10, .state = TASK_DEAD },
	};

	world->answer = -ENXIO;
	block(world, 10, 20);
	wait_poll_step(world->poll);
	wait_poll_take(world->poll, &event);
	block(world, 10, 6);
	wait_poll_step(world->poll);
	assert_int_equal(world->n_asked, 2);
}

static void who_must_not_be_asked_now_is_asked_in_the_next_step(void **state)
{
	struct world *world = *state;

	world->answer = -EBUSY;
	block(world, 10, 6);
	wait_poll_step(world->poll);
	world->answer = 0;
	wait_poll_step(world->poll);
	pass_all(world);
	assert_int_equal(world->n_asked, 2);
	assert_int_equal(world->n_put, 1);
}

static void a_glance_sees_whoever_is_blocked_by_then(void **state)
{
	struct world *world = *state;

	block(world, 10, 1);
	wake(world, 10);
	wait_poll_glance(world->poll, 4); /* though it was awake for all that is known */
	block(world, 10, 0);
	pass_all(world);
	assert_int_equal(world->n_asked, 1);
	assert_int_equal(world->n_put, 1);
	assert_int_equal(world->put.period, WAIT_POLL_SOME);
}

static void a_glance_at_who_ran_meanwhile_is_dropped(void **state)
{
	struct world *world = *state;

	block(world, 10, 1);
	wait_poll_glance(world->poll, 4);
	world->now_ns = clock_ns(CLOCK_MONOTONIC); /* it blocks again after it was asked */
	block(world, 10, 0);
	pass_all(world);
	assert_int_equal(world->n_asked, 1);
	assert_int_equal(world->n_put, 0);
}

static void glances_go_round(void **state)
{
	struct world *world = *state;

	for (uint32_t tid = 10; tid < 15; tid++)
		block(world, tid, 1);
	wait_poll_glance(world->poll, 3);
	wait_poll_glance(world->poll, 2);
	pass_all(world);
	assert_int_equal(world->n_asked, 5);
	assert_int_equal(world->n_put, 5);
	assert_int_equal(world->put.tid, 14);
}

/* A wait for a lock at 0x1000, sampled when it began. */
static void block_for_lock(struct world *world, uint32_t tid, uint64_t ago_ms)
{
	struct event event = {
		.kind = EVENT_WAIT_STACK,
		.time_ns = world->now_ns - ago_ms * MS,
		.wait_stack = { .pid = 5,
				.tid = tid,
				.why = WAIT_LOCK,
				.address = 0x1000,
				.period = 1 },
	};

	block(world, tid, ago_ms);
	wait_poll_take(world->poll, &event);
}

static void of_a_long_wait_for_a_lock_the_owner_is_told(void **state)
{
	struct world *world = *state;

	world->owner = 77;
	block_for_lock(world, 10, 6);
	block_for_lock(world, 11, 1);
	wait_poll_step(world->poll);
	pass_all(world);
	assert_int_equal(world->n_asked, 0);
	assert_int_equal(world->n_put, 0);
	assert_int_equal(world->n_owned, 1);
	assert_int_equal(world->owned.pid, 5);
	assert_int_equal(world->owned.tid, 10);
	assert_int_equal(world->owned.address, 0x1000);
	assert_int_equal(world->owned.owner, 77);
	wait_poll_step(world->poll); /* asked again when the wait is twice as old */
	assert_int_equal(world->n_asked_owner, 1);
}

static void an_owner_that_is_not_known_is_not_told(void **state)
{
	struct world *world = *state;

	block_for_lock(world, 10, 6);
	wait_poll_step(world->poll);
	pass_all(world);
	assert_int_equal(world->n_asked_owner, 1);
	assert_int_equal(world->n_owned, 0);
}

static void the_owner_is_not_told_to_who_has_run_since(void **state)
{
	struct world *world = *state;

	world->owner = 77;
	block_for_lock(world, 10, 6);
	wait_poll_step(world->poll);
	wake(world, 10);
	pass_all(world);
	assert_int_equal(world->n_asked_owner, 1);
	assert_int_equal(world->n_owned, 0);
}

static void who_was_found_blocked_at_first_is_asked_about_at_once(void **state)
{
	struct world *world = *state;
	struct event_wait_stack wait = { .pid = 5, .tid = 12, .why = WAIT_LOCK, .address = 0x1000 };

	world->owner = 78;
	wait_poll_meet(world->poll, &wait, world->now_ns);
	wait_poll_step(world->poll);
	pass_all(world);
	assert_int_equal(world->owned.owner, 78);
	assert_int_equal(world->n_put, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_long_wait_without_a_sample_is_looked_up_once),
		TEST(a_short_one_has_time),
		TEST(who_ran_again_is_not_looked_up),
		TEST(what_was_found_is_dropped_where_the_wait_had_ended),
		TEST(a_wait_whose_every_like_is_sampled_is_left_alone),
		TEST(one_of_seventeen_stands_for_itself_once_it_is_long),
		TEST(the_sample_of_an_earlier_wait_is_none_of_this),
		TEST(threads_of_the_kernel_are_asked_once),
		TEST(who_gets_the_id_of_a_dead_one_is_asked_again),
		TEST(who_must_not_be_asked_now_is_asked_in_the_next_step),
		TEST(a_glance_sees_whoever_is_blocked_by_then),
		TEST(a_glance_at_who_ran_meanwhile_is_dropped),
		TEST(glances_go_round),
		TEST(of_a_long_wait_for_a_lock_the_owner_is_told),
		TEST(an_owner_that_is_not_known_is_not_told),
		TEST(the_owner_is_not_told_to_who_has_run_since),
		TEST(who_was_found_blocked_at_first_is_asked_about_at_once),
	};

	return cmocka_run_group_tests_name("record-wait_poll", tests, NULL, NULL);
}
