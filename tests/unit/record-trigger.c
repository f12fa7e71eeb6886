/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <errno.h>
#include <cmocka.h>

#include "base/mem.h"
#include "record/trigger.h"

#define MS UINT64_C(1000000)

struct world {
	struct event_sink sink;
	struct definer *definer;
	struct trigger_condition conditions[4];
	size_t n_conditions;
	struct trigger *trigger;
	unsigned int n_put, n_triggers;
	struct event last; /* TRIGGER */
};

static int put(struct event_sink *sink, const struct event *event)
{
	struct world *world = (struct world *)sink;

	world->n_put += event_has_time(event->kind);
	if (event->kind == EVENT_TRIGGER) {
		world->n_triggers++;
		world->last = *event;
	}
	return 0;
}

static void set_up(struct world *world, const char *first, const char *second)
{
	struct buf message = { 0 };

	*world = (struct world){ .sink = { put } };
	assert_int_equal(trigger_parse(first, &world->conditions[0], &message), 0);
	world->n_conditions = 1;
	if (second) {
		assert_int_equal(trigger_parse(second, &world->conditions[1], &message), 0);
		world->n_conditions = 2;
	}
	world->definer = definer_new(&world->sink);
	world->trigger = trigger_new(world->conditions, world->n_conditions, &world->sink);
	trigger_set_definer(world->trigger, world->definer);
}

static void tear_down(struct world *world)
{
	trigger_free(world->trigger);
	definer_free(world->definer);
}

static void feed(struct world *world, uint64_t ms, struct event event)
{
	event.time_ns = ms * MS;
	assert_int_equal(event_sink_put(trigger_sink(world->trigger), &event), 0);
}

static void meet(struct world *world, uint32_t tid)
{
	feed(world, 1,
	     (struct event){ .kind = EVENT_TASK_STATE, .task_state = { .pid = 7, .tid = tid } });
}

static void change(struct world *world, uint64_t ms, uint32_t prev, uint32_t state, uint32_t next)
{
	feed(world, ms,
	     (struct event){ .kind = EVENT_SCHED_SWITCH,
			     .sched_switch = { 0, prev, state, next } });
}

static void wake(struct world *world, uint64_t ms, uint32_t tid)
{
	feed(world, ms,
	     (struct event){ .kind = EVENT_SCHED_WAKING, .sched_waking = { tid, 1, 0 } });
}

static void tell_wait(struct world *world, uint64_t ms, uint32_t tid, uint32_t why)
{
	feed(world, ms,
	     (struct event){ .kind = EVENT_WAIT_STACK,
			     .wait_stack = { .pid = 7, .tid = tid, .why = why } });
}

static void latency_runs_from_the_wake_up_to_the_cpu(void **state)
{
	struct world world;

	(void)state;
	set_up(&world, "latency>20ms", NULL);
	meet(&world, 8);
	change(&world, 10, 8, TASK_SLEEPING, 0);
	wake(&world, 500, 8);
	change(&world, 520, 0, 0, 8); /* just so long is not longer */
	assert_null(trigger_hit(world.trigger));
	change(&world, 530, 8, TASK_SLEEPING, 0);
	wake(&world, 600, 8);
	change(&world, 621, 0, 0, 8);
	assert_int_equal(trigger_hit(world.trigger)->time_ns, 621 * MS);
	assert_int_equal(trigger_hit(world.trigger)->duration_ns, 21 * MS);
	assert_int_equal(trigger_hit(world.trigger)->pid, 7);
	assert_int_equal(trigger_hit(world.trigger)->tid, 8);
	assert_int_equal(world.last.trigger.duration_ns, 21 * MS);
	assert_string_equal(definer_text(world.definer, world.last.trigger.condition),
			    "latency>20ms");
	tear_down(&world);
}

static void preempted_threads_and_newborns_wait_for_a_cpu_too(void **state)
{
	struct world world;

	(void)state;
	set_up(&world, "latency>20ms", NULL);
	meet(&world, 8);
	change(&world, 10, 8, TASK_RUNNABLE, 9);
	change(&world, 31, 9, TASK_RUNNABLE, 8);
	assert_int_equal(trigger_hit(world.trigger)->duration_ns, 21 * MS);
	trigger_rearm(world.trigger);
	assert_null(trigger_hit(world.trigger));
	feed(&world, 40, (struct event){ .kind = EVENT_FORK, .fork = { 7, 10, 7, 8 } });
	change(&world, 70, 8, TASK_RUNNABLE, 10);
	assert_int_equal(trigger_hit(world.trigger)->tid, 10);
	assert_int_equal(trigger_hit(world.trigger)->duration_ns, 30 * MS);
	assert_int_equal(world.n_triggers, 2);
	tear_down(&world);
}

