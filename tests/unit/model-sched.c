/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What threads do over time.  Each test is a recording of some lines, and the
 * intervals that follow from it by hand, times in milliseconds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "event/text.h"
#include "model/sched.h"

struct seen {
	struct sched_observer observer;
	struct model *model;
	struct buf text;
	uint64_t last_end_ns[1000]; /* of each thread of the model */
	bool has_hole;              /* a thread had no state between two intervals */
	bool has_overlap;           /* it had two at once, or an interval of no length */
};

static void see(struct sched_observer *observer, const struct sched_interval *interval)
{
	static const char *const states[] = { "unknown", "running", "runnable", "blocked" };
	struct seen *seen = (struct seen *)observer;
	uint32_t id = model_task(seen->model, interval->task).thread;
	struct model_thread thread = model_thread(seen->model, id);

	buf_printf(&seen->text, "%u %s %g-%g", thread.tid, states[interval->state],
		   (double)interval->start_ns / 1e6, (double)interval->end_ns / 1e6);
	if (interval->state == SCHED_RUNNING)
		buf_printf(&seen->text, " cpu%u", interval->cpu);
	if (interval->is_preempted)
		buf_puts(&seen->text, " preempted");
	if (interval->state == SCHED_BLOCKED && interval->wait.period)
		buf_printf(&seen->text, " %s/%u", wait_class_name(interval->wait.why),
			   interval->wait.period);
	if (interval->state == SCHED_BLOCKED && interval->wake.is_seen)
		buf_printf(&seen->text, " by %u%s", interval->wake.tid,
			   interval->wake.stack ? "+stack" : "");
	if (interval->is_cut_at_start || interval->is_cut_at_end)
		buf_printf(&seen->text, " cut%s%s", interval->is_cut_at_start ? "<" : "",
			   interval->is_cut_at_end ? ">" : "");
	buf_puts(&seen->text, "\n");
	assert_true(id > 0 && id < 1000);
	if (interval->end_ns <= interval->start_ns || interval->start_ns < seen->last_end_ns[id])
		seen->has_overlap = true;
	if (seen->last_end_ns[id] && interval->start_ns > seen->last_end_ns[id])
		seen->has_hole = true;
	seen->last_end_ns[id] = interval->end_ns;
}

static struct sched_flaws flaws_of(const char *recording, struct seen *seen)
{
	struct model *model = model_new();
	struct sched *sched = sched_new(model);
	struct buf message = { 0 };
	struct sched_flaws flaws;

	*seen = (struct seen){ .observer.interval = see, .model = model };
	sched_observe(sched, &seen->observer);
	if (event_assemble(recording, model_sink(model), &message))
		fail_msg("%s", buf_str(&message));
	sched_finish(sched);
	flaws = sched_flaws(sched);
	sched_free(sched);
	model_free(model);
	return flaws;
}

static struct sched_flaws expect(const char *recording, const char *intervals)
{
	struct seen seen;
	struct sched_flaws flaws = flaws_of(recording, &seen);

	assert_string_equal(buf_str(&seen.text), intervals);
	assert_false(seen.has_hole);
	assert_false(seen.has_overlap);
	buf_release(&seen.text);
	return flaws;
}

#define STATE(t, tid, state) "task_state time=" t "ms pid=10 tid=" tid " state=" state " stack=0\n"
#define SWITCH(t, cpu, prev, state, next) \
	"sched_switch time=" t "ms cpu=" cpu " prev=" prev " state=" state " next=" next "\n"
#define WAIT_STACK(time, why, period) \
	"wait_stack time=" time " pid=10 tid=10 cpu=0 stack={a!b} why=" why " period=" period "\n"
#define WAKE(t, tid, waker) "sched_waking time=" t "ms tid=" tid " waker=" waker " cpu=0\n"
#define START               "start time=100ms wall_ns=0\n"
#define END                 "end time=200ms\n"

static void a_thread_runs_blocks_is_woken_and_runs_again(void **state)
{
	(void)state;
	expect(START STATE("100", "10", "running") SWITCH("120", "0", "10", "sleeping", "0")
		       WAKE("150", "10", "0") SWITCH("155", "0", "0", "runnable", "10") END,
	       "10 running 100-120 cpu0 cut<\n"
	       "10 blocked 120-150 by 0\n"
	       "10 runnable 150-155\n"
	       "10 running 155-200 cpu0 cut>\n");
}

