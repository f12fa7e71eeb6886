/* SPDX-License-Identifier: GPL-2.0-only */
#include "analysis/timeline.h"

#include "analyses.h"
#include "base/array.h"
#include "lanes.h"
#include "load.h"
#include "memory_curve.h"
#include "pause.h"

/*
 * A state that has ended is held until the thread's next system call has returned, as
 * that one's beginning may cut it.  Threads that make none do not wait for long.
 */
#define MAX_HELD 1024u

#define MAX_DISK_LANES 256u

/* A sink need not care for everything. */
#define TELL(timeline, what, item)                                        \
	do {                                                              \
		if ((timeline)->sink->what)                               \
			(timeline)->sink->what((timeline)->sink, (item)); \
	} while (0)

struct lane { /* of a thread */
	ARRAY(struct sched_interval) held;
	uint64_t first_ns; /* its first state begins then */
	uint64_t done_ns;  /* states are told until then */
	uint32_t cpu;      /* where it ran last, + 1 */
	bool is_shown;     /* first_ns is known */
};

struct timeline {
	struct sched_observer sched_observer;
	struct model_observer model_observer;
	struct timeline_sink *sink;
	struct timeline_options options;
	struct model *model;
	struct sched *sched;
	const struct filter *filter;
	ARRAY(struct lane) lanes; /* by thread */
	struct load load;
	struct memory_curve *memory; /* NULL: the sink does not show it */
	struct lanes interrupts;     /* by CPU and kind */
	struct lanes disks;          /* by device */
	struct lanes paused;         /* by thread: one each */
	struct pause_pairs pauses;
};

static struct lane *lane_of(struct timeline *timeline, uint32_t thread)
{
	while (timeline->lanes.n <= thread)
		array_add(&timeline->lanes);
	return &timeline->lanes.items[thread];
}

static void tell_state(struct timeline *timeline, uint32_t thread,
		       const struct sched_interval *interval, uint64_t end_ns)
{
	struct lane *lane = lane_of(timeline, thread);
	struct timeline_state state = {
		.thread = thread,
		.start_ns = interval->start_ns > lane->done_ns ? interval->start_ns : lane->done_ns,
		.end_ns = end_ns < interval->end_ns ? end_ns : interval->end_ns,
		.interval = interval,
	};

	if (state.end_ns <= state.start_ns)
		return;
	lane->done_ns = state.end_ns;
	TELL(timeline, state, &state);
}

/* Tells of what @thread is held to have done until @until_ns; what goes on stays. */
static void tell_held(struct timeline *timeline, uint32_t thread, uint64_t until_ns)
{
	struct lane *lane = lane_of(timeline, thread);
	size_t kept = 0;

	for (size_t i = 0; i < lane->held.n; i++) {
		tell_state(timeline, thread, &lane->held.items[i], until_ns);
		if (lane->held.items[i].end_ns > until_ns)
			lane->held.items[kept++] = lane->held.items[i];
	}
	lane->held.n = kept;
}

static void add_load(struct timeline *timeline, const struct sched_interval *interval)
{
	bool is_running = interval->state == SCHED_RUNNING;

	if (is_running)
		load_switch(&timeline->load, interval->start_ns);
	if (is_running || interval->state == SCHED_RUNNABLE)
		load_add(&timeline->load, is_running ? LOAD_RUNNING : LOAD_RUNNABLE,
			 interval->start_ns, interval->end_ns);
}

static void tell_run(struct timeline *timeline, uint32_t thread,
		     const struct sched_interval *interval)
{
	struct lane *lane = lane_of(timeline, thread);
	struct timeline_run run = {
		.cpu = interval->cpu,
		.thread = thread,
		.task = interval->task,
		.start_ns = interval->start_ns,
		.end_ns = interval->end_ns,
		.left_as = interval->left_as,
	};
	struct timeline_mark migration = {
		.kind = MARK_MIGRATE,
		.thread = thread,
		.time_ns = interval->start_ns,
		.detail = lane->cpu - 1,
	};

	TELL(timeline, run, &run);
	if (lane->cpu && lane->cpu != interval->cpu + 1)
		TELL(timeline, mark, &migration);
	lane->cpu = interval->cpu + 1;
}

static void tell_wakeup(struct timeline *timeline, uint32_t thread,
			const struct sched_interval *interval)
{
	struct timeline_wakeup wakeup = {
		.time_ns = interval->end_ns,
		.waker = model_task(timeline->model, interval->wake.task).thread,
		.woken = thread,
	};
	struct lane *waker = lane_of(timeline, wakeup.waker);

	if (interval->wake.is_seen && waker->is_shown && waker->first_ns <= wakeup.time_ns)
		TELL(timeline, wakeup, &wakeup);
}

