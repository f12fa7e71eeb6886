/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timeline as Chrome trace events, which Perfetto's UI, speedscope and the Firefox
 * Profiler open.  Only what all of them understand or skip is used: complete slices (X)
 * that nest, arrows (s, f), marks (i), counters (C), names (M).  sysprof-export(1) has
 * what each of them makes of it.
 */
#include <errno.h>
#include <stdlib.h>

#include "chrome_tracks.h"
#include "exporters.h"
#include "item.h"
#include "json_stream.h"
#include "model/syscalls.h"

#define MAX_FRAMES 16 /* of a stack, in the arguments of a slice; the innermost */

struct chrome {
	struct timeline_sink sink;
	struct json_stream stream;
	struct item_source source;
	struct chrome_tracks tracks;
	uint64_t n_flows, start_ns;
	bool has_events, has_requests;
};

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
	struct model_thread t = model_thread(chrome->source.model, thread);

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

static uint64_t since_start(const struct chrome *chrome, uint64_t time_ns)
{
	return time_ns > chrome->start_ns ? time_ns - chrome->start_ns : 0;
}

static void put_time(struct chrome *chrome, const char *key, uint64_t time_ns)
{
	put_key(chrome, key);
	json_stream_us(&chrome->stream, since_start(chrome, time_ns));
}

static void put_span(struct chrome *chrome, const char *category, uint64_t start_ns,
		     uint64_t end_ns)
{
	put_text(chrome, "cat", category);
	put_time(chrome, "ts", start_ns);
	put_key(chrome, "dur");
	json_stream_us_between(&chrome->stream, since_start(chrome, start_ns),
			       since_start(chrome, end_ns));
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
	const struct dictionary *dict = model_dictionary(chrome->source.model);
	unsigned int n = 0;

	if (!stack)
		return;
	put_key(chrome, key);
	json_stream_raw(&chrome->stream, "[");
	while (stack && n < MAX_FRAMES) {
		struct dict_stack node = dictionary_stack(dict, stack);
		struct levels levels = names_frame(chrome->source.names, names_frame_of(node));

		for (size_t i = 0; i < levels.n && n < MAX_FRAMES; i++) {
			struct function function =
				names_function(chrome->source.names, levels.items[i].function);

			json_stream_raw(&chrome->stream, n++ ? "," : "");
			json_stream_string(&chrome->stream,
					   names_text(chrome->source.names, function.name));
		}
		stack = node.parent;
	}
	json_stream_raw(&chrome->stream, stack ? ",\"...\"]" : "]");
}

/* "redis-server (812)" */
static void put_task(struct chrome *chrome, const char *key, uint32_t task)
{
	struct model_task t = model_task(chrome->source.model, task);
	struct buf text = { 0 };

	buf_printf(&text, "%s (%u)",
		   names_text(chrome->source.names,
			      names_thread(chrome->source.names, chrome->source.model, task)),
		   model_thread(chrome->source.model, t.thread).tid);
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
	uint32_t object = names_string(chrome->source.names, interval->wait.object);
	char *call;

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
		put_text(chrome, "on", names_text(chrome->source.names, object));
	if (interval->wait.nr) {
		call = syscall_text(chrome->source.model, interval->wait.nr - 1);
		put_text(chrome, "in", call);
		free(call);
	}
	put_stack(chrome, "stack", interval->wait.stack);
	put_waker(chrome, &interval->wake);
}

static void chrome_state(struct timeline_sink *sink, const struct timeline_state *state)
{
	struct chrome *chrome = (struct chrome *)sink; /* the first member; so everywhere here */
	struct buf scratch = { 0 };

	chrome_tracks_see(&chrome->tracks, state);
	open_thread_event(chrome, "X", state->thread);
	put_span(chrome, "state", state->start_ns, state->end_ns);
	put_text(chrome, "name", state_name(state->interval, &scratch));
	put_state_args(chrome, state);
	close_event(chrome, true);
	buf_release(&scratch);
}

static void put_item(struct chrome *chrome, const struct item *item)
{
	put_text(chrome, "name", names_text(chrome->source.names, item->name));
	for (size_t i = 0; i < item->n_args; i++) {
		const struct item_arg *arg = &item->args[i];

		if (i == 0)
			open_args(chrome, arg->key);
		else
			put_key(chrome, arg->key);
		if (arg->text)
			json_stream_string(&chrome->stream,
					   names_text(chrome->source.names, arg->text));
		else if (arg->is_address)
			json_stream_address(&chrome->stream, arg->number);
		else
			json_stream_number(&chrome->stream, arg->number);
	}
	close_event(chrome, item->n_args > 0);
}

static void chrome_syscall(struct timeline_sink *sink, const struct timeline_syscall *call)
{
	struct chrome *chrome = (struct chrome *)sink;
	struct item item;

	item_of_syscall(chrome->source, call, &item);
	open_thread_event(chrome, "X", call->thread);
	put_span(chrome, item.category, call->start_ns, call->end_ns);
	put_item(chrome, &item);
}

static void open_machine_event(struct chrome *chrome, enum machine_track kind, uint32_t id,
			       uint32_t lane)
{
	open_event(chrome, "X", chrome_machine_pid(&chrome->tracks, kind, id),
		   chrome_tracks_tid(&chrome->tracks, kind, id, lane));
}

static void chrome_run(struct timeline_sink *sink, const struct timeline_run *run)
{
	struct chrome *chrome = (struct chrome *)sink;
	uint32_t name = names_thread(chrome->source.names, chrome->source.model, run->task);
	struct model_thread thread = model_thread(chrome->source.model, run->thread);

	open_machine_event(chrome, TRACK_CPU, run->cpu, 0);
	put_span(chrome, "cpu", run->start_ns, run->end_ns);
	put_text(chrome, "name", names_text(chrome->source.names, name));
	open_args(chrome, "tid");
	json_stream_number(&chrome->stream, thread.tid);
	put_number(chrome, "pid", thread.pid);
	close_event(chrome, true);
}

