/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

static const char *name_of(struct world *world, uint32_t task)
{
	return dictionary_string(model_dictionary(world->model),
				 model_task_name(world->model, task));
}

static const char *process_of(struct world *world, uint32_t task)
{
	return dictionary_string(model_dictionary(world->model),
				 model_task_process_name(world->model, task));
}

static struct model_thread thread_of(struct world *world, uint32_t task)
{
	return model_thread(world->model, model_task(world->model, task).thread);
}

static void a_task_keeps_the_name_it_had_at_the_time(void **state)
{
	struct world world;
	uint32_t before, after;

	(void)state;
	world_init(&world);
	world_comm(&world, 1, 7, 7, "sh");
	before = model_task_now(world.model, 7, 7);
	world_comm(&world, 2, 7, 7, "make");
	after = model_task_now(world.model, 7, 7);
	assert_int_not_equal(before, after);
	assert_string_equal(name_of(&world, before), "sh");
	assert_string_equal(process_of(&world, before), "sh");
	assert_string_equal(name_of(&world, after), "make");
	assert_int_equal(thread_of(&world, before).first_ns, thread_of(&world, after).first_ns);
	assert_int_equal(model_n_threads(world.model), 1);
	world_release(&world);
}

static void a_task_is_the_same_while_nothing_is_renamed(void **state)
{
	struct world world;
	uint32_t task;

	(void)state;
	world_init(&world);
	world_comm(&world, 1, 7, 7, "sh");
	world_comm(&world, 1, 7, 8, "worker");
	task = model_task_now(world.model, 7, 8);
	assert_int_equal(model_task_now(world.model, 7, 8), task);
	world_comm(&world, 2, 7, 7, "bash");
	assert_int_not_equal(model_task_now(world.model, 7, 8), task);
	world_comm(&world, 3, 7, 7, "sh");
	assert_int_equal(model_task_now(world.model, 7, 8), task);
	world_release(&world);
}

static void a_name_heard_too_late_is_better_than_none(void **state)
{
	struct world world;
	uint32_t task;

	(void)state;
	world_init(&world);
	task = model_task_now(world.model, 7, 8);
	assert_string_equal(name_of(&world, task), "");
	world_comm(&world, 2, 7, 8, "worker");
	assert_string_equal(name_of(&world, task), "worker");
	assert_string_equal(process_of(&world, task), "worker");
	world_comm(&world, 3, 7, 7, "server");
	assert_string_equal(process_of(&world, task), "server");
	world_release(&world);
}

static void a_new_thread_is_called_as_its_parent(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	world_comm(&world, 1, 7, 7, "sh");
	world_fork(&world, 2, 9, 9, 7);
	assert_string_equal(name_of(&world, model_task_now(world.model, 9, 9)), "sh");
	world_comm(&world, 3, 9, 9, "cc1");
	assert_string_equal(name_of(&world, model_task_now(world.model, 9, 9)), "cc1");
	assert_string_equal(name_of(&world, model_task_now(world.model, 7, 7)), "sh");
	world_release(&world);
}

static void a_tid_that_is_given_out_again_is_another_thread(void **state)
{
	struct world world;
	uint32_t first, second;

	(void)state;
	world_init(&world);
	world_comm(&world, 1, 7, 8, "old");
	first = model_task_now(world.model, 7, 8);
	world_exit(&world, 2, 7, 8);
	world_sample(&world, 3, 7, 8, 0); /* on its way out */
	assert_int_equal(model_task_now(world.model, 7, 8), first);
	world_fork(&world, 4, 7, 8, 7);
	world_comm(&world, 5, 7, 8, "new");
	second = model_task_now(world.model, 7, 8);
	assert_int_not_equal(model_task(world.model, first).thread,
			     model_task(world.model, second).thread);
	assert_string_equal(name_of(&world, first), "old");
	assert_string_equal(name_of(&world, second), "new");
	assert_true(thread_of(&world, first).has_exited);
	assert_int_equal(thread_of(&world, first).last_ns, 3);
	assert_false(thread_of(&world, second).has_exited);
	world_release(&world);
}

static void a_tid_that_turns_up_in_another_process_is_another_thread(void **state)
{
	struct world world;
	uint32_t first, second;

	(void)state;
	world_init(&world);
	first = model_task_now(world.model, 7, 8);
	second = model_task_now(world.model, 8, 8);
	assert_int_equal(thread_of(&world, first).pid, 7);
	assert_int_equal(thread_of(&world, second).pid, 8);
	world_release(&world);
}