static void show(struct timeline *timeline, uint32_t thread, uint64_t since_ns)
{
	struct lane *lane = lane_of(timeline, thread);

	if (!lane->is_shown)
		lane->first_ns = since_ns;
	lane->is_shown = true;
}

static void take_interval(struct sched_observer *observer, const struct sched_interval *from)
{
	struct timeline *timeline = (struct timeline *)observer; /* the first member */
	struct sched_interval interval = *from;
	uint32_t thread = model_task(timeline->model, interval.task).thread;
	bool has_end;

	filter_clip(timeline->filter, &interval.start_ns, &interval.end_ns);
	has_end = interval.end_ns == from->end_ns;
	if (interval.end_ns <= interval.start_ns ||
	    !filter_has_task(timeline->filter, timeline->model, interval.task))
		return;
	show(timeline, thread, interval.start_ns);
	add_load(timeline, &interval);
	if (interval.state == SCHED_RUNNING)
		tell_run(timeline, thread, &interval);
	else if (interval.state == SCHED_BLOCKED && has_end)
		tell_wakeup(timeline, thread, &interval);
	*array_add(&lane_of(timeline, thread)->held) = interval;
	if (!timeline->options.has_syscalls || lane_of(timeline, thread)->held.n > MAX_HELD)
		tell_held(timeline, thread, UINT64_MAX);
}

/*
 * The thread has just returned from a call: it runs, and nothing before can be cut by
 * another one.  So its states are told up to now, the one that goes on too.
 */
static void take_syscall(struct timeline *timeline, const struct event *event)
{
	uint32_t task = model_task_of(timeline->model, event->syscall.tid);
	struct timeline_syscall call = {
		.thread = model_task(timeline->model, task).thread,
		.start_ns = event->time_ns - event->syscall.duration_ns,
		.end_ns = event->time_ns,
		.nr = event->syscall.nr,
		.result = event->syscall.result,
	};
	struct sched_interval now;
	struct lane *lane;

	call.has_args = syscall_has_args(event, model_window(timeline->model).start_ns);
	syscall_args(&event->syscall, call.args);
	if (event->syscall.duration_ns > event->time_ns)
		call.start_ns = 0;
	call.began_ns = call.start_ns;
	call.returned_ns = call.end_ns;
	filter_clip(timeline->filter, &call.start_ns, &call.end_ns);
	if (!sched_now(timeline->sched, event->syscall.tid, &now) || now.state != SCHED_RUNNING ||
	    !filter_has_task(timeline->filter, timeline->model, task))
		return;
	show(timeline, call.thread, now.start_ns);
	lane = lane_of(timeline, call.thread);
	if (call.start_ns < lane->done_ns)
		call.start_ns = lane->done_ns;
	if (call.start_ns < timeline->options.start_ns)
		call.start_ns = timeline->options.start_ns;
	call.is_cut = call.start_ns > call.began_ns;
	if (call.start_ns >= call.end_ns)
		return;
	filter_clip(timeline->filter, &now.start_ns, &now.end_ns);
	tell_held(timeline, call.thread, call.start_ns);
	tell_state(timeline, call.thread, &now, call.start_ns);
	TELL(timeline, syscall, &call);
	tell_held(timeline, call.thread, call.end_ns);
	tell_state(timeline, call.thread, &now, call.end_ns);
}

static void take_sample(struct timeline *timeline, const struct event *event)
{
	uint32_t task = model_task_now(timeline->model, event->sample.pid, event->sample.tid);
	struct timeline_sample sample = {
		.thread = model_task(timeline->model, task).thread,
		.cpu = event->sample.cpu,
		.time_ns = event->time_ns,
		.weight_ns = event->sample.weight_ns,
		.stack = event->sample.stack,
	};

	if (!filter_has_task(timeline->filter, timeline->model, task))
		return;
	TELL(timeline, sample, &sample);
}

static void tell_mark(struct timeline *timeline, uint32_t tid, struct timeline_mark *mark)
{
	uint32_t task = model_task_of(timeline->model, tid);

	mark->thread = model_task(timeline->model, task).thread;
	if (mark->thread && filter_has_task(timeline->filter, timeline->model, task))
		TELL(timeline, mark, mark);
}