static void waits_run_from_the_switch_to_the_wake_up(void **state)
{
	struct world world;

	(void)state;
	set_up(&world, "wait>100ms", NULL);
	meet(&world, 8);
	change(&world, 10, 8, TASK_SLEEPING, 0);
	wake(&world, 109, 8);
	change(&world, 300, 0, 0, 8); /* the rest was for a CPU */
	assert_null(trigger_hit(world.trigger));
	change(&world, 310, 8, TASK_DISK, 0);
	wake(&world, 411, 8);
	assert_int_equal(trigger_hit(world.trigger)->duration_ns, 101 * MS);
	tear_down(&world);
}

static void without_wake_ups_waits_end_on_the_cpu(void **state)
{
	struct world world;

	(void)state;
	set_up(&world, "wait>100ms", NULL);
	meet(&world, 8);
	change(&world, 10, 8, TASK_SLEEPING, 0);
	change(&world, 200, 0, 0, 8);
	assert_int_equal(trigger_hit(world.trigger)->duration_ns, 190 * MS);
	tear_down(&world);
}

static void class_is_that_of_the_wait(void **state)
{
	struct world world;

	(void)state;
	set_up(&world, "wait:lock>50ms", NULL);
	meet(&world, 8);
	tell_wait(&world, 10, 8, WAIT_LOCK); /* by a sample, of this switch */
	change(&world, 10, 8, TASK_SLEEPING, 0);
	wake(&world, 20, 8);
	change(&world, 20, 0, 0, 8);
	change(&world, 100, 8, TASK_SLEEPING, 0); /* of this nothing is known */
	wake(&world, 200, 8);
	change(&world, 200, 0, 0, 8);
	change(&world, 300, 8, TASK_SLEEPING, 0);
	tell_wait(&world, 310, 8, WAIT_POLL);
	wake(&world, 400, 8);
	change(&world, 400, 0, 0, 8);
	assert_null(trigger_hit(world.trigger));
	change(&world, 500, 8, TASK_SLEEPING, 0);
	tell_wait(&world, 510, 8, WAIT_LOCK); /* looked up */
	wake(&world, 600, 8);
	assert_int_equal(trigger_hit(world.trigger)->duration_ns, 100 * MS);
	tear_down(&world);
}

static void strangers_and_gaps_trigger_nothing(void **state)
{
	struct world world;

	(void)state;
	set_up(&world, "latency>1ms", "wait>1ms");
	meet(&world, 8);
	change(&world, 10, 99, TASK_SLEEPING, 0);
	wake(&world, 100, 99);
	change(&world, 200, 0, 0, 99);
	change(&world, 300, 8, TASK_SLEEPING, 0);
	feed(&world, 400, (struct event){ .kind = EVENT_GAP, .gap = { 0, 350 * MS, 3 } });
	wake(&world, 500, 8);
	change(&world, 500, 0, 0, 8);
	assert_null(trigger_hit(world.trigger));
	tear_down(&world);
}

static void the_first_of_several_is_told_once(void **state)
{
	struct world world;

	(void)state;
	set_up(&world, "latency>5ms", "wait>5ms");
	meet(&world, 8);
	change(&world, 10, 8, TASK_SLEEPING, 0);
	wake(&world, 20, 8);
	change(&world, 30, 0, 0, 8);
	assert_ptr_equal(trigger_hit(world.trigger)->condition, &world.conditions[1]);
	assert_int_equal(world.n_triggers, 1);
	assert_int_equal(world.n_put, 5); /* all but definitions pass */
	tear_down(&world);
}

static void step(struct world *world, uint64_t ms, uint32_t pid, uint32_t tid, uint32_t step,
		 uint32_t scope)
{
	feed(world, ms,
	     (struct event){ .kind = EVENT_PAUSE,
			     .pause = { .pid = pid, .tid = tid, .step = step, .scope = scope } });
}