/* /proc was read a little after the window opened: who left a CPU since had been on it. */
static void a_thread_whose_first_event_is_to_leave_a_cpu_ran_before(void **state)
{
	(void)state;
	expect(START STATE("100", "10", "sleeping") SWITCH("101", "0", "10", "sleeping", "0") END,
	       "10 running 100-101 cpu0 cut<\n"
	       "10 blocked 101-200 cut>\n");
}

static void but_not_where_the_cpu_was_seen_to_run_another_since(void **state)
{
	(void)state;
	expect(START STATE("100", "10", "sleeping") SWITCH("110", "0", "0", "runnable", "20")
		       SWITCH("150", "0", "10", "sleeping", "0") END,
	       "10 unknown 100-150 cut<\n"
	       "10 blocked 150-200 cut>\n");
}

static void nor_where_events_are_missing(void **state)
{
	(void)state;
	expect(START STATE(
		       "100", "10",
		       "sleeping") "gap time=130ms cpu=0 start=120ms count=9\n" SWITCH("150", "0",
										       "10",
										       "sleeping",
										       "0") END,
	       "10 blocked 100-120 cut<\n"
	       "10 unknown 120-150\n"
	       "10 blocked 150-200 cut>\n");
}

static void a_preempted_thread_waits_for_a_cpu_and_goes_on_on_another_one(void **state)
{
	(void)state;
	expect(START STATE("100", "10", "running") SWITCH("110", "0", "10", "runnable", "99")
		       SWITCH("130", "1", "0", "runnable", "10")
			       SWITCH("140", "1", "10", "sleeping", "0") END,
	       "10 running 100-110 cpu0 cut<\n"
	       "10 runnable 110-130 preempted\n"
	       "10 running 130-140 cpu1\n"
	       "10 blocked 140-200 cut>\n");
}

static void a_wake_up_just_before_the_switch_ends_the_wait_at_once(void **state)
{
	(void)state;
	expect(START STATE("100", "10", "running") WAKE("119.999", "10", "11")
		       SWITCH("120", "0", "10", "sleeping", "0")
			       SWITCH("121", "0", "0", "runnable", "10") END,
	       "10 running 100-120 cpu0 cut<\n"
	       "10 runnable 120-121\n"
	       "10 running 121-200 cpu0 cut>\n");
}

static void a_second_wake_up_shows_that_the_early_one_was_of_no_effect(void **state)
{
	(void)state;
	expect(START STATE("100", "10", "running") WAKE("119.999", "10", "11")
		       SWITCH("120", "0", "10", "sleeping", "0") WAKE("150", "10", "12")
			       SWITCH("151", "0", "0", "runnable", "10") END,
	       "10 running 100-120 cpu0 cut<\n"
	       "10 blocked 120-150 by 12\n"
	       "10 runnable 150-151\n"
	       "10 running 151-200 cpu0 cut>\n");
}

static void a_wake_up_long_before_the_switch_is_of_no_effect(void **state)
{
	(void)state;
	expect(START STATE("100", "10", "running") WAKE("110", "10", "11")
		       SWITCH("120", "0", "10", "sleeping", "0") END,
	       "10 running 100-120 cpu0 cut<\n"
	       "10 blocked 120-200 cut>\n");
}

static void where_a_switch_is_lost_the_state_is_unknown(void **state)
{
	struct sched_flaws flaws;

	(void)state;
	flaws = expect(START STATE("100", "10", "running") SWITCH("110", "0", "0", "runnable", "10")
			       SWITCH("130", "0", "99", "sleeping", "0")
				       SWITCH("150", "0", "0", "runnable", "10") END,
		       "10 runnable 100-110 cut<\n"
		       "10 unknown 110-150\n"
		       "10 running 150-200 cpu0 cut>\n");
	assert_int_equal(flaws.n_contradictions, 1);
}

static void who_was_woken_and_acts_runs_though_its_switch_is_lost(void **state)
{
	struct sched_flaws flaws;

	(void)state;
	flaws = expect(START STATE("100", "10", "running") SWITCH("110", "0", "10", "sleeping", "0")
			       WAKE("130", "10", "0") WAKE("132", "11", "10")
				       SWITCH("140", "0", "10", "sleeping", "0") END,
		       "10 running 100-110 cpu0 cut<\n"
		       "10 blocked 110-130 by 0\n"
		       "10 unknown 130-132\n"
		       "10 running 132-140 cpu0\n"
		       "10 blocked 140-200 cut>\n");
	assert_int_equal(flaws.n_contradictions, 1);
}

