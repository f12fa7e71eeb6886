/* SPDX-License-Identifier: GPL-2.0-only */
#include "exact.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/err.h"

#define MAX_STATES_NS 500000000u /* for reading the states of all threads */

struct tids {
	ARRAY(uint32_t) list;
};

static void put(struct exact *exact, const struct event *event)
{
	event_sink_put(exact->options.sink, event);
}

/* Whose waits last, the source of their stacks wants to know. */
static void put_sched(struct exact *exact, const struct event *event)
{
	put(exact, event);
	if (exact->options.waits)
		wait_source_take_exact(exact->options.waits, event);
}

/* Nearly all threads have the same one all the time. */
static void tell_priority(struct exact *exact, uint32_t tid, uint32_t level, uint64_t time_ns)
{
	struct event event = { .kind = EVENT_PRIORITY, .time_ns = time_ns };
	const uint64_t *told = map_find(&exact->priorities, tid);

	if (level == (told ? *told : PRIORITY_USUAL) || !tid ||
	    !life_concerns(exact->options.life, tid))
		return;
	*map_insert(&exact->priorities, tid) = level;
	event.priority.tid = tid;
	event.priority.level = level;
	put(exact, &event);
}

static void on_switch(struct exact *exact, const struct trace_record *record)
{
	const struct trace_switch *s = &record->switched;
	struct life *life = exact->options.life;
	struct event event = {
		.kind = EVENT_SCHED_SWITCH,
		.time_ns = record->time_ns,
		.sched_switch = {
			.cpu = record->cpu,
			.prev = s->prev,
			.state = s->state,
			.next = s->next,
		},
	};

	if (exact->waits_for_exec ||
	    (!life_concerns(life, s->prev) && !life_concerns(life, s->next)))
		return;
	life_see(life, s->prev, s->prev_comm, TRACE_COMM_BYTES, record->time_ns);
	life_see(life, s->next, s->next_comm, TRACE_COMM_BYTES, record->time_ns);
	if (!exact->is_perf) {
		tell_priority(exact, s->prev, s->prev_level, record->time_ns);
		tell_priority(exact, s->next, s->next_level, record->time_ns);
	}
	put_sched(exact, &event);
	if (s->state == TASK_DEAD && s->prev) {
		if (life_pid(life, s->prev) == s->prev)
			descriptors_forget(&exact->descriptors, s->prev, record->time_ns);
		life_left(life, s->prev, record->time_ns);
		trace_calls_forget(&exact->calls, s->prev);
		map_remove(&exact->priorities, s->prev);
	}
}

static void on_waking(struct exact *exact, const struct trace_record *record)
{
	struct event event = {
		.kind = EVENT_SCHED_WAKING,
		.time_ns = record->time_ns,
		.sched_waking = {
			.tid = record->waking.tid,
			.waker = record->waking.waker,
			.cpu = record->cpu,
		},
	};

	if (!exact->waits_for_exec && life_concerns(exact->options.life, record->waking.tid))
		put_sched(exact, &event);
}

static void on_return(struct exact *exact, const struct trace_record *record)
{
	struct event event = { .kind = EVENT_SYSCALL, .time_ns = record->time_ns };
	struct trace_call call;

	if (!trace_calls_exit(&exact->calls, record->call.tid, record->call.nr, record->call.result,
			      &call))
		return;
	event.syscall = (struct event_syscall){
		.tid = record->call.tid,
		.cpu = record->cpu,
		.nr = call.nr,
		.duration_ns = record->time_ns - call.start_ns,
		.result = (uint64_t)call.result,
		.arg0 = call.args[0],
		.arg1 = call.args[1],
		.arg2 = call.args[2],
		.arg3 = call.args[3],
		.arg4 = call.args[4],
		.arg5 = call.args[5],
	};
	put(exact, &event);
	if (call.start_ns > exact->calls.start_ns) /* else nobody saw the arguments */
		descriptors_take(&exact->descriptors,
				 life_pid(exact->options.life, record->call.tid), &call,
				 record->time_ns);
}

static void on_call(struct exact *exact, const struct trace_record *record)
{
	uint32_t tid = record->call.tid;
	struct trace_call call = { .nr = (uint32_t)record->call.nr, .start_ns = record->time_ns };

	if (exact->waits_for_exec || !life_concerns(exact->options.life, tid))
		return;
	if (record->kind == TRACE_EXIT) {
		on_return(exact, record);
		return;
	}
	memcpy(call.args, record->call.args, sizeof(call.args));
	trace_calls_enter(&exact->calls, tid, life_pid(exact->options.life, tid), &call);
}

