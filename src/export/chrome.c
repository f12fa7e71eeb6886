/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timeline as Chrome trace events, which Perfetto's UI, speedscope and the Firefox
 * Profiler open.  Only what all of them understand or skip is used: complete slices (X)
 * that nest, arrows (s, f), marks (i), counters (C), names (M).  sysprof-export(1) has
 * what each of them makes of it.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "exporters.h"
#include "json_stream.h"
#include "model/names.h"
#include "model/syscalls.h"

/* What is no process's stands under ids that no process can have (PID_MAX_LIMIT is 1 << 22). */
#define MACHINE_PID ((1u << 22) + 1)

#define MAX_FRAMES 16 /* of a stack, in the arguments of a slice; the innermost */

struct chrome_thread {
	uint32_t task; /* the last one seen */
	int64_t running_ns;
	bool is_shown;
};

struct chrome {
	struct timeline_sink sink;
	struct json_stream stream;
	struct model *model;
	struct names *names;
	ARRAY(struct chrome_thread) threads; /* by id */
	uint32_t n_cpus;
	uint64_t n_flows, start_ns;
	bool has_events;
};

static struct chrome_thread *thread_of(struct chrome *chrome, uint32_t thread)
{
	while (chrome->threads.n <= thread)
		array_add(&chrome->threads);
	return &chrome->threads.items[thread];
}

/* {"ph":"X","pid":1,"tid":1,"name":"n" and what the caller adds, up to the closing brace */
static void open_event(struct chrome *chrome, const char *phase, uint32_t pid, uint32_t tid)
{
	json_stream_raw(&chrome->stream, chrome->has_events ? ",\n{\"ph\":\"" : "\n{\"ph\":\"");
	json_stream_raw(&chrome->stream, phase);
	json_stream_raw(&chrome->stream, "\",\"pid\":");
	json_stream_number(&chrome->stream, pid);
	json_stream_raw(&chrome->stream, ",\"tid\":");
	json_stream_number(&chrome->stream, tid);
	chrome->has_events = true;
}

static void open_thread_event(struct chrome *chrome, const char *phase, uint32_t thread)
{
	struct model_thread t = model_thread(chrome->model, thread);

	open_event(chrome, phase, t.pid, t.tid);
}

static void put_key(struct chrome *chrome, const char *key)
{
	json_stream_raw(&chrome->stream, ",\"");
	json_stream_raw(&chrome->stream, key);
	json_stream_raw(&chrome->stream, "\":");
}

static void put_text(struct chrome *chrome, const char *key, const char *text)
{
	put_key(chrome, key);
	json_stream_string(&chrome->stream, text);
}

static void put_number(struct chrome *chrome, const char *key, uint64_t value)
{
	put_key(chrome, key);
	json_stream_number(&chrome->stream, value);
}

static void put_time(struct chrome *chrome, const char *key, uint64_t time_ns)
{
	put_key(chrome, key);
	json_stream_us(&chrome->stream,
		       time_ns > chrome->start_ns ? time_ns - chrome->start_ns : 0);
}

static void put_span(struct chrome *chrome, const char *category, uint64_t start_ns,
		     uint64_t end_ns)
{
	put_text(chrome, "cat", category);
	put_time(chrome, "ts", start_ns);
	put_key(chrome, "dur");
	json_stream_us(&chrome->stream, end_ns - start_ns);
}

/* "args":{"key":…  The first of them has no comma before it. */
static void open_args(struct chrome *chrome, const char *key)
{
	json_stream_raw(&chrome->stream, ",\"args\":{\"");
	json_stream_raw(&chrome->stream, key);
	json_stream_raw(&chrome->stream, "\":");
}

static void close_event(struct chrome *chrome, bool has_args)
{
	json_stream_raw(&chrome->stream, has_args ? "}}" : "}");
}

static void put_stack(struct chrome *chrome, const char *key, uint32_t stack)
{
	const struct dictionary *dict = model_dictionary(chrome->model);
	unsigned int n = 0;

	if (!stack)
		return;
	put_key(chrome, key);
	json_stream_raw(&chrome->stream, "[");
	while (stack && n < MAX_FRAMES) {
		struct dict_stack node = dictionary_stack(dict, stack);
		struct levels levels = names_frame(chrome->names, names_frame_of(node));

		for (size_t i = 0; i < levels.n && n < MAX_FRAMES; i++) {
			struct function function =
				names_function(chrome->names, levels.items[i].function);

			json_stream_raw(&chrome->stream, n++ ? "," : "");
			json_stream_string(&chrome->stream,
					   names_text(chrome->names, function.name));
		}
		stack = node.parent;
	}
	json_stream_raw(&chrome->stream, stack ? ",\"...\"]" : "]");
}