static void pauses_are_of_a_process_or_of_a_thread(void **state)
{
	struct world world;

	(void)state;
	set_up(&world, "pause>10ms", NULL);
	step(&world, 5, 7, 0, PAUSE_WATCHED, PAUSE_PROCESS);
	step(&world, 10, 7, 8, PAUSE_BEGIN, PAUSE_PROCESS);
	step(&world, 15, 9, 10, PAUSE_BEGIN, PAUSE_THREAD);
	step(&world, 16, 9, 11, PAUSE_BEGIN, PAUSE_THREAD);
	step(&world, 18, 7, 8, PAUSE_END, PAUSE_PROCESS);
	step(&world, 26, 9, 11, PAUSE_END, PAUSE_THREAD);
	step(&world, 30, 7, 8, PAUSE_BEGIN, PAUSE_PROCESS);
	step(&world, 31, 7, 8, PAUSE_LOST, PAUSE_PROCESS);
	step(&world, 50, 7, 8, PAUSE_END, PAUSE_PROCESS);
	step(&world, 55, 7, 8, PAUSE_END, PAUSE_PROCESS);
	assert_null(trigger_hit(world.trigger));
	step(&world, 60, 7, 8, PAUSE_BEGIN, PAUSE_PROCESS);
	step(&world, 71, 7, 12, PAUSE_END, PAUSE_PROCESS); /* another thread may */
	assert_int_equal(trigger_hit(world.trigger)->duration_ns, 11 * MS);
	assert_int_equal(trigger_hit(world.trigger)->tid, 12);
	tear_down(&world);
}

static void a_signal_is_fired(void **state)
{
	struct world world;

	(void)state;
	set_up(&world, "signal", NULL);
	trigger_fire(world.trigger, TRIGGER_LATENCY, 5 * MS);
	assert_null(trigger_hit(world.trigger));
	trigger_fire(world.trigger, TRIGGER_SIGNAL, 6 * MS);
	assert_int_equal(trigger_hit(world.trigger)->time_ns, 6 * MS);
	assert_int_equal(world.last.trigger.tid, 0);
	tear_down(&world);
}

static void a_function_is_entered_with_a_stack(void **state)
{
	struct world world;
	const struct function_name other = { .function = "another" };

	(void)state;
	set_up(&world, "signal", "function:lib:step");
	trigger_enter(world.trigger, &other, &(struct function_entry){ .time_ns = MS });
	assert_null(trigger_hit(world.trigger));
	trigger_enter(world.trigger, &world.conditions[1].function,
		      &(struct function_entry){ 5 * MS, 7, 8, 9 });
	trigger_enter(world.trigger, &world.conditions[1].function,
		      &(struct function_entry){ 6 * MS, 7, 10, 9 });
	assert_ptr_equal(trigger_hit(world.trigger)->condition, &world.conditions[1]);
	assert_int_equal(trigger_hit(world.trigger)->time_ns, 5 * MS);
	assert_int_equal(world.n_triggers, 1);
	assert_int_equal(world.last.trigger.tid, 8);
	assert_int_equal(world.last.trigger.stack, 9);
	assert_int_equal(world.last.trigger.duration_ns, 0);
	tear_down(&world);
}

static void assert_function(const char *text, const char *module, const char *function)
{
	struct trigger_condition condition;
	struct buf message = { 0 };
	size_t size = module ? strlen(module) : 0;

	assert_int_equal(trigger_parse(text, &condition, &message), 0);
	assert_int_equal(condition.kind, TRIGGER_FUNCTION);
	assert_string_equal(condition.function.function, function);
	assert_int_equal(condition.function.module_size, size);
	assert_int_equal(condition.function.module != NULL, module != NULL);
	if (module)
		assert_memory_equal(condition.function.module, module, size);
}

static void functions_may_be_of_a_file(void **state)
{
	(void)state;
	assert_function("function:main", NULL, "main");
	assert_function("function:a::b<c>::d", NULL, "a::b<c>::d");
	assert_function("function:libx.so.1:a::b", "libx.so.1", "a::b");
	assert_function("function:/usr/lib/libx.so:main.(*T).Run", "/usr/lib/libx.so",
			"main.(*T).Run");
}

