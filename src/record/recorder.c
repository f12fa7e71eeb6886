/* SPDX-License-Identifier: GPL-2.0-only */
#include "record/recorder.h"

#include <sys/resource.h>

#include "base/clock.h"
#include "base/err.h"
#include "recorder_state.h"

#define SECOND_NS 1000000000u
#define HURRY_MS  1     /* between looks while stacks are finished from live memory */
#define SETTLE_MS 3000  /* at most, for probes in what is to be recorded */
#define PRIORITY  (-15) /* a nice value */

/*
 * The kernel stamps a record before it finds it a place, and a tick may come between:
 * within a ring, too, times can fall by some microseconds.  What is told of processes,
 * counters and looks does not need them, and takes the time of what stands before it.
 */
static bool may_be_later(enum event_kind kind)
{
	return kind == EVENT_COMM || kind == EVENT_FORK || kind == EVENT_EXIT ||
	       kind == EVENT_COUNTER || kind == EVENT_LOST || kind == EVENT_THROTTLE ||
	       kind == EVENT_RESIDENT || kind == EVENT_RESIDENT_TOTALS;
}

int recorder_put_through(struct event_sink *outlet, const struct event *event)
{
	struct recorder *r = (struct recorder *)outlet;
	struct event later = *event;
	int error;

	if (event->time_ns > r->audit.time_ns)
		r->audit.time_ns = event->time_ns;
	if (may_be_later(event->kind))
		later.time_ns = r->audit.time_ns;
	error = event_sink_put(r->sink, &later);
	if (error && !r->error)
		r->error = error;
	return error;
}

static void put(struct recorder *r, const struct event *event)
{
	event_sink_put(&r->outlet, event);
}

static void on_sample(struct recorder *r, const struct perf_record *record)
{
	struct event event = {
		.kind = EVENT_SAMPLE,
		.time_ns = record->time_ns,
		.sample = {
			.pid = record->pid,
			.tid = record->tid,
			.cpu = record->cpu,
			.weight_ns = SECOND_NS / r->hz,
		},
	};

	life_meet(&r->life, record->pid, record->pid, record->time_ns);
	life_meet(&r->life, record->pid, record->tid, record->time_ns);
	event.sample.stack = stacks_intern(r->stacks, record);
	r->audit.n_samples++;
	put(r, &event);
}

static void on_mmap(struct recorder *r, const struct perf_record *record)
{
	const struct perf_mmap *mmap = &record->mmap;
	struct mapping where = {
		.start = mmap->start,
		.end = mmap->start + mmap->size,
		.offset = mmap->offset,
	};
	struct module_key key = {
		.path = mmap->path,
		.dev = mmap->dev,
		.inode = mmap->inode,
		.pid = record->pid,
	};

	if (!mmap->is_exec)
		return;
	spaces_map(r->spaces, (pid_t)record->pid, &where, &key);
	if (r->pauses)
		pauses_look(r->pauses, record->pid, record->time_ns);
	if (r->functions)
		functions_look(r->functions, record->pid);
}

static void on_lost(struct recorder *r, const struct perf_record *record)
{
	struct event event = {
		.kind = EVENT_LOST,
		.time_ns = record->time_ns,
		.lost = { .cpu = record->cpu, .count = record->lost },
	};

	r->audit.n_lost += record->lost;
	put(r, &event);
	exact_take_perf(&r->exact, record);
}

/* Stacks of waits only: what they are of is known, and its times are exact. */
static void on_lost_waits(struct recorder *r, uint64_t n)
{
	r->audit.n_lost_waits += n;
	if (r->waits)
		wait_source_take_lost(r->waits, n);
}

static void on_throttle(struct recorder *r, const struct perf_record *record)
{
	struct event event = {
		.kind = EVENT_THROTTLE,
		.time_ns = record->time_ns,
		.throttle = { .cpu = record->cpu, .on = record->type == PERF_RECORD_THROTTLE },
	};

	r->audit.n_throttled += event.throttle.on;
	put(r, &event);
}

/* What became of a target's thread. */
static void on_task_record(struct recorder *r, const struct perf_record *record)
{
	resident_take_other(r->resident, record);
	if (record->type == PERF_RECORD_COMM)
		life_comm(&r->life, record);
	else if (record->type == PERF_RECORD_FORK)
		life_fork(&r->life, record);
	else if (record->type == PERF_RECORD_EXIT)
		life_exit(&r->life, record);
	if (record->type == PERF_RECORD_EXIT || record->type == PERF_RECORD_SWITCH)
		exact_take_perf(&r->exact, record);
}