static void the_leader_of_a_thread_is_the_main_thread_of_its_process(void **state)
{
	struct world world;
	struct model_thread thread;

	(void)state;
	world_init(&world);
	thread = thread_of(&world, model_task_now(world.model, 7, 8));
	assert_int_equal(model_thread(world.model, thread.leader).tid, 7);
	thread = thread_of(&world, model_task_now(world.model, 7, 7));
	assert_int_equal(model_thread(world.model, thread.leader).tid, 7);
	assert_int_equal(model_n_threads(world.model), 2);
	world_release(&world);
}

static void unknown_ids_give_empty_threads_and_tasks(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	assert_int_equal(model_task(world.model, 0).thread, 0);
	assert_int_equal(model_task(world.model, 99).thread, 0);
	assert_int_equal(model_thread(world.model, 0).tid, 0);
	assert_int_equal(model_thread(world.model, 99).tid, 0);
	assert_int_equal(model_task_process_name(world.model, 99), 0);
	world_release(&world);
}

static void the_window_is_from_start_to_end(void **state)
{
	struct world world;
	struct model_window window;

	(void)state;
	world_init(&world);
	world_put(&world, &(struct event){ .kind = EVENT_START,
					   .time_ns = 100,
					   .start = { .wall_ns = 5000 } });
	world_sample(&world, 150, 7, 7, 0);
	world_put(&world, &(struct event){ .kind = EVENT_END, .time_ns = 200 });
	world_put(&world, &(struct event){ .kind = EVENT_COUNTER, .time_ns = 300 });
	window = model_window(world.model);
	assert_int_equal(window.start_ns, 100);
	assert_int_equal(window.end_ns, 200);
	assert_int_equal(window.wall_ns, 5000);
	assert_true(window.has_start);
	assert_true(window.has_end);
	world_release(&world);
}

static void the_window_of_a_killed_recorder_ends_at_the_last_event(void **state)
{
	struct world world;
	struct model_window window;

	(void)state;
	world_init(&world);
	world_sample(&world, 150, 7, 7, 0);
	world_sample(&world, 170, 7, 7, 0);
	window = model_window(world.model);
	assert_int_equal(window.start_ns, 150);
	assert_int_equal(window.end_ns, 170);
	assert_false(window.has_start);
	assert_false(window.has_end);
	world_release(&world);
}

static void the_last_value_of_a_counter_holds(void **state)
{
	struct world world;
	struct event event = { .kind = EVENT_COUNTER };

	(void)state;
	world_init(&world);
	event.counter.name = definer_string(world.definer, "unwind.stacks");
	event.counter.value = 5;
	world_put(&world, &event);
	event.counter.value = 9;
	world_put(&world, &event);
	assert_int_equal(model_counter(world.model, "unwind.stacks"), 9);
	assert_true(model_has_counter(world.model, "unwind.stacks"));
	assert_int_equal(model_counter(world.model, "unwind"), 0);
	assert_false(model_has_counter(world.model, "unwind"));
	world_release(&world);
}

static void losses_are_added_up(void **state)
{
	struct world world;
	struct model_losses losses;

	(void)state;
	world_init(&world);
	world_put(&world, &(struct event){ .kind = EVENT_LOST, .lost = { .count = 3 } });
	world_put(&world, &(struct event){ .kind = EVENT_LOST, .lost = { .count = 4 } });
	world_put(&world, &(struct event){ .kind = EVENT_THROTTLE, .throttle = { .on = 1 } });
	world_put(&world, &(struct event){ .kind = EVENT_THROTTLE, .throttle = { .on = 0 } });
	world_sample(&world, 1, 7, 7, 0);
	losses = model_losses(world.model);
	assert_int_equal(losses.n_lost, 7);
	assert_int_equal(losses.n_throttled, 1);
	assert_int_equal(losses.n_samples, 1);
	world_release(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_keeps_the_name_it_had_at_the_time),
		cmocka_unit_test(a_task_is_the_same_while_nothing_is_renamed),
		cmocka_unit_test(a_name_heard_too_late_is_better_than_none),
		cmocka_unit_test(a_new_thread_is_called_as_its_parent),
		cmocka_unit_test(a_tid_that_is_given_out_again_is_another_thread),
		cmocka_unit_test(a_tid_that_turns_up_in_another_process_is_another_thread),
		cmocka_unit_test(the_leader_of_a_thread_is_the_main_thread_of_its_process),
		cmocka_unit_test(unknown_ids_give_empty_threads_and_tasks),
		cmocka_unit_test(the_window_is_from_start_to_end),
		cmocka_unit_test(the_window_of_a_killed_recorder_ends_at_the_last_event),
		cmocka_unit_test(the_last_value_of_a_counter_holds),
		cmocka_unit_test(losses_are_added_up),
	};

	return cmocka_run_group_tests_name("model-model", tests, NULL, NULL);
}