static void on_gap(struct exact *exact, const struct trace_record *record)
{
	struct event event = {
		.kind = EVENT_GAP,
		.time_ns = record->time_ns,
		.gap = {
			.cpu = record->cpu,
			.start_ns = record->gap.start_ns,
			.count = record->gap.count,
		},
	};

	trace_calls_gap(&exact->calls);
	descriptors_flush(&exact->descriptors, record->gap.start_ns);
	trace_detail_gap(&exact->detail, record->cpu);
	kernel_locks_gap(&exact->locks);
	put(exact, &event);
}

/* A thread that blocks in a page fault was seen to touch the page before. */
static void on_detail(struct exact *exact, const struct trace_record *record)
{
	if (exact->waits_for_exec)
		return;
	if (record->kind == TRACE_FAULT && exact->options.waits)
		wait_source_see_fault(exact->options.waits, record->fault.tid, record->fault.ip,
				      record->fault.address);
	trace_detail_take(&exact->detail, record);
}

static int on_record(void *arg, const struct trace_record *record)
{
	struct exact *exact = arg;

	switch (record->kind) {
	case TRACE_SWITCH:
		on_switch(exact, record);
		break;
	case TRACE_WAKING:
		on_waking(exact, record);
		break;
	case TRACE_FORK:
		life_born(exact->options.life, record->fork.parent, record->fork.child,
			  record->time_ns);
		break;
	case TRACE_GAP:
		on_gap(exact, record);
		break;
	case TRACE_ENTER:
	case TRACE_EXIT:
		on_call(exact, record);
		break;
	case TRACE_LOCK_BEGIN:
	case TRACE_LOCK_END:
		if (!exact->waits_for_exec)
			kernel_locks_take(&exact->locks, record);
		break;
	default:
		on_detail(exact, record);
	}
	return 0;
}

static void add_tid(void *arg, pid_t pid, pid_t tid)
{
	struct tids *tids = arg;

	(void)pid;
	*array_add(&tids->list) = (uint32_t)tid;
}

/*
 * @last_id: all threads with ids given out up to it are in @tids or among the targets, or
 * are targets that were told to have ended, and have a last switch ahead of them.
 */
static int follow(struct exact *exact, struct tids *tids, uint32_t last_id)
{
	struct map_slot *slot;

	map_for_each(slot, &exact->options.life->targets->tids)
		*array_add(&tids->list) = (uint32_t)slot->key;
	map_for_each(slot, &exact->options.life->dying)
		*array_add(&tids->list) = (uint32_t)slot->key;
	return trace_follow(exact->trace, tids->list.items, tids->list.n, last_id);
}

/* The last id is taken before the threads are listed: who is born meanwhile is above it. */
static int follow_first(struct exact *exact)
{
	const struct exact_options *options = &exact->options;
	struct tids tids = { 0 };
	int r;

	exact->earlier_id = trace_last_id();
	for (size_t i = 0; i < options->n_pids; i++)
		threads_of(options->pids[i], add_tid, &tids);
	r = follow(exact, &tids, exact->earlier_id);
	array_release(&tids.list);
	return r;
}

static int open_trace(struct exact *exact, const char **ret_missing)
{
	const struct exact_options *options = &exact->options;
	struct trace_options wanted = {
		.has_part = {
			[TRACE_DETAIL] = options->is_detailed,
			[TRACE_LOCKS] = options->of_locks != NULL,
		},
		.is_all = options->life->targets->is_all,
		.buffer_bytes = options->buffer_bytes,
		.streams = options->streams,
		.fn = on_record,
		.arg = exact,
	};
	const char *refused = "cannot set up the events";
	int r;

	*ret_missing = "thread ids differ in this pid namespace";
	if (!targets_have_first_ids())
		return -EXDEV;
	r = trace_open(&wanted, &exact->trace, ret_missing);
	if (r)
		return r;
	r = follow_first(exact);
	if (!r)
		r = trace_prepare(exact->trace);
	if (r)
		*ret_missing = refused;
	return r;
}

static void explain(int error, const char *missing, const struct exact *exact)
{
	const char *what = exact->options.has_perf_switches ?
				   "no wake-ups: who ends a wait, and how long threads wait for a "
				   "CPU, is not recorded" :
				   "no switch times";

	if (error && (exact->options.is_detailed || exact->options.of_locks))
		note("none of what --trace and --kernel-locks add: tracefs cannot be used");
	if (error == -EACCES || error == -EPERM)
		note("%s: tracefs is not open to this user; run with sudo", what);
	else if (error == -EXDEV)
		note("%s: %s; record from the host", what, missing);
	else if (error == -ENODEV)
		note("%s: this kernel has no tracefs (CONFIG_FTRACE)", what);
	else
		note("%s: %s: %s", what, missing, strerror(-error));
}