/* "redis-server (812)" */
static void put_task(struct chrome *chrome, const char *key, uint32_t task)
{
	struct model_task t = model_task(chrome->model, task);
	struct buf text = { 0 };

	buf_printf(&text, "%s (%u)",
		   names_text(chrome->names, names_thread(chrome->names, chrome->model, task)),
		   model_thread(chrome->model, t.thread).tid);
	put_text(chrome, key, buf_str(&text));
	buf_release(&text);
}

static void put_waker(struct chrome *chrome, const struct sched_wake *wake)
{
	if (!wake->is_seen)
		return;
	if (wake->task)
		put_task(chrome, "waker", wake->task);
	else
		put_text(chrome, "waker", wake->tid ? "a thread not recorded" : "interrupt");
	put_stack(chrome, "waker_stack", wake->stack);
}

static void put_syscall_name(struct chrome *chrome, const char *key, uint32_t nr)
{
	char *text = syscall_text(chrome->model, nr);

	put_text(chrome, key, text);
	free(text);
}

static const char *state_name(const struct sched_interval *interval, struct buf *scratch)
{
	switch (interval->state) {
	case SCHED_RUNNING:
		return "running";
	case SCHED_RUNNABLE:
		return "runnable";
	case SCHED_BLOCKED:
		if (!interval->wait.period)
			return "blocked";
		buf_clear(scratch);
		buf_printf(scratch, "blocked: %s", wait_class_name(interval->wait.why));
		return buf_str(scratch);
	default:
		return "unknown";
	}
}

static bool is_cut_by_window(const struct timeline_state *state)
{
	const struct sched_interval *interval = state->interval;

	return (interval->is_cut_at_start && state->start_ns == interval->start_ns) ||
	       (interval->is_cut_at_end && state->end_ns == interval->end_ns);
}

static void put_state_args(struct chrome *chrome, const struct timeline_state *state)
{
	const struct sched_interval *interval = state->interval;
	uint32_t object = names_string(chrome->names, interval->wait.object);

	open_args(chrome, "cpu"); /* of a blocked one: where it was */
	json_stream_number(&chrome->stream, interval->cpu);
	if (is_cut_by_window(state))
		put_text(chrome, "note", "cut by the edge of the recording");
	if (interval->state == SCHED_RUNNABLE) {
		put_text(chrome, "because",
			 interval->is_preempted ? "preempted" :
			 interval->wake.is_seen ? "woken" :
						  "new, or not seen");
		if (interval->instead_tid)
			put_number(chrome, "instead_tid", interval->instead_tid);
	}
	if (interval->state != SCHED_BLOCKED)
		return;
	if (object)
		put_text(chrome, "on", names_text(chrome->names, object));
	if (interval->wait.nr)
		put_syscall_name(chrome, "in", interval->wait.nr - 1);
	put_stack(chrome, "stack", interval->wait.stack);
	put_waker(chrome, &interval->wake);
}

static void chrome_state(struct timeline_sink *sink, const struct timeline_state *state)
{
	struct chrome *chrome = (struct chrome *)sink; /* the first member; so everywhere here */
	struct chrome_thread *thread = thread_of(chrome, state->thread);
	struct buf scratch = { 0 };

	thread->is_shown = true;
	thread->task = state->interval->task;
	if (state->interval->state == SCHED_RUNNING)
		thread->running_ns += (int64_t)(state->end_ns - state->start_ns);
	open_thread_event(chrome, "X", state->thread);
	put_span(chrome, "state", state->start_ns, state->end_ns);
	put_text(chrome, "name", state_name(state->interval, &scratch));
	put_state_args(chrome, state);
	close_event(chrome, true);
	buf_release(&scratch);
}

static void chrome_syscall(struct timeline_sink *sink, const struct timeline_syscall *call)
{
	struct chrome *chrome = (struct chrome *)sink;
	const char *error = syscall_error(call->result);

	open_thread_event(chrome, "X", call->thread);
	put_span(chrome, "syscall", call->start_ns, call->end_ns);
	put_syscall_name(chrome, "name", call->nr);
	open_args(chrome, "result");
	if (error)
		json_stream_string(&chrome->stream, error);
	else
		json_stream_number(&chrome->stream, call->result);
	if (call->is_cut)
		put_text(chrome, "note", "it began before this");
	close_event(chrome, true);
}

static void chrome_run(struct timeline_sink *sink, const struct timeline_run *run)
{
	struct chrome *chrome = (struct chrome *)sink;
	uint32_t name = names_thread(chrome->names, chrome->model, run->task);
	struct model_thread thread = model_thread(chrome->model, run->thread);

	if (run->cpu >= chrome->n_cpus)
		chrome->n_cpus = run->cpu + 1;
	open_event(chrome, "X", MACHINE_PID, MACHINE_PID + 1 + run->cpu);
	put_span(chrome, "cpu", run->start_ns, run->end_ns);
	put_text(chrome, "name", names_text(chrome->names, name));
	open_args(chrome, "tid");
	json_stream_number(&chrome->stream, thread.tid);
	put_number(chrome, "pid", thread.pid);
	close_event(chrome, true);
}