static void open_window(struct recorder *r, uint64_t time_ns)
{
	struct event event = { .kind = EVENT_START, .time_ns = time_ns };
	uint64_t ago_ns = clock_ns(CLOCK_MONOTONIC) - time_ns;

	r->start_ns = time_ns;
	event.start.wall_ns = clock_ns(CLOCK_REALTIME) - ago_ns;
	put(r, &event);
}

/* Whether the window has opened for this record: with a command, its exec opens it. */
static bool is_before_window(struct recorder *r, const struct perf_record *record)
{
	if (r->waits_for_exec && record->type == PERF_RECORD_COMM && record->comm.is_exec &&
	    (pid_t)record->pid == r->command.pid) {
		r->waits_for_exec = false;
		open_window(r, record->time_ns);
		exact_open_at_exec(&r->exact, record->pid, record->time_ns);
	}
	return r->waits_for_exec && record->type == PERF_RECORD_SAMPLE;
}

/* A stack at a tracepoint, or what happened to a process that is no target. */
static void on_wait_record(struct recorder *r, const struct perf_record *record)
{
	if (!r->waits)
		return;
	if (record->type != PERF_RECORD_SAMPLE)
		wait_source_take_other(r->waits, record);
	else if (record->source != SAMPLER_TICKS && !r->waits_for_exec)
		wait_source_take(r->waits, record);
}

static void on_heap(struct recorder *r, const struct perf_record *record)
{
	if (record->type == PERF_RECORD_LOST && record->source == SAMPLER_ALLOCS)
		r->audit.n_lost_allocs += record->lost;
	else if (record->type == PERF_RECORD_LOST)
		r->audit.n_lost_frees += record->lost;
	else if (record->type == PERF_RECORD_SAMPLE && record->source >= SAMPLER_PAGES)
		resident_take(r->resident, record);
	else if (record->type == PERF_RECORD_SAMPLE && !r->waits_for_exec)
		heap_source_take(r->heap, record);
}

static void on_probe(struct recorder *r, const struct perf_record *record)
{
	if (record->type == PERF_RECORD_SAMPLE)
		uprobes_take(r->uprobes, record);
	else if (record->type == PERF_RECORD_LOST && r->pauses)
		pauses_lost(r->pauses, record->time_ns);
}

int recorder_take(void *arg, const struct perf_record *record)
{
	struct recorder *r = arg;
	bool is_fork = record->type == PERF_RECORD_FORK;
	uint32_t whose = is_fork ? record->task.parent_pid : record->pid;

	if (record->source == SAMPLER_PROBES)
		on_probe(r, record);
	else if (record->source >= SAMPLER_ALLOCS)
		on_heap(r, record);
	else if (record->type == PERF_RECORD_LOST && record->source != SAMPLER_TICKS)
		on_lost_waits(r, record->lost);
	else if (record->type == PERF_RECORD_LOST)
		on_lost(r, record);
	else if (record->type == PERF_RECORD_THROTTLE || record->type == PERF_RECORD_UNTHROTTLE)
		on_throttle(r, record);
	else if (!targets_has(&r->targets, whose) || record->source != SAMPLER_TICKS)
		on_wait_record(r, record);
	else if (is_before_window(r, record))
		;
	else if (record->type == PERF_RECORD_SAMPLE)
		on_sample(r, record);
	else if (record->type == PERF_RECORD_MMAP2)
		on_mmap(r, record);
	else
		on_task_record(r, record);
	return r->error;
}

static void meet_thread(void *arg, pid_t pid, pid_t tid)
{
	struct recorder *r = arg;

	targets_add_thread(&r->targets, (uint32_t)pid, (uint32_t)tid);
	life_meet(&r->life, (uint32_t)pid, (uint32_t)tid, r->start_ns);
}

/* After the events are on: what changes from here on is seen as records. */
static void meet_process(void *arg, pid_t pid)
{
	struct recorder *r = arg;

	spaces_scan(r->spaces, pid, r->start_ns);
	if (r->pauses)
		pauses_look(r->pauses, (uint32_t)pid, r->start_ns);
	if (r->functions)
		functions_look(r->functions, (uint32_t)pid);
	if (r->targets.is_all)
		life_meet(&r->life, (uint32_t)pid, (uint32_t)pid, r->start_ns);
	else
		threads_of(pid, meet_thread, r);
}