/* An event that is not there takes away what it tells, and nothing else. */
static void explain_lacks(const struct trace *trace)
{
	for (int kind = 0; kind < TRACE_N_FORMATS; kind++) {
		const char *lack = trace_lacks(trace, (enum trace_kind)kind);

		if (lack)
			note("%s", lack);
	}
}

void exact_open(struct exact *exact, const struct exact_options *options)
{
	const char *missing = NULL;
	int r;

	exact->options = *options;
	exact->detail.sink = options->sink;
	exact->detail.definer = exact->descriptors.definer = options->definer;
	exact->detail.life = options->life;
	kernel_locks_init(&exact->locks, options->sink, options->of_locks, options->definer,
			  options->life);
	exact->states.sink = options->sink;
	exact->states.explain = options->waits ? wait_source_explain : NULL;
	exact->states.arg = options->waits;
	r = open_trace(exact, &missing);
	if (r) {
		explain(r, missing, exact);
		trace_close(exact->trace);
		exact->trace = NULL;
		exact->is_perf = options->has_perf_switches;
	} else {
		explain_lacks(exact->trace);
	}
	options->life->has_switches = exact->trace != NULL;
}

void exact_close(struct exact *exact)
{
	map_release(&exact->priorities);
	trace_close(exact->trace);
	exact->trace = NULL;
	trace_calls_release(&exact->calls);
	descriptors_release(&exact->descriptors);
	trace_detail_release(&exact->detail);
	kernel_locks_release(&exact->locks);
	array_release(&exact->seen_ns);
	states_release(&exact->states);
}

void exact_settle(struct exact *exact)
{
	if (exact->trace && trace_settle(exact->trace))
		warn("the recorder's own system calls may be recorded: its filters were refused");
}

void exact_start(struct exact *exact, uint64_t start_ns)
{
	exact->start_ns = exact->calls.start_ns = start_ns;
	if (exact->trace && trace_start(exact->trace, start_ns))
		warn("no switch times: tracing could not be started");
}

struct visit { /* of every thread of the targets */
	struct exact *exact;
	void (*fn)(struct exact *exact, uint32_t pid, uint32_t tid, uint64_t time_ns);
	uint64_t time_ns;
	uint64_t until_ns;
};

static void visit_thread(void *arg, pid_t pid, pid_t tid)
{
	struct visit *visit = arg;

	if (clock_ns(CLOCK_MONOTONIC) < visit->until_ns)
		visit->fn(visit->exact, (uint32_t)pid, (uint32_t)tid, visit->time_ns);
	else
		visit->exact->n_states_left++;
}

static void visit_process(void *arg, pid_t pid)
{
	if (pid != getpid())
		threads_of(pid, visit_thread, arg);
}

static void visit_threads(struct exact *exact, struct visit *visit)
{
	const struct targets *targets = exact->options.life->targets;
	struct tids tids = { 0 };
	struct map_slot *slot;

	visit->exact = exact;
	visit->until_ns = clock_ns(CLOCK_MONOTONIC) + MAX_STATES_NS;
	if (targets->is_all) {
		processes_now(visit_process, visit);
		return;
	}
	map_for_each(slot, &targets->tids)
		*array_add(&tids.list) = (uint32_t)slot->key;
	for (size_t i = 0; i < tids.list.n; i++) {
		const uint64_t *pid = map_find(&targets->tids, tids.list.items[i]);

		if (pid)
			visit_thread(visit, (pid_t)*pid, (pid_t)tids.list.items[i]);
	}
	array_release(&tids.list);
}

static void state_at_start(struct exact *exact, uint32_t pid, uint32_t tid, uint64_t time_ns)
{
	life_meet(exact->options.life, pid, tid, time_ns);
	states_at_start(&exact->states, pid, tid, time_ns);
}

void exact_open_at_exec(struct exact *exact, uint32_t pid, uint64_t time_ns)
{
	struct event event = {
		.kind = EVENT_TASK_STATE,
		.time_ns = time_ns,
		.task_state = { .pid = pid, .tid = pid, .state = TASK_RUNNING },
	};

	exact->waits_for_exec = false;
	exact->start_ns = exact->calls.start_ns = time_ns;
	if (exact->trace || exact->is_perf)
		put(exact, &event);
}

