/* SPDX-License-Identifier: GPL-2.0-only */
#include "analysis/timeline.h"

#include "analyses.h"
#include "base/array.h"

/*
 * A state that has ended is held until the thread's next system call has returned, as
 * that one's beginning may cut it.  Threads that make none do not wait for long.
 */
#define MAX_HELD 1024u

#define LOAD_NS   10000000u /* what the load is an average over, */
#define MAX_LOADS 100000u   /* or longer, so that there are not more of them */

struct lane { /* of a thread */
	ARRAY(struct sched_interval) held;
	uint64_t first_ns; /* its first state begins then */
	uint64_t done_ns;  /* states are told until then */
	uint32_t cpu;      /* where it ran last, + 1 */
	bool is_shown;     /* first_ns is known */
};

struct load {
	uint64_t running_ns, runnable_ns, n_switches;
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
	ARRAY(struct load) loads;
	uint64_t load_ns;
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
	timeline->sink->state(timeline->sink, &state);
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

static void tell_load(struct timeline *timeline)
{
	for (size_t i = 0; i < timeline->loads.n; i++) {
		const struct load *load = &timeline->loads.items[i];
		double ns = (double)timeline->load_ns;
		struct timeline_load told = {
			.time_ns = timeline->options.start_ns + i * timeline->load_ns,
			.n_running = (double)load->running_ns / ns,
			.n_runnable = (double)load->runnable_ns / ns,
			.n_switches = load->n_switches,
		};

		timeline->sink->load(timeline->sink, &told);
	}
}

static struct load *load_at(struct timeline *timeline, uint64_t time_ns)
{
	uint64_t i = time_ns > timeline->options.start_ns ?
			     (time_ns - timeline->options.start_ns) / timeline->load_ns :
			     0;

	if (i >= MAX_LOADS) /* events behind the end */
		i = MAX_LOADS - 1;
	while (timeline->loads.n <= i)
		array_add(&timeline->loads);
	return &timeline->loads.items[i];
}

static void add_load(struct timeline *timeline, const struct sched_interval *interval)
{
	uint64_t at = interval->start_ns, next;

	if (interval->state != SCHED_RUNNING && interval->state != SCHED_RUNNABLE)
		return;
	load_at(timeline, at)->n_switches += interval->state == SCHED_RUNNING;
	for (; at < interval->end_ns; at = next) {
		struct load *load = load_at(timeline, at);
		uint64_t *sum = interval->state == SCHED_RUNNING ? &load->running_ns :
								   &load->runnable_ns;

		next = at + timeline->load_ns -
		       (at - timeline->options.start_ns) % timeline->load_ns;
		if (next > interval->end_ns)
			next = interval->end_ns;
		*sum += next - at;
	}
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

	timeline->sink->run(timeline->sink, &run);
	if (lane->cpu && lane->cpu != interval->cpu + 1)
		timeline->sink->mark(timeline->sink, &migration);
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
		timeline->sink->wakeup(timeline->sink, &wakeup);
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
	uint64_t began_ns = call.start_ns;
	struct sched_interval now;
	struct lane *lane;

	if (event->syscall.duration_ns > event->time_ns)
		call.start_ns = began_ns = 0;
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
	call.is_cut = call.start_ns > began_ns;
	if (call.start_ns >= call.end_ns)
		return;
	filter_clip(timeline->filter, &now.start_ns, &now.end_ns);
	tell_held(timeline, call.thread, call.start_ns);
	tell_state(timeline, call.thread, &now, call.start_ns);
	timeline->sink->syscall(timeline->sink, &call);
	tell_held(timeline, call.thread, call.end_ns);
	tell_state(timeline, call.thread, &now, call.end_ns);
}

static void take_sample(struct timeline *timeline, const struct event *event)
{
	uint32_t task = model_task_of(timeline->model, event->sample.tid);
	struct timeline_sample sample = {
		.thread = model_task(timeline->model, task).thread,
		.cpu = event->sample.cpu,
		.time_ns = event->time_ns,
		.weight_ns = event->sample.weight_ns,
		.stack = event->sample.stack,
	};

	if (!sample.thread || !filter_has_task(timeline->filter, timeline->model, task))
		return;
	timeline->sink->sample(timeline->sink, &sample);
}

static void tell_mark(struct timeline *timeline, enum timeline_mark_kind kind, uint32_t tid,
		      uint64_t time_ns, uint32_t detail)
{
	uint32_t task = model_task_of(timeline->model, tid);
	struct timeline_mark mark = {
		.kind = kind,
		.thread = model_task(timeline->model, task).thread,
		.time_ns = time_ns,
		.detail = detail,
	};

	if (mark.thread && filter_has_task(timeline->filter, timeline->model, task))
		timeline->sink->mark(timeline->sink, &mark);
}

static void take_event(struct model_observer *observer, const struct event *event)
{
	struct timeline *timeline =
		(struct timeline *)((char *)observer - offsetof(struct timeline, model_observer));

	if (event->kind == EVENT_SYSCALL) {
		take_syscall(timeline, event);
		return;
	}
	if (!filter_has_time(timeline->filter, event->time_ns))
		return;
	if (event->kind == EVENT_SAMPLE)
		take_sample(timeline, event);
	else if (event->kind == EVENT_FORK)
		tell_mark(timeline, MARK_FORK, event->fork.parent_tid, event->time_ns,
			  event->fork.tid);
	else if (event->kind == EVENT_EXIT)
		tell_mark(timeline, MARK_EXIT, event->exit.tid, event->time_ns, 0);
	else if (event->kind == EVENT_COMM && event->comm.exec)
		tell_mark(timeline, MARK_EXEC, event->comm.tid, event->time_ns, event->comm.name);
}

struct timeline *timeline_begin(const struct analysis_input *input,
				const struct timeline_options *options, struct timeline_sink *sink)
{
	struct timeline *timeline = xcalloc(1, sizeof(*timeline));
	uint64_t span_ns = options->end_ns - options->start_ns;

	timeline->sched_observer.interval = take_interval;
	timeline->model_observer.event = take_event;
	timeline->sink = sink;
	timeline->options = *options;
	timeline->model = input->model;
	timeline->sched = input->sched;
	timeline->filter = input->filter;
	timeline->load_ns = LOAD_NS;
	if (span_ns / LOAD_NS >= MAX_LOADS)
		timeline->load_ns = span_ns / MAX_LOADS + 1;
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
	struct lane *lane;

	for (uint32_t thread = 0; thread < timeline->lanes.n; thread++)
		tell_held(timeline, thread, UINT64_MAX);
	tell_load(timeline);
	model_ignore(timeline->model, &timeline->model_observer);
	array_for_each(lane, &timeline->lanes)
		array_release(&lane->held);
	array_release(&timeline->lanes);
	array_release(&timeline->loads);
	free(timeline);
}