static void put_flow(struct chrome *chrome, const char *phase, uint32_t thread, uint64_t time_ns)
{
	char id[24];

	snprintf(id, sizeof(id), "%llx", (unsigned long long)chrome->n_flows);
	open_thread_event(chrome, phase, thread);
	put_text(chrome, "cat", "wake");
	put_text(chrome, "name", "wake");
	put_text(chrome, "id", id);
	put_time(chrome, "ts", time_ns);
	if (*phase == 'f')
		put_text(chrome, "bp", "e");
	close_event(chrome, false);
}

static void chrome_wakeup(struct timeline_sink *sink, const struct timeline_wakeup *wakeup)
{
	struct chrome *chrome = (struct chrome *)sink;

	chrome->n_flows++;
	put_flow(chrome, "s", wakeup->waker, wakeup->time_ns);
	put_flow(chrome, "f", wakeup->woken, wakeup->time_ns);
}

static void chrome_mark(struct timeline_sink *sink, const struct timeline_mark *mark)
{
	static const struct {
		const char *name, *detail;
	} kinds[] = {
		[MARK_FORK] = { "fork", "child_tid" },
		[MARK_EXEC] = { "exec", "program" },
		[MARK_EXIT] = { "exit", NULL },
		[MARK_MIGRATE] = { "migrate", "from_cpu" },
	};
	const char *detail = kinds[mark->kind].detail;
	struct chrome *chrome = (struct chrome *)sink;

	open_thread_event(chrome, "i", mark->thread);
	put_text(chrome, "s", "t");
	put_text(chrome, "cat", "mark");
	put_time(chrome, "ts", mark->time_ns);
	put_text(chrome, "name", kinds[mark->kind].name);
	if (detail)
		open_args(chrome, detail);
	if (mark->kind == MARK_EXEC)
		json_stream_string(&chrome->stream,
				   names_text(chrome->names,
					      names_string(chrome->names, mark->detail)));
	else if (detail)
		json_stream_number(&chrome->stream, mark->detail);
	close_event(chrome, detail != NULL);
}

static void chrome_sample(struct timeline_sink *sink, const struct timeline_sample *sample)
{
	struct chrome *chrome = (struct chrome *)sink;

	open_thread_event(chrome, "i", sample->thread);
	put_text(chrome, "s", "t");
	put_text(chrome, "cat", "sample");
	put_time(chrome, "ts", sample->time_ns);
	put_text(chrome, "name", "sample");
	open_args(chrome, "cpu");
	json_stream_number(&chrome->stream, sample->cpu);
	put_number(chrome, "weight_ns", sample->weight_ns);
	put_stack(chrome, "stack", sample->stack);
	close_event(chrome, true);
}

static void chrome_load(struct timeline_sink *sink, const struct timeline_load *load)
{
	struct chrome *chrome = (struct chrome *)sink;

	open_event(chrome, "C", MACHINE_PID, 0);
	put_text(chrome, "name", "threads");
	put_time(chrome, "ts", load->time_ns);
	open_args(chrome, "running");
	json_stream_double(&chrome->stream, load->n_running);
	put_key(chrome, "runnable");
	json_stream_double(&chrome->stream, load->n_runnable);
	close_event(chrome, true);
	open_event(chrome, "C", MACHINE_PID, 0);
	put_text(chrome, "name", "switches");
	put_time(chrome, "ts", load->time_ns);
	open_args(chrome, "switches");
	json_stream_number(&chrome->stream, load->n_switches);
	close_event(chrome, true);
}

static void put_meta(struct chrome *chrome, const char *what, uint32_t pid, uint32_t tid,
		     const char *name)
{
	open_event(chrome, "M", pid, tid);
	put_text(chrome, "name", what);
	open_args(chrome, "name");
	json_stream_string(&chrome->stream, name);
	close_event(chrome, true);
}

static void put_order(struct chrome *chrome, const char *what, uint32_t pid, uint32_t tid,
		      uint64_t index)
{
	open_event(chrome, "M", pid, tid);
	put_text(chrome, "name", what);
	open_args(chrome, "sort_index");
	json_stream_number(&chrome->stream, index);
	close_event(chrome, true);
}

struct order {
	uint32_t thread, leader;
	int64_t process_ns, running_ns;
};