static uint64_t *seen_of(struct exact *exact, uint32_t cpu)
{
	while (exact->seen_ns.n <= cpu)
		*array_add(&exact->seen_ns) = exact->start_ns;
	return &exact->seen_ns.items[cpu];
}

static void on_perf_lost(struct exact *exact, const struct perf_record *record)
{
	on_gap(exact, &(struct trace_record){
			      .time_ns = record->time_ns,
			      .cpu = record->cpu,
			      .gap = { *seen_of(exact, record->cpu), record->lost },
		      });
	*seen_of(exact, record->cpu) = record->time_ns;
}

/* With the thread's events its records end: none tells of its last switch, which is near. */
static void on_perf_exit(struct exact *exact, const struct perf_record *record)
{
	struct event event = {
		.kind = EVENT_SCHED_SWITCH,
		.time_ns = record->time_ns,
		.sched_switch = {
			.cpu = record->cpu,
			.prev = record->tid,
			.state = TASK_DEAD,
		},
	};

	put_sched(exact, &event);
}

static void on_perf_switch(struct exact *exact, const struct perf_record *record)
{
	bool is_out = record->misc & PERF_RECORD_MISC_SWITCH_OUT;
	bool is_preempted = record->misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT;
	struct event event = {
		.kind = EVENT_SCHED_SWITCH,
		.time_ns = record->time_ns,
		.sched_switch = {
			.cpu = record->cpu,
			.prev = is_out ? record->tid : 0,
			.state = is_out && !is_preempted ? TASK_SLEEPING : TASK_RUNNABLE,
			.next = is_out ? 0 : record->tid,
		},
	};

	life_meet(exact->options.life, record->pid, record->tid, record->time_ns);
	life_see(exact->options.life, record->tid, "", 0, record->time_ns);
	put_sched(exact, &event);
	*seen_of(exact, record->cpu) = record->time_ns;
	exact->n_perf++;
}

void exact_take_perf(struct exact *exact, const struct perf_record *record)
{
	if (!exact->is_perf || exact->waits_for_exec)
		return;
	if (record->type == PERF_RECORD_LOST)
		on_perf_lost(exact, record);
	else if (record->type == PERF_RECORD_EXIT)
		on_perf_exit(exact, record);
	else
		on_perf_switch(exact, record);
}

void exact_put_states(struct exact *exact)
{
	struct visit visit = { .fn = state_at_start, .time_ns = exact->start_ns };

	if (exact->trace || exact->is_perf)
		visit_threads(exact, &visit);
}

/*
 * The filter is written again when the ids that it lets pass will soon be used up.
 * Births of before the last call, a second ago, have been told of.
 */
void exact_every_second(struct exact *exact)
{
	struct tids tids = { 0 };
	int r = 0;

	if (!exact->trace)
		return;
	if (trace_is_stale(exact->trace))
		r = follow(exact, &tids, exact->earlier_id);
	if (r && !exact->has_warned)
		warn("cannot follow threads that are born from now on: %s", strerror(-r));
	exact->has_warned |= r < 0;
	array_release(&tids.list);
	exact->earlier_id = trace_last_id();
}

void exact_stop(struct exact *exact)
{
	if (exact->trace)
		trace_stop(exact->trace);
}

static void state_at_end(struct exact *exact, uint32_t pid, uint32_t tid, uint64_t time_ns)
{
	if (!life_is_seen(exact->options.life, tid))
		states_at_end(&exact->states, pid, tid, time_ns, time_ns - exact->start_ns);
}

void exact_finish(struct exact *exact, uint64_t end_ns)
{
	struct visit visit = { .fn = state_at_end, .time_ns = end_ns };

	if (!exact->trace && !exact->is_perf)
		return;
	if (exact->trace)
		trace_tell_lost(exact->trace, end_ns);
	kernel_locks_finish(&exact->locks, end_ns);
	descriptors_flush(&exact->descriptors, end_ns);
	visit_threads(exact, &visit);
}

void exact_forget_ids(struct exact *exact, uint64_t told_ns)
{
	descriptors_flush(&exact->descriptors, told_ns);
	trace_detail_forget_ids(&exact->detail);
	kernel_locks_forget_ids(&exact->locks);
}

void exact_count(const struct exact *exact, struct audit *audit)
{
	struct trace_facts facts = { 0 };

	if (exact->trace)
		facts = trace_facts(exact->trace);
	audit->n_exact = facts.n_events + exact->n_perf;
	audit->n_exact_lost = facts.n_lost;
	audit->n_exact_undecodable = facts.n_undecodable;
	audit->n_unpaired = exact->calls.n_unpaired;
	audit->n_states_left = exact->n_states_left;
}