static void chrome_interrupt(struct timeline_sink *sink, const struct timeline_interrupt *interrupt)
{
	struct chrome *chrome = (struct chrome *)sink;
	struct item item;

	item_of_interrupt(chrome->source, interrupt, &item);
	open_machine_event(chrome,
			   interrupt->kind == INTERRUPT_SOFT ? TRACK_SOFTIRQ : TRACK_INTERRUPT,
			   interrupt->cpu, 0);
	put_span(chrome, item.category, interrupt->start_ns, interrupt->end_ns);
	put_item(chrome, &item);
}

static void chrome_disk(struct timeline_sink *sink, const struct timeline_disk *disk)
{
	struct chrome *chrome = (struct chrome *)sink;
	struct item item;

	chrome->has_requests = true;
	item_of_disk(chrome->source, disk, &item);
	open_machine_event(chrome, TRACK_DISK, disk->device, disk->lane);
	put_span(chrome, item.category, disk->start_ns, disk->end_ns);
	put_item(chrome, &item);
}

static void chrome_pause(struct timeline_sink *sink, const struct timeline_pause *pause)
{
	struct chrome *chrome = (struct chrome *)sink;
	struct item item;

	item_of_pause(chrome->source, pause, &item);
	open_machine_event(chrome, TRACK_PAUSE, pause->thread, 0);
	put_span(chrome, item.category, pause->start_ns, pause->end_ns);
	put_item(chrome, &item);
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
	struct chrome *chrome = (struct chrome *)sink;
	struct item item;
	uint64_t pid = mark->thread ? 0 : chrome_machine_pid(&chrome->tracks, TRACK_CPU, 0);

	item_of_mark(chrome->source, mark, &item);
	if (mark->thread)
		open_thread_event(chrome, "i", mark->thread);
	else
		open_event(chrome, "i", pid, pid);
	put_text(chrome, "s", mark->thread ? "t" : "g");
	put_text(chrome, "cat", item.category);
	put_time(chrome, "ts", mark->time_ns);
	put_item(chrome, &item);
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

static void open_counter(struct chrome *chrome, const char *name, uint64_t time_ns, const char *key)
{
	open_event(chrome, "C", MACHINE_PID, 0);
	put_text(chrome, "name", name);
	put_time(chrome, "ts", time_ns);
	open_args(chrome, key);
}

static void chrome_load(struct timeline_sink *sink, const struct timeline_load *load)
{
	struct chrome *chrome = (struct chrome *)sink;

	open_counter(chrome, "threads", load->time_ns, "running");
	json_stream_double(&chrome->stream, load->n_running);
	put_key(chrome, "runnable");
	json_stream_double(&chrome->stream, load->n_runnable);
	close_event(chrome, true);
	open_counter(chrome, "switches", load->time_ns, "switches");
	json_stream_number(&chrome->stream, load->n_switches);
	close_event(chrome, true);
	if (!chrome->has_requests)
		return;
	open_counter(chrome, "disk requests", load->time_ns, "in flight");
	json_stream_double(&chrome->stream, load->n_requests);
	close_event(chrome, true);
}

static void chrome_memory(struct timeline_sink *sink, const struct timeline_memory *memory)
{
	struct chrome *chrome = (struct chrome *)sink;

	open_counter(chrome,
		     names_text(chrome->source.names, item_curve_of_memory(chrome->source, memory)),
		     memory->time_ns, "bytes");
	json_stream_number(&chrome->stream, memory->bytes > 0 ? (uint64_t)memory->bytes : 0);
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

static void put_track_name(void *arg, const struct chrome_track *track)
{
	struct chrome *chrome = arg;

	if (track->process) {
		put_meta(chrome, "process_name", track->pid, track->pid, track->process);
		put_order(chrome, "process_sort_index", track->pid, track->pid,
			  track->process_order);
	}
	put_meta(chrome, "thread_name", track->pid, track->tid, track->name);
	put_order(chrome, "thread_sort_index", track->pid, track->tid, track->order);
}

static int chrome_end(struct timeline_sink *sink)
{
	struct chrome *chrome = (struct chrome *)sink;
	struct model_window window = model_window(chrome->source.model);
	int error;

	chrome_tracks_name(&chrome->tracks, put_track_name, chrome);
	json_stream_raw(&chrome->stream, "\n],\"displayTimeUnit\":\"ns\",\"otherData\":{");
	json_stream_raw(&chrome->stream, "\"recorded_by\":\"sysprof\",\"start_wall_ns\":\"");
	json_stream_number(&chrome->stream, window.wall_ns);
	json_stream_raw(&chrome->stream, "\",\"start_monotonic_ns\":\"");
	json_stream_number(&chrome->stream, chrome->start_ns);
	json_stream_raw(&chrome->stream, "\"}}\n");
	error = json_stream_finish(&chrome->stream);
	chrome_tracks_release(&chrome->tracks);
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
		.interrupt = chrome_interrupt,
		.disk = chrome_disk,
		.pause = chrome_pause,
		.mark = chrome_mark,
		.sample = chrome_sample,
		.load = chrome_load,
		.memory = chrome_memory,
		.end = chrome_end,
	};
	chrome->stream.out = out;
	chrome->source = chrome->tracks.source =
		(struct item_source){ source->model, source->names };
	chrome->start_ns = source->start_ns;
	json_stream_raw(&chrome->stream, "{\"traceEvents\":[");
	return &chrome->sink;
}