static void who_is_sampled_runs_though_its_switch_is_lost(void **state)
{
	(void)state;
	expect(START STATE("100", "10", "running") SWITCH(
		       "110", "0", "10", "runnable",
		       "11") "sample time=150ms pid=10 tid=10 cpu=1 weight=10ms stack=0\n" SWITCH("160",
												  "1",
												  "10",
												  "sleeping",
												  "0")
		       END,
	       "10 running 100-110 cpu0 cut<\n"
	       "10 unknown 110-150\n"
	       "10 running 150-160 cpu1\n"
	       "10 blocked 160-200 cut>\n");
}

static void who_was_woken_and_left_a_cpu_unseen_was_blocked_until_then(void **state)
{
	(void)state;
	expect(START STATE("100", "10", "running") SWITCH("110", "0", "10", "sleeping", "0")
		       WAKE("130", "10", "0") SWITCH("140", "0", "10", "sleeping", "0") END,
	       "10 running 100-110 cpu0 cut<\n"
	       "10 blocked 110-130 by 0\n"
	       "10 unknown 130-140\n"
	       "10 blocked 140-200 cut>\n");
}

static void a_state_is_sure_until_a_gap_begins(void **state)
{
	(void)state;
	expect(START STATE("100", "10", "running") SWITCH(
		       "110", "0", "10", "sleeping",
		       "0") "gap time=160ms cpu=0 start=150ms count=3\n" SWITCH("180", "0", "10",
										"sleeping", "0")
		       END,
	       "10 running 100-110 cpu0 cut<\n"
	       "10 blocked 110-150\n"
	       "10 unknown 150-180\n"
	       "10 blocked 180-200 cut>\n");
}

static void a_wake_up_that_was_not_seen_is_counted(void **state)
{
	struct sched_flaws flaws;

	(void)state;
	flaws = expect(START STATE("100", "10", "running") SWITCH("110", "0", "10", "sleeping", "0")
			       SWITCH("150", "0", "0", "runnable", "10") END,
		       "10 running 100-110 cpu0 cut<\n"
		       "10 blocked 110-150\n"
		       "10 running 150-200 cpu0 cut>\n");
	assert_int_equal(flaws.n_unseen_wakes, 1);
	assert_int_equal(flaws.n_contradictions, 0);
}

static void exec_by_another_thread_goes_on_under_the_first_ones_tid(void **state)
{
	(void)state;
	expect(START
	       "comm time=100ms pid=10 tid=10 name=old\n"
	       "comm time=100ms pid=10 tid=11 name=old\n" STATE("100", "10", "sleeping") STATE(
		       "100", "11", "running") SWITCH("105", "1", "0", "runnable",
						      "11") WAKE("110", "10", "11")
		       SWITCH("111", "0", "0", "runnable", "10") "exit time=112ms pid=10 tid=10\n" SWITCH(
			       "113", "0", "10", "dead",
			       "0") "comm time=120ms pid=10 tid=10 name=new exec=1\n" SWITCH("150",
											     "1",
											     "10",
											     "sleeping",
											     "0")
			       END,
	       "11 runnable 100-105 cut<\n"
	       "10 blocked 100-110 by 11 cut<\n"
	       "10 runnable 110-111\n"
	       "10 running 111-113 cpu0\n"
	       "11 running 105-120 cpu1\n"
	       "10 running 120-150 cpu1\n"
	       "10 blocked 150-200 cut>\n");
}

static void a_tid_that_is_given_out_again_is_another_thread(void **state)
{
	(void)state;
	expect(START STATE("100", "10", "running") "fork time=110ms pid=10 tid=12 parent_pid=10 parent_tid=10\n" SWITCH(
		       "111", "1", "0", "runnable",
		       "12") "exit time=119ms pid=10 tid=12\n" SWITCH("120", "1", "12", "dead",
								      "0") "fork time=150ms pid=10 tid=12 parent_pid=10 parent_tid=10\n" SWITCH("152",
																		"1",
																		"0",
																		"runnable",
																		"12")
		       SWITCH("170", "1", "12", "sleeping", "0") END,
	       "12 runnable 110-111\n"
	       "12 running 111-120 cpu1\n"
	       "12 runnable 150-152\n"
	       "12 running 152-170 cpu1\n"
	       "10 running 100-200 cpu0 cut<>\n"
	       "12 blocked 170-200 cut>\n");
}