static void take_signal(struct timeline *timeline, const struct event *event)
{
	static const enum timeline_mark_kind kinds[] = {
		[SIGNAL_SENT] = MARK_SIGNAL_SENT,
		[SIGNAL_DELIVERED] = MARK_SIGNAL_ARRIVED,
		[SIGNAL_IGNORED] = MARK_SIGNAL_IGNORED,
	};
	struct timeline_mark mark = {
		.time_ns = event->time_ns,
		.detail = event->signal.signo,
		.sender = event->signal.sender,
	};

	if (event->signal.step >= sizeof(kinds) / sizeof(kinds[0]))
		return;
	mark.kind = kinds[event->signal.step];
	tell_mark(timeline, event->signal.tid, &mark);
}

static void take_fault(struct timeline *timeline, const struct event *event)
{
	struct timeline_mark mark = {
		.kind = MARK_FAULT,
		.time_ns = event->time_ns,
		.detail = event->page_fault.access,
		.address = event->page_fault.address,
	};

	tell_mark(timeline, event->page_fault.tid, &mark);
}

static void take_trigger(struct timeline *timeline, const struct event *event)
{
	struct timeline_mark mark = {
		.kind = MARK_TRIGGER,
		.time_ns = event->time_ns,
		.detail = event->trigger.condition,
		.duration_ns = event->trigger.duration_ns,
		.stack = event->trigger.stack,
	};

	if (event->trigger.tid)
		tell_mark(timeline, event->trigger.tid, &mark);
	else
		TELL(timeline, mark, &mark);
}

static void take_life(struct timeline *timeline, const struct event *event)
{
	struct timeline_mark mark = { .time_ns = event->time_ns };
	uint32_t tid = event->exit.tid;

	if (event->kind == EVENT_FORK) {
		mark.kind = MARK_FORK;
		mark.detail = event->fork.tid;
		tid = event->fork.parent_tid;
	} else if (event->kind == EVENT_COMM) {
		if (!event->comm.exec)
			return;
		mark.kind = MARK_EXEC;
		mark.detail = event->comm.name;
		tid = event->comm.tid;
	} else {
		mark.kind = MARK_EXIT;
	}
	tell_mark(timeline, tid, &mark);
}

/* What lasted @duration_ns up to @end_ns, as far as it lies in what is shown. */
static bool clip(const struct timeline *timeline, uint64_t end_ns, uint64_t duration_ns,
		 uint64_t *ret_start_ns, uint64_t *ret_end_ns)
{
	*ret_start_ns = duration_ns < end_ns ? end_ns - duration_ns : 0;
	*ret_end_ns = end_ns;
	filter_clip(timeline->filter, ret_start_ns, ret_end_ns);
	if (*ret_start_ns < timeline->options.start_ns)
		*ret_start_ns = timeline->options.start_ns;
	return *ret_start_ns < *ret_end_ns;
}

static void take_interrupt(struct timeline *timeline, const struct event *event)
{
	const struct event_interrupt *from = &event->interrupt;
	bool is_soft = from->kind == INTERRUPT_SOFT;
	struct timeline_interrupt interrupt = {
		.cpu = from->cpu,
		.thread = model_task(timeline->model, model_task_of(timeline->model, from->tid))
				  .thread,
		.kind = is_soft ? INTERRUPT_SOFT : INTERRUPT_HARD,
		.nr = from->nr,
		.name = from->name,
	};

	if (!clip(timeline, event->time_ns, from->duration_ns, &interrupt.start_ns,
		  &interrupt.end_ns))
		return;
	lanes_take(&timeline->interrupts, (uint64_t)from->cpu << 1 | is_soft, 1,
		   &interrupt.start_ns, interrupt.end_ns);
	if (interrupt.start_ns < interrupt.end_ns)
		TELL(timeline, interrupt, &interrupt);
}

static void take_disk(struct timeline *timeline, const struct event *event)
{
	const struct event_disk_io *from = &event->disk_io;
	uint32_t task = model_task_of(timeline->model, from->tid);
	uint64_t began_ns;
	struct timeline_disk disk = {
		.device = from->device,
		.thread = model_task(timeline->model, task).thread,
		.op = from->op < DISK_N_OPS ? (enum disk_op)from->op : DISK_OTHER,
		.error = from->error,
		.sector = from->sector,
		.bytes = from->bytes,
		.queued_ns = from->queued_ns,
	};

	if (!filter_has_task(timeline->filter, timeline->model, task) ||
	    !clip(timeline, event->time_ns, from->duration_ns, &disk.start_ns, &disk.end_ns))
		return;
	load_add(&timeline->load, LOAD_REQUESTS, disk.start_ns, disk.end_ns);
	began_ns = event->time_ns - from->duration_ns;
	disk.lane = lanes_take(&timeline->disks, from->device, MAX_DISK_LANES, &disk.start_ns,
			       disk.end_ns);
	disk.is_cut = disk.start_ns > began_ns;
	if (disk.start_ns < disk.end_ns)
		TELL(timeline, disk, &disk);
}