static void put_meta(struct recorder *r)
{
	const struct recorder_options *options = r->options;
	struct sampler_facts facts = sampler_facts(r->sampler);

	audit_put_meta(r->definer, &(struct audit_meta){
					   .hz = r->hz,
					   .is_hardware = facts.is_hardware,
					   .has_kernel = facts.has_kernel,
					   .lacks_wakeups = r->exact.is_perf,
					   .stack_bytes = facts.stack_bytes,
					   .ring_bytes = facts.ring_bytes,
					   .pids = options->pids,
					   .n_pids = options->n_pids,
					   .is_all = options->is_all,
					   .command = options->command,
				   });
}

/* What is known of before the window opens has its probes by then. */
static void find_pauses(struct recorder *r)
{
	const struct recorder_options *options = r->options;

	if (!r->pauses)
		return;
	for (size_t i = 0; i < options->n_pids; i++) {
		spaces_scan(r->spaces, options->pids[i], clock_ns(CLOCK_MONOTONIC));
		pauses_look(r->pauses, (uint32_t)options->pids[i], 0);
	}
	if (options->command)
		pauses_expect(r->pauses, options->command[0]);
	uprobes_settle(r->uprobes, SETTLE_MS);
}

/* What is not where it was said to be is an error now, rather than a trigger that never comes. */
static int find_functions(struct recorder *r)
{
	const struct recorder_options *options = r->options;

	if (!r->functions)
		return 0;
	for (size_t i = 0; i < options->n_pids; i++) {
		functions_look_at_program(r->functions, options->pids[i]);
		spaces_scan(r->spaces, options->pids[i], clock_ns(CLOCK_MONOTONIC));
		functions_look(r->functions, (uint32_t)options->pids[i]);
	}
	if (options->command)
		functions_expect(r->functions, options->command[0]);
	uprobes_settle(r->uprobes, SETTLE_MS);
	return functions_check(r->functions);
}

static int open_heap(struct recorder *r)
{
	return heap_source_open(r->heap, &(struct heap_context){
						 .uprobes = r->uprobes,
						 .stacks = r->stacks,
						 .definer = r->definer,
						 .sink = &r->outlet,
						 .targets = &r->targets,
						 .life = &r->life,
					 });
}

static void meet_targets(struct recorder *r)
{
	ARRAY(pid_t) pids = { 0 };
	struct map_slot *slot;

	if (r->targets.is_all) {
		processes_now(meet_process, r);
		return;
	}
	map_for_each(slot, &r->targets.pids)
		*array_add(&pids) = (pid_t)slot->key;
	for (size_t i = 0; i < pids.n; i++)
		meet_process(r, pids.items[i]);
	array_release(&pids);
}

/*
 * On a busy machine the rings run over while the recorder waits for its turn: with 64
 * threads on two CPUs, 47,272 of 53,399 samples were lost without this, and 30 of
 * 14,980 with it.  Without privilege it fails, and is done without.
 */
static void take_precedence(struct recorder *r)
{
	r->usual_priority = getpriority(PRIO_PROCESS, 0);
	setpriority(PRIO_PROCESS, 0, PRIORITY);
}

int recorder_prepare(struct recorder *r)
{
	int error = open_heap(r);

	exact_settle(&r->exact);
	return error ? error : find_functions(r);
}

int recorder_start(struct recorder *r)
{
	int error = 0;

	find_pauses(r);
	take_precedence(r);
	put_meta(r);
	r->start_ns = r->checked_ns = clock_ns(CLOCK_MONOTONIC);
	exact_start(&r->exact, r->start_ns);
	sampler_start(r->sampler);
	if (r->waits)
		wait_source_begin(r->waits);
	if (!r->waits_for_exec) {
		open_window(r, r->start_ns);
		meet_targets(r);
		if (r->pauses)
			pauses_step(r->pauses, r->start_ns);
		exact_put_states(&r->exact);
	}
	if (r->waits && wait_source_start(r->waits))
		warn("no stacks of waits: the kernel refuses their events");
	heap_source_start(r->heap);
	error = resident_start(r->resident);
	if (error)
		return error;
	if (r->command.pid)
		error = launch_go(&r->command);
	return error ? error : r->error;
}

static void every_second(struct recorder *r)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	if (now_ns - r->checked_ns < SECOND_NS)
		return;
	r->checked_ns = now_ns;
	sampler_follow_cpus(r->sampler);
	exact_every_second(&r->exact);
	stacks_open_jit_maps(r->stacks, false);
	spaces_check(r->spaces);
	if (r->audit.n_lost)
		targets_check(&r->targets);
	exact_count(&r->exact, &r->audit);
	audit_put_counters(&r->audit, r->definer, &r->outlet, now_ns - r->start_ns,
			   stacks_unwind_stats(r->stacks));
	if (r->waits)
		wait_source_put_counters(r->waits, r->audit.time_ns);
	heap_source_put_totals(r->heap, r->audit.time_ns);
}