/* Processes that ran most come first, and in them threads that did. */
static int compare_order(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->process_ns != y->process_ns)
		return x->process_ns < y->process_ns ? 1 : -1;
	if (x->leader != y->leader)
		return x->leader < y->leader ? -1 : 1;
	if (x->running_ns != y->running_ns)
		return x->running_ns < y->running_ns ? 1 : -1;
	return x->thread < y->thread ? -1 : x->thread > y->thread;
}

/* What an empty leader is: of a process whose main thread is not known, the thread itself. */
static uint32_t leader_of(const struct chrome *chrome, uint32_t thread)
{
	uint32_t leader = model_thread(chrome->model, thread).leader;

	return leader ? leader : thread;
}

static struct order *make_order(struct chrome *chrome, size_t *ret_n)
{
	size_t n_threads = model_n_threads(chrome->model);
	int64_t *process_ns = xcalloc(n_threads + 1, sizeof(*process_ns));
	struct order *order = xcalloc(n_threads + 1, sizeof(*order));
	size_t n = 0;

	for (uint32_t thread = 1; thread < chrome->threads.n; thread++)
		process_ns[leader_of(chrome, thread)] += chrome->threads.items[thread].running_ns;
	for (uint32_t thread = 1; thread < chrome->threads.n; thread++) {
		uint32_t leader = leader_of(chrome, thread);

		if (chrome->threads.items[thread].is_shown)
			order[n++] = (struct order){ thread, leader, process_ns[leader],
						     chrome->threads.items[thread].running_ns };
	}
	qsort(order, n, sizeof(*order), compare_order);
	free(process_ns);
	*ret_n = n;
	return order;
}

static void put_thread_names(struct chrome *chrome)
{
	size_t n;
	struct order *order = make_order(chrome, &n);

	for (size_t i = 0; i < n; i++) {
		struct model_thread thread = model_thread(chrome->model, order[i].thread);
		uint32_t task = chrome->threads.items[order[i].thread].task;

		if (i == 0 || order[i].leader != order[i - 1].leader) {
			put_meta(chrome, "process_name", thread.pid, thread.pid,
				 names_text(chrome->names,
					    names_process(chrome->names, chrome->model, task)));
			put_order(chrome, "process_sort_index", thread.pid, thread.pid, i + 1);
		}
		put_meta(chrome, "thread_name", thread.pid, thread.tid,
			 names_text(chrome->names,
				    names_thread(chrome->names, chrome->model, task)));
		put_order(chrome, "thread_sort_index", thread.pid, thread.tid, i + 1);
	}
	free(order);
}

static void put_cpu_names(struct chrome *chrome)
{
	char name[24];

	put_meta(chrome, "process_name", MACHINE_PID, MACHINE_PID, "CPUs");
	put_order(chrome, "process_sort_index", MACHINE_PID, MACHINE_PID, 0);
	for (uint32_t cpu = 0; cpu < chrome->n_cpus; cpu++) {
		snprintf(name, sizeof(name), "CPU %u", cpu);
		put_meta(chrome, "thread_name", MACHINE_PID, MACHINE_PID + 1 + cpu, name);
		put_order(chrome, "thread_sort_index", MACHINE_PID, MACHINE_PID + 1 + cpu, cpu);
	}
}

static int chrome_end(struct timeline_sink *sink)
{
	struct chrome *chrome = (struct chrome *)sink;
	struct model_window window = model_window(chrome->model);
	int error;

	put_thread_names(chrome);
	put_cpu_names(chrome);
	json_stream_raw(&chrome->stream, "\n],\"displayTimeUnit\":\"ns\",\"otherData\":{");
	json_stream_raw(&chrome->stream, "\"recorded_by\":\"sysprof\",\"start_wall_ns\":\"");
	json_stream_number(&chrome->stream, window.wall_ns);
	json_stream_raw(&chrome->stream, "\",\"start_monotonic_ns\":\"");
	json_stream_number(&chrome->stream, chrome->start_ns);
	json_stream_raw(&chrome->stream, "\"}}\n");
	error = json_stream_finish(&chrome->stream);
	array_release(&chrome->threads);
	free(chrome);
	return error;
}

struct timeline_sink *chrome_timeline(const struct timeline_source *source, FILE *out)
{
	struct chrome *chrome = xcalloc(1, sizeof(*chrome));

	chrome->sink = (struct timeline_sink){
		.state = chrome_state,
		.syscall = chrome_syscall,
		.run = chrome_run,
		.wakeup = chrome_wakeup,
		.mark = chrome_mark,
		.sample = chrome_sample,
		.load = chrome_load,
		.end = chrome_end,
	};
	chrome->stream.out = out;
	chrome->model = source->model;
	chrome->names = source->names;
	chrome->start_ns = source->start_ns;
	json_stream_raw(&chrome->stream, "{\"traceEvents\":[");
	return &chrome->sink;
}