static uint32_t thread_of(struct timeline *timeline, uint32_t pid, uint32_t tid)
{
	return tid ? model_task(timeline->model, model_task_now(timeline->model, pid, tid)).thread :
		     0;
}

static void tell_pause(struct timeline *timeline, const struct pause *pause)
{
	bool is_process = pause->scope == PAUSE_PROCESS;
	uint32_t tid = is_process ? pause->pid : pause->tid;
	uint32_t task = model_task_now(timeline->model, pause->pid, tid);
	struct timeline_pause told = {
		.thread = model_task(timeline->model, task).thread,
		.runtime = pause->runtime,
		.reason = pause->reason,
		.by = thread_of(timeline, pause->pid, pause->tid),
		.last = thread_of(timeline, pause->pid, pause->last_tid),
		.start_ns = pause->begin_ns,
		.end_ns = pause->end_ns,
		.stopping_ns = pause_parts(pause).stopping_ns,
		.last_stack = pause->last_stack,
		.is_process = is_process,
	};

	filter_clip(timeline->filter, &told.start_ns, &told.end_ns);
	lanes_take(&timeline->paused, told.thread, 1, &told.start_ns, told.end_ns);
	told.is_cut = pause->is_cut || told.start_ns != pause->begin_ns ||
		      told.end_ns != pause->end_ns;
	if (told.start_ns < told.end_ns && filter_has_task(timeline->filter, timeline->model, task))
		TELL(timeline, pause, &told);
}

static void take_event(struct model_observer *observer, const struct event *event)
{
	struct timeline *timeline =
		(struct timeline *)((char *)observer - offsetof(struct timeline, model_observer));
	static void (*const spans[EVENT_N_KINDS])(struct timeline *, const struct event *) = {
		[EVENT_SYSCALL] = take_syscall,
		[EVENT_INTERRUPT] = take_interrupt,
		[EVENT_DISK_IO] = take_disk,
	}, (*const instants[EVENT_N_KINDS])(struct timeline *, const struct event *) = {
		[EVENT_SAMPLE] = take_sample,     [EVENT_FORK] = take_life,
		[EVENT_EXIT] = take_life,	  [EVENT_COMM] = take_life,
		[EVENT_PAGE_FAULT] = take_fault,  [EVENT_SIGNAL] = take_signal,
		[EVENT_TRIGGER] = take_trigger,
	};
	struct pause pause;

	if (pause_pairs_take(&timeline->pauses, event, &pause))
		tell_pause(timeline, &pause);
	if (spans[event->kind])
		spans[event->kind](timeline, event);
	else if (instants[event->kind] && filter_has_time(timeline->filter, event->time_ns))
		instants[event->kind](timeline, event);
}

struct timeline *timeline_begin(const struct analysis_input *input,
				const struct timeline_options *options, struct timeline_sink *sink)
{
	struct timeline *timeline = xcalloc(1, sizeof(*timeline));

	timeline->sched_observer.interval = take_interval;
	timeline->model_observer.event = take_event;
	timeline->sink = sink;
	timeline->options = *options;
	timeline->model = input->model;
	timeline->sched = input->sched;
	timeline->filter = input->filter;
	load_init(&timeline->load, options->start_ns, options->end_ns);
	if (sink->memory)
		timeline->memory = memory_curve_begin(input, options->start_ns, options->end_ns);
	sched_observe(input->sched, &timeline->sched_observer);
	model_observe(input->model, &timeline->model_observer);
	return timeline;
}

const char *timeline_lack(const struct timeline *timeline)
{
	return analysis_lacks_switches(timeline->sched);
}

void timeline_end(struct timeline *timeline)
{
	struct pause pause;
	struct lane *lane;

	while (pause_pairs_finish(&timeline->pauses, timeline->options.end_ns, &pause))
		tell_pause(timeline, &pause);
	for (uint32_t thread = 0; thread < timeline->lanes.n; thread++)
		tell_held(timeline, thread, UINT64_MAX);
	load_tell(&timeline->load, timeline->sink);
	if (timeline->memory)
		memory_curve_end(timeline->memory, timeline->sink);
	model_ignore(timeline->model, &timeline->model_observer);
	array_for_each(lane, &timeline->lanes)
		array_release(&lane->held);
	array_release(&timeline->lanes);
	load_release(&timeline->load);
	lanes_release(&timeline->interrupts);
	lanes_release(&timeline->disks);
	lanes_release(&timeline->paused);
	pause_pairs_release(&timeline->pauses);
	free(timeline);
}