int recorder_step(struct recorder *r, int timeout_ms)
{
	bool is_in_hurry = stacks_are_in_hurry(r->stacks);
	int error;

	if (is_in_hurry && timeout_ms > HURRY_MS)
		timeout_ms = HURRY_MS;
	if (r->waits && timeout_ms > wait_source_timeout_ms(r->waits))
		timeout_ms = wait_source_timeout_ms(r->waits);
	/* Where rings fill up, too, what came until this look has no time to wait for the next. */
	is_in_hurry |= sampler_wait(r->sampler, timeout_ms) > 0;
	error = streams_drain(&r->streams, false);
	if (!error && is_in_hurry)
		error = streams_drain(&r->streams, false);
	if (stacks_want_chains(r->stacks))
		sampler_add_chains(r->sampler);
	if (r->waits)
		wait_source_step(r->waits, clock_ns(CLOCK_MONOTONIC));
	if (r->uprobes)
		uprobes_step(r->uprobes);
	if (r->pauses)
		pauses_step(r->pauses, r->audit.time_ns);
	resident_step(r->resident, clock_ns(CLOCK_MONOTONIC), r->streams.told_ns);
	every_second(r);
	if (!error)
		error = r->error ? r->error : definer_error(r->definer);
	return error ? error : targets_are_gone(&r->targets);
}

int recorder_stop(struct recorder *r)
{
	struct event event = { .kind = EVENT_END };
	struct sampler_losses lost;

	r->error = 0; /* who goes on after an error has mended its cause */
	stacks_open_jit_maps(r->stacks, true);
	exact_stop(&r->exact);
	heap_source_stop(r->heap);
	functions_say_missing(r->functions);
	resident_stop(r->resident);
	sampler_stop(r->sampler);
	event.time_ns = r->end_ns = clock_ns(CLOCK_MONOTONIC);
	streams_drain(&r->streams, true);
	exact_finish(&r->exact, r->end_ns);
	lost = sampler_lost(r->sampler);
	if (lost.n_ticks)
		on_lost(r, &(struct perf_record){ .time_ns = r->end_ns, .lost = lost.n_ticks });
	on_lost_waits(r, lost.n_tracepoints);
	r->audit.n_undecodable = sampler_n_undecodable(r->sampler);
	r->audit.n_without_fd = sampler_facts(r->sampler).n_without_fd;
	exact_count(&r->exact, &r->audit);
	audit_put_counters(&r->audit, r->definer, &r->outlet, event.time_ns - r->start_ns,
			   stacks_unwind_stats(r->stacks));
	if (r->waits)
		wait_source_put_counters(r->waits, event.time_ns);
	heap_source_put_totals(r->heap, event.time_ns);
	resident_step(r->resident, event.time_ns, UINT64_MAX);
	put(r, &event);
	setpriority(PRIO_PROCESS, 0, r->usual_priority);
	return r->error;
}

void recorder_forget_ids(struct recorder *r)
{
	stacks_forget_ids(r->stacks);
	exact_forget_ids(&r->exact, r->streams.told_ns);
	if (r->waits)
		wait_source_forget_ids(r->waits);
}

void recorder_await_entries(struct recorder *r)
{
	functions_rearm(r->functions);
}

void recorder_forked(struct recorder *r)
{
	setpriority(PRIO_PROCESS, 0, r->usual_priority);
	stacks_open_jit_maps(r->stacks, true);
	exact_forget_ids(&r->exact, r->streams.told_ns); /* what is told late, is told now */
}

struct recorder_totals recorder_totals(const struct recorder *r)
{
	return (struct recorder_totals){
		.n_samples = r->audit.n_samples,
		.n_lost = r->audit.n_lost,
		.elapsed_ns = r->start_ns ? clock_ns(CLOCK_MONOTONIC) - r->start_ns : 0,
		.window_ns = r->end_ns ? r->end_ns - r->start_ns : 0,
		.told_ns = r->streams.told_ns,
		.self_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID),
		.has_switches = r->exact.trace || r->exact.is_perf,
		.has_wakeups = r->exact.trace != NULL,
		.has_pauses = r->pauses != NULL,
	};
}

pid_t recorder_command_pid(const struct recorder *r)
{
	return r->command.pid;
}

struct definer *recorder_definer(struct recorder *r)
{
	return r->definer;
}

int recorder_module_fd(void *recorder, uint32_t module)
{
	struct recorder *r = recorder;

	return stacks_module_fd(r->stacks, module);
}