static void a_thread_whose_last_switch_is_lost_ends_with_its_exit(void **state)
{
	(void)state;
	expect(START "fork time=110ms pid=10 tid=12 parent_pid=10 parent_tid=10\n" SWITCH(
		       "111", "1", "0", "runnable",
		       "12") "exit time=120ms pid=10 tid=12\n"
			     "fork time=150ms pid=10 tid=12 parent_pid=10 parent_tid=10\n" END,
	       "12 runnable 110-111\n"
	       "12 running 111-120 cpu1\n"
	       "12 runnable 150-200 cut>\n");
}

static void a_wait_across_both_edges_counts_for_the_window_and_is_marked(void **state)
{
	(void)state;
	expect("task_state time=90ms pid=10 tid=10 state=sleeping why=poll nr=8 object=x\n" START
		       SWITCH("120", "0", "98", "sleeping", "99") END,
	       "10 blocked 100-200 poll/1 cut<>\n");
}

static void a_wait_that_goes_on_at_the_end_takes_what_is_found_then(void **state)
{
	(void)state;
	expect(START STATE("100", "10", "running") SWITCH(
		       "120", "0", "10", "sleeping",
		       "0") "task_state time=199ms pid=10 tid=10 state=sleeping why=pipe nr=1\n" END,
	       "10 running 100-120 cpu0 cut<\n"
	       "10 blocked 120-200 pipe/1 cut>\n");
}

static void stacks_join_their_switches_whichever_is_stamped_first(void **state)
{
	(void)state;
	expect(START STATE("100", "10", "running") STATE("100", "11", "running") "wait_stack time=119960us pid=10 tid=10 cpu=0 stack={a!b} why=lock nr=203 period=17\n" SWITCH(
		       "120", "0", "10", "sleeping",
		       "0") "wake_stack time=149970us pid=10 tid=11 woken=10 cpu=1 stack={a!c} period=1\n" WAKE("150",
														"10",
														"11")
		       SWITCH("151", "0", "0", "runnable", "10")
			       SWITCH("160", "0", "10", "sleeping", "0") "wait_stack time=160001us pid=10 tid=10 cpu=0 stack={a!b} why=pipe nr=1 period=1\n" WAKE(
				       "170", "10",
				       "11") "wake_stack time=170001us pid=10 tid=11 woken=0 cpu=1 stack={a!c} period=1\n" SWITCH("171",
																  "0",
																  "0",
																  "runnable",
																  "10")
				       END,
	       "10 running 100-120 cpu0 cut<\n"
	       "10 blocked 120-150 lock/17 by 11+stack\n"
	       "10 runnable 150-151\n"
	       "10 running 151-160 cpu0\n"
	       "10 blocked 160-170 pipe/1 by 11+stack\n"
	       "10 runnable 170-171\n"
	       "10 running 171-200 cpu0 cut>\n"
	       "11 running 100-200 cpu0 cut<>\n");
}

/* Every wait that lasts so long is looked up: a sampled one stands for no others then. */
static void a_sampled_wait_that_is_looked_up_stands_for_itself(void **state)
{
	(void)state;
	expect(START STATE("100", "10", "running") SWITCH("120", "0", "10", "sleeping", "0")
		       WAIT_STACK("120001us", "lock", "17") WAIT_STACK("126ms", "lock", "1")
			       SWITCH("150", "0", "0", "runnable", "10")
				       SWITCH("160", "0", "10", "disk", "0")
					       WAIT_STACK("166ms", "disk", "1") END,
	       "10 running 100-120 cpu0 cut<\n"
	       "10 blocked 120-150 lock/1\n"
	       "10 running 150-160 cpu0\n"
	       "10 blocked 160-200 disk/1 cut>\n");
}

static void a_thread_that_is_found_late_was_unknown_before(void **state)
{
	(void)state;
	expect(START SWITCH("110", "0", "0", "runnable", "10") STATE("130", "10", "running")
		       SWITCH("140", "0", "10", "sleeping", "0") END,
	       "10 unknown 100-110 cut<\n"
	       "10 running 110-140 cpu0\n"
	       "10 blocked 140-200 cut>\n");
}

static void a_thread_found_running_was_blocked_if_it_is_first_seen_woken(void **state)
{
	(void)state;
	expect(START STATE("100", "10", "running") WAKE("103", "10", "0")
		       SWITCH("104", "0", "0", "runnable", "10") END,
	       "10 blocked 100-103 by 0 cut<\n"
	       "10 runnable 103-104\n"
	       "10 running 104-200 cpu0 cut>\n");
}