static void conditions_are_parsed(void **state)
{
	static const struct {
		const char *text;
		enum trigger_kind kind;
		uint32_t why;
		uint64_t limit_ns;
	} right[] = {
		{ "latency>20ms", TRIGGER_LATENCY, TRIGGER_ANY_CLASS, 20 * MS },
		{ "latency>1.5s", TRIGGER_LATENCY, TRIGGER_ANY_CLASS, 1500 * MS },
		{ "latency>0ns", TRIGGER_LATENCY, TRIGGER_ANY_CLASS, 0 },
		{ "wait>100us", TRIGGER_WAIT, TRIGGER_ANY_CLASS, MS / 10 },
		{ "wait:lock>50ms", TRIGGER_WAIT, WAIT_LOCK, 50 * MS },
		{ "wait:other>1s", TRIGGER_WAIT, WAIT_OTHER, 1000 * MS },
		{ "wait:ipc>1m", TRIGGER_WAIT, WAIT_IPC, 60000 * MS },
		{ "pause>10ms", TRIGGER_PAUSE, TRIGGER_ANY_CLASS, 10 * MS },
		{ "signal", TRIGGER_SIGNAL, TRIGGER_ANY_CLASS, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		struct trigger_condition condition;
		struct buf message = { 0 };

		assert_int_equal(trigger_parse(right[i].text, &condition, &message), 0);
		assert_int_equal(condition.kind, right[i].kind);
		assert_int_equal(condition.why, right[i].why);
		assert_int_equal(condition.limit_ns, right[i].limit_ns);
		assert_ptr_equal(condition.text, right[i].text);
		assert_int_equal(message.size, 0);
	}
}

static void mistakes_are_explained(void **state)
{
	static const char *const wrong[][2] = {
		{ "latency>20", "the limit's unit is missing; try latency>20ms" },
		{ "latency", "the limit is missing; try latency>20ms" },
		{ "latency=20ms", "is no condition; there are latency>20ms" },
		{ "latency>", "the limit is no duration" },
		{ "latency>ms", "the limit is no duration" },
		{ "latency>-3ms", "the limit is no duration" },
		{ "latency>20 ms", "the limit is no duration" },
		{ "latency:lock>20ms", "only waits have classes" },
		{ "wait:locks>20ms",
		  "no class of waits is called 'locks'; there are other, lock," },
		{ "wait:>20ms", "no class of waits is called ''" },
		{ "wait:lock", "the limit is missing" },
		{ "function", "the function is missing; try function:NAME" },
		{ "function:", "the function is missing" },
		{ "function::f", "the library is missing" },
		{ "function:lib:", "the function is missing" },
		{ "function>3s", "the function is missing" },
		{ "signal>3s", "it has no limit; try signal" },
		{ "", "is no condition" },
		{ "late", "is no condition" },
		{ "latency>99999999999h", "the limit is no duration" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct trigger_condition condition = { .limit_ns = 42 };
		struct buf message = { 0 };

		assert_int_equal(trigger_parse(wrong[i][0], &condition, &message), -EINVAL);
		if (!strstr(buf_str(&message), wrong[i][1]))
			fail_msg("'%s': %s", wrong[i][0], buf_str(&message));
		assert_int_equal(condition.limit_ns, 42);
		buf_release(&message);
	}
}

/* Every text of up to five of these letters is taken or explained. */
static void any_text_is_taken_or_explained(void **state)
{
	static const char letters[] = "wait:lock>5ms\xff";
	size_t n = sizeof(letters) - 1;
	char text[32];

	(void)state;
	for (size_t i = 0; i < n * n * n * n; i++) {
		struct trigger_condition condition;
		struct buf message = { 0 };

		snprintf(text, sizeof(text), "%.*s%c%c%c%c", (int)(i % 13), letters, letters[i % n],
			 letters[i / n % n], letters[i / n / n % n], letters[i / n / n / n]);
		if (trigger_parse(text, &condition, &message))
			assert_true(message.size > 0);
		else
			assert_true(message.size == 0);
		buf_release(&message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(latency_runs_from_the_wake_up_to_the_cpu),
		cmocka_unit_test(preempted_threads_and_newborns_wait_for_a_cpu_too),
		cmocka_unit_test(waits_run_from_the_switch_to_the_wake_up),
		cmocka_unit_test(without_wake_ups_waits_end_on_the_cpu),
		cmocka_unit_test(class_is_that_of_the_wait),
		cmocka_unit_test(strangers_and_gaps_trigger_nothing),
		cmocka_unit_test(the_first_of_several_is_told_once),
		cmocka_unit_test(pauses_are_of_a_process_or_of_a_thread),
		cmocka_unit_test(a_signal_is_fired),
		cmocka_unit_test(a_function_is_entered_with_a_stack),
		cmocka_unit_test(functions_may_be_of_a_file),
		cmocka_unit_test(conditions_are_parsed),
		cmocka_unit_test(mistakes_are_explained),
		cmocka_unit_test(any_text_is_taken_or_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