static void nothing_counts_behind_the_end(void **state)
{
	(void)state;
	expect(START STATE("100", "10", "sleeping") END SWITCH("300", "0", "0", "runnable", "10"),
	       "10 blocked 100-200 cut<>\n");
}

static uint32_t next_random(uint32_t *seed)
{
	return *seed = *seed * 1664525u + 1013904223u, *seed >> 8;
}

/* Events that no kernel sends, in an order that has no sense. */
static void put_noise(struct model *model, uint32_t *seed, uint64_t time_ns)
{
	static const enum event_kind kinds[] = { EVENT_SCHED_SWITCH, EVENT_SCHED_WAKING,
						 EVENT_TASK_STATE,   EVENT_WAIT_STACK,
						 EVENT_WAKE_STACK,   EVENT_FORK,
						 EVENT_EXIT,         EVENT_COMM,
						 EVENT_GAP,          EVENT_START };
	struct event event = { .kind = kinds[next_random(seed) % 10], .time_ns = time_ns };
	const struct event_info *info = event_info(event.kind);

	for (size_t i = 0; i < info->n_fields; i++) {
		uint32_t value = next_random(seed) % 7;

		if (!strcmp(info->fields[i].name, "pid"))
			value = 5;
		else if (next_random(seed) % 200 == 0)
			value = UINT32_MAX;
		*(uint32_t *)((char *)&event + info->fields[i].offset) = value;
	}
	model_sink(model)->put(model_sink(model), &event);
}

static void no_instant_has_two_states_whatever_the_recording_says(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 200; seed++) {
		struct model *model = model_new();
		struct sched *sched = sched_new(model);
		struct seen seen = { .observer.interval = see, .model = model };
		uint32_t random = seed;
		uint64_t time_ns = 1;

		sched_observe(sched, &seen.observer);
		for (int i = 0; i < 300; i++) {
			time_ns += next_random(&random) % 20000;
			if (next_random(&random) % 50 == 0)
				time_ns -= time_ns > 9000 ? 9000 : 0;
			put_noise(model, &random, time_ns);
		}
		sched_finish(sched);
		sched_free(sched);
		model_free(model);
		buf_release(&seen.text);
		assert_false(seen.has_overlap);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_runs_blocks_is_woken_and_runs_again),
		cmocka_unit_test(a_thread_whose_first_event_is_to_leave_a_cpu_ran_before),
		cmocka_unit_test(but_not_where_the_cpu_was_seen_to_run_another_since),
		cmocka_unit_test(nor_where_events_are_missing),
		cmocka_unit_test(a_preempted_thread_waits_for_a_cpu_and_goes_on_on_another_one),
		cmocka_unit_test(a_wake_up_just_before_the_switch_ends_the_wait_at_once),
		cmocka_unit_test(a_second_wake_up_shows_that_the_early_one_was_of_no_effect),
		cmocka_unit_test(a_wake_up_long_before_the_switch_is_of_no_effect),
		cmocka_unit_test(where_a_switch_is_lost_the_state_is_unknown),
		cmocka_unit_test(who_was_woken_and_acts_runs_though_its_switch_is_lost),
		cmocka_unit_test(who_is_sampled_runs_though_its_switch_is_lost),
		cmocka_unit_test(who_was_woken_and_left_a_cpu_unseen_was_blocked_until_then),
		cmocka_unit_test(a_state_is_sure_until_a_gap_begins),
		cmocka_unit_test(a_wake_up_that_was_not_seen_is_counted),
		cmocka_unit_test(exec_by_another_thread_goes_on_under_the_first_ones_tid),
		cmocka_unit_test(a_tid_that_is_given_out_again_is_another_thread),
		cmocka_unit_test(a_thread_whose_last_switch_is_lost_ends_with_its_exit),
		cmocka_unit_test(a_wait_across_both_edges_counts_for_the_window_and_is_marked),
		cmocka_unit_test(a_wait_that_goes_on_at_the_end_takes_what_is_found_then),
		cmocka_unit_test(stacks_join_their_switches_whichever_is_stamped_first),
		cmocka_unit_test(a_sampled_wait_that_is_looked_up_stands_for_itself),
		cmocka_unit_test(a_thread_that_is_found_late_was_unknown_before),
		cmocka_unit_test(a_thread_found_running_was_blocked_if_it_is_first_seen_woken),
		cmocka_unit_test(nothing_counts_behind_the_end),
		cmocka_unit_test(no_instant_has_two_states_whatever_the_recording_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
