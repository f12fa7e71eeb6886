/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timeline in Perfetto's own format, gzipped.  States are told by switches and
 * wake-ups (perfetto_sched.h), of which a reader makes CPUs' tracks, threads' states
 * and who woke whom; slices on the threads' tracks are system calls, waits of which
 * the reason is known, and what is unknown.  Stacks, names and texts are written once.
 */
#include <errno.h>
#include <stdlib.h>

#include "exporters.h"
#include "item.h"
#include "model/syscalls.h"
#include "perfetto_sched.h"
#include "perfetto_writer.h"

/* By the ids of their tracks; those of threads, of CPUs and of disks count from their last. */
enum {
	TRACK_RUNNING = 1,
	TRACK_RUNNABLE,
	TRACK_SWITCHES,
	TRACK_REQUESTS,
	TRACK_INTERRUPTS,
	TRACK_DISKS,
	TRACK_PROCESSES,
	TRACK_PAUSES,
	TRACK_MEMORY,
	TRACK_THREADS, /* whose ids count from 1 */
	TRACK_OUTSIDE = TRACK_THREADS
};

#define MACHINE_TRACKS ((uint64_t)1 << 60)

struct perfetto_thread {
	uint32_t task; /* the last one seen */
	enum sched_state state;
	bool is_shown, has_track;
};

struct perfetto {
	struct timeline_sink sink;
	struct item_source source;
	struct perfetto_writer writer;
	struct perfetto_sched sched;
	ARRAY(struct perfetto_thread) threads; /* by id */
	struct map tracks; /* that are neither threads' nor there from the start */
};

static struct perfetto_thread *thread_of(struct perfetto *perfetto, uint32_t thread)
{
	while (perfetto->threads.n <= thread)
		array_add(&perfetto->threads);
	return &perfetto->threads.items[thread];
}

static uint64_t track_of(struct perfetto *perfetto, uint32_t id)
{
	struct perfetto_thread *thread = thread_of(perfetto, id);
	struct model_thread t = model_thread(perfetto->source.model, id);
	Perfetto__TracePacket packet = perfetto_packet(perfetto->writer.start_ns);
	Perfetto__TrackDescriptor track = PERFETTO__TRACK_DESCRIPTOR__INIT;
	Perfetto__ThreadDescriptor descriptor = PERFETTO__THREAD_DESCRIPTOR__INIT;
	uint64_t uuid = (uint64_t)TRACK_THREADS + id;

	if (thread->has_track)
		return uuid;
	thread->has_track = true;
	descriptor.has_pid = descriptor.has_tid = true;
	descriptor.pid = (int32_t)t.pid;
	descriptor.tid = t.tid;
	track.has_uuid = true;
	track.uuid = uuid;
	track.thread = &descriptor;
	packet.track_descriptor = &track;
	perfetto_put(&perfetto->writer, &packet);
	return uuid;
}

static void put_event(struct perfetto *perfetto, uint64_t time_ns, Perfetto__TrackEvent__Type type,
		      Perfetto__TrackEvent *event)
{
	Perfetto__TracePacket packet = perfetto_packet(time_ns);

	event->has_type = true;
	event->type = type;
	packet.track_event = event;
	perfetto_put(&perfetto->writer, &packet);
}

/* Annotations of an event; filled in by the caller. */
struct notes {
	Perfetto__DebugAnnotation items[ITEM_MAX_ARGS], *pointers[ITEM_MAX_ARGS];
};

static Perfetto__DebugAnnotation *add_note(struct perfetto *perfetto, Perfetto__TrackEvent *event,
					   struct notes *notes, const char *key)
{
	Perfetto__DebugAnnotation *note = &notes->items[event->n_debug_annotations];

	*note = (Perfetto__DebugAnnotation)PERFETTO__DEBUG_ANNOTATION__INIT;
	note->has_name_iid = true;
	note->name_iid = perfetto_string(&perfetto->writer, PERFETTO_KEY, key);
	notes->pointers[event->n_debug_annotations++] = note;
	event->debug_annotations = notes->pointers;
	return note;
}

static void add_string(struct perfetto *perfetto, Perfetto__TrackEvent *event, struct notes *notes,
		       const char *key, uint32_t text)
{
	Perfetto__DebugAnnotation *note;

	if (!text)
		return;
	note = add_note(perfetto, event, notes, key);
	note->has_string_value_iid = true;
	note->string_value_iid = perfetto_text(&perfetto->writer, PERFETTO_VALUE, text);
}

static void add_number(struct perfetto *perfetto, Perfetto__TrackEvent *event, struct notes *notes,
		       const char *key, uint64_t value)
{
	Perfetto__DebugAnnotation *note = add_note(perfetto, event, notes, key);

	note->has_uint_value = true;
	note->uint_value = value;
}

static void add_address(struct perfetto *perfetto, Perfetto__TrackEvent *event, struct notes *notes,
			const char *key, uint64_t address)
{
	Perfetto__DebugAnnotation *note = add_note(perfetto, event, notes, key);

	note->has_pointer_value = true;
	note->pointer_value = address;
}

static void add_item(struct perfetto *perfetto, const struct item *item,
		     Perfetto__TrackEvent *event, struct notes *notes)
{
	event->name_iid = perfetto_text(&perfetto->writer, PERFETTO_NAME, item->name);
	for (size_t i = 0; i < item->n_args; i++) {
		const struct item_arg *arg = &item->args[i];

		if (arg->text)
			add_string(perfetto, event, notes, arg->key, arg->text);
		else if (arg->is_address)
			add_address(perfetto, event, notes, arg->key, arg->number);
		else
			add_number(perfetto, event, notes, arg->key, arg->number);
	}
}

struct slice {
	uint64_t track;
	const char *category;
	uint64_t start_ns, end_ns;
};

/* The beginning and the end of a slice, of which @begin has what is to be said. */
static void put_slice(struct perfetto *perfetto, const struct slice *slice,
		      Perfetto__TrackEvent *begin)
{
	uint64_t category = perfetto_string(&perfetto->writer, PERFETTO_CATEGORY, slice->category);
	Perfetto__TrackEvent end = PERFETTO__TRACK_EVENT__INIT;

	begin->has_name_iid = begin->has_track_uuid = end.has_track_uuid = true;
	begin->track_uuid = end.track_uuid = slice->track;
	begin->n_category_iids = 1;
	begin->category_iids = &category;
	put_event(perfetto, slice->start_ns, PERFETTO__TRACK_EVENT__TYPE__SLICE_BEGIN, begin);
	put_event(perfetto, slice->end_ns, PERFETTO__TRACK_EVENT__TYPE__SLICE_END, &end);
}

static void put_item(struct perfetto *perfetto, const struct item *item, uint64_t track,
		     uint64_t start_ns, uint64_t end_ns)
{
	struct slice slice = { track, item->category, start_ns, end_ns };
	Perfetto__TrackEvent event = PERFETTO__TRACK_EVENT__INIT;
	struct notes notes;

	add_item(perfetto, item, &event, &notes);
	put_slice(perfetto, &slice, &event);
}

static uint32_t intern_syscall(struct perfetto *perfetto, uint32_t nr)
{
	char *text = syscall_text(perfetto->source.model, nr);
	uint32_t ret = names_intern(perfetto->source.names, text);

	free(text);
	return ret;
}

static void put_wait(struct perfetto *perfetto, const struct timeline_state *state)
{
	struct slice slice = { track_of(perfetto, state->thread), "state", state->start_ns,
			       state->end_ns };
	const struct sched_interval *interval = state->interval;
	Perfetto__TrackEvent event = PERFETTO__TRACK_EVENT__INIT;
	struct notes notes;
	char name[64];

	snprintf(name, sizeof(name), "blocked: %s", wait_class_name(interval->wait.why));
	event.name_iid = perfetto_string(&perfetto->writer, PERFETTO_NAME, name);
	add_string(perfetto, &event, &notes, "on",
		   names_string(perfetto->source.names, interval->wait.object));
	if (interval->wait.nr)
		add_string(perfetto, &event, &notes, "in",
			   intern_syscall(perfetto, interval->wait.nr - 1));
	if (interval->wake.tid)
		add_number(perfetto, &event, &notes, "waker_tid", interval->wake.tid);
	add_string(perfetto, &event, &notes, "stack",
		   perfetto_stack_text(&perfetto->writer, interval->wait.stack));
	put_slice(perfetto, &slice, &event);
}

static void put_unknown(struct perfetto *perfetto, const struct timeline_state *state)
{
	struct slice slice = { track_of(perfetto, state->thread), "state", state->start_ns,
			       state->end_ns };
	Perfetto__TrackEvent event = PERFETTO__TRACK_EVENT__INIT;

	event.name_iid =
		perfetto_string(&perfetto->writer, PERFETTO_NAME, "unknown: events are missing");
	put_slice(perfetto, &slice, &event);
}

static void put_waking(struct perfetto *perfetto, const struct timeline_state *state,
		       uint64_t time_ns, uint32_t tid, uint32_t name)
{
	const struct sched_wake *wake = &state->interval->wake;
	struct perfetto_waking waking = {
		.time_ns = time_ns,
		.tid = tid,
		.name = name,
		.target_cpu = state->interval->cpu,
		.by_interrupt = wake->is_seen && !wake->tid,
	};

	perfetto_sched_waking(&perfetto->sched, wake->is_seen ? wake->cpu : waking.target_cpu,
			      &waking);
}

/* What a reader cannot tell from runs and wake-ups: how a state begins that none leads to. */
static void put_start(struct perfetto *perfetto, const struct timeline_state *state,
		      const struct perfetto_thread *thread, uint32_t tid, uint32_t name)
{
	const struct sched_interval *interval = state->interval;
	bool is_unexpected = !thread->is_shown || thread->state == SCHED_UNKNOWN;
	bool is_start = state->start_ns == interval->start_ns;
	struct perfetto_leave leave = {
		.time_ns = state->start_ns,
		.cpu = interval->cpu,
		.tid = tid,
		.name = name,
		.state = interval->wait.is_disk ? TASK_DISK : TASK_SLEEPING,
	};

	/* Of who was woken on its way to block, a reader wants to see the wake-up afterwards. */
	if (interval->state == SCHED_RUNNABLE && is_start && !interval->is_preempted)
		put_waking(perfetto, state, state->start_ns + (thread->state == SCHED_RUNNING), tid,
			   name);
	else if (interval->state == SCHED_BLOCKED && is_unexpected)
		perfetto_sched_leave(&perfetto->sched, &leave);
}

static void perfetto_state(struct timeline_sink *sink, const struct timeline_state *state)
{
	struct perfetto *perfetto = (struct perfetto *)sink; /* the first member; so everywhere */
	const struct sched_interval *interval = state->interval;
	struct perfetto_thread *thread = thread_of(perfetto, state->thread);

	put_start(perfetto, state, thread, model_thread(perfetto->source.model, state->thread).tid,
		  names_thread(perfetto->source.names, perfetto->source.model, interval->task));
	thread->is_shown = true;
	thread->task = interval->task;
	thread->state = interval->state;
	if (interval->state == SCHED_BLOCKED && interval->wait.period)
		put_wait(perfetto, state);
	else if (interval->state == SCHED_UNKNOWN)
		put_unknown(perfetto, state);
}

static void perfetto_syscall(struct timeline_sink *sink, const struct timeline_syscall *call)
{
	struct perfetto *perfetto = (struct perfetto *)sink;
	struct item item;

	item_of_syscall(perfetto->source, call, &item);
	put_item(perfetto, &item, track_of(perfetto, call->thread), call->start_ns, call->end_ns);
}

static void put_track(struct perfetto *perfetto, uint64_t uuid, uint64_t parent, const char *name)
{
	Perfetto__TracePacket packet = perfetto_packet(perfetto->writer.start_ns);
	Perfetto__TrackDescriptor track = PERFETTO__TRACK_DESCRIPTOR__INIT;

	track.has_uuid = true;
	track.uuid = uuid;
	track.has_parent_uuid = parent != 0;
	track.parent_uuid = parent;
	track.name = (char *)name;
	packet.track_descriptor = &track;
	perfetto_put(&perfetto->writer, &packet);
}

/* The track @number of those below @group; told of before what is on it. */
static uint64_t machine_track(struct perfetto *perfetto, uint64_t group, uint64_t number,
			      const char *name)
{
	uint64_t uuid = MACHINE_TRACKS | group << 48 | number;
	uint64_t *is_told;

	is_told = map_insert(&perfetto->tracks, group);
	if (!(*is_told)++)
		put_track(perfetto, group, 0, group == TRACK_DISKS ? "disks" : "interrupts");
	is_told = map_insert(&perfetto->tracks, uuid);
	if (!(*is_told)++)
		put_track(perfetto, uuid, group, name);
	return uuid;
}

/* Below the process. */
static uint64_t pause_track(struct perfetto *perfetto, uint32_t id)
{
	struct model_thread thread = model_thread(perfetto->source.model, id);
	Perfetto__TracePacket packet = perfetto_packet(perfetto->writer.start_ns);
	Perfetto__TrackDescriptor track = PERFETTO__TRACK_DESCRIPTOR__INIT;
	Perfetto__ProcessDescriptor process = PERFETTO__PROCESS_DESCRIPTOR__INIT;
	uint64_t of_process = MACHINE_TRACKS | (uint64_t)TRACK_PROCESSES << 48 | thread.pid;
	uint64_t uuid = MACHINE_TRACKS | (uint64_t)TRACK_PAUSES << 48 | id;
	struct buf name = { 0 };

	if (!(*map_insert(&perfetto->tracks, of_process))++) {
		process.has_pid = track.has_uuid = true;
		process.pid = (int32_t)thread.pid;
		track.uuid = of_process;
		track.process = &process;
		packet.track_descriptor = &track;
		perfetto_put(&perfetto->writer, &packet);
	}
	if (!(*map_insert(&perfetto->tracks, uuid))++) {
		item_track_of_pauses(perfetto->source, id, &name);
		put_track(perfetto, uuid, of_process, buf_str(&name));
		buf_release(&name);
	}
	return uuid;
}

static void put_counter_track(struct perfetto *perfetto, uint64_t uuid, const char *name)
{
	Perfetto__TracePacket packet = perfetto_packet(perfetto->writer.start_ns);
	Perfetto__TrackDescriptor track = PERFETTO__TRACK_DESCRIPTOR__INIT;
	Perfetto__CounterDescriptor counter = PERFETTO__COUNTER_DESCRIPTOR__INIT;

	track.has_uuid = true;
	track.uuid = uuid;
	track.name = (char *)name;
	track.counter = &counter;
	packet.track_descriptor = &track;
	perfetto_put(&perfetto->writer, &packet);
}

static void perfetto_interrupt(struct timeline_sink *sink,
			       const struct timeline_interrupt *interrupt)
{
	struct perfetto *perfetto = (struct perfetto *)sink;
	bool is_soft = interrupt->kind == INTERRUPT_SOFT;
	struct item item;
	char name[40];

	snprintf(name, sizeof(name), "CPU %u%s", interrupt->cpu,
		 is_soft ? " softirqs" : " interrupts");
	item_of_interrupt(perfetto->source, interrupt, &item);
	put_item(perfetto, &item,
		 machine_track(perfetto, TRACK_INTERRUPTS, (uint64_t)interrupt->cpu << 1 | is_soft,
			       name),
		 interrupt->start_ns, interrupt->end_ns);
}

/* Lanes of a disk have one name, by which readers show them as one track. */
static void perfetto_disk(struct timeline_sink *sink, const struct timeline_disk *disk)
{
	struct perfetto *perfetto = (struct perfetto *)sink;
	const char *name = names_text(perfetto->source.names,
				      names_string(perfetto->source.names, disk->device));
	struct item item;

	if (!map_find(&perfetto->tracks, TRACK_DISKS))
		put_counter_track(perfetto, TRACK_REQUESTS, "disk requests in flight");
	item_of_disk(perfetto->source, disk, &item);
	put_item(perfetto, &item,
		 machine_track(perfetto, TRACK_DISKS, (uint64_t)disk->device << 16 | disk->lane,
			       name),
		 disk->start_ns, disk->end_ns);
}

static void perfetto_pause(struct timeline_sink *sink, const struct timeline_pause *pause)
{
	struct perfetto *perfetto = (struct perfetto *)sink;
	struct item item;

	item_of_pause(perfetto->source, pause, &item);
	put_item(perfetto, &item, pause_track(perfetto, pause->thread), pause->start_ns,
		 pause->end_ns);
}

static void perfetto_run(struct timeline_sink *sink, const struct timeline_run *run)
{
	struct perfetto *perfetto = (struct perfetto *)sink;

	perfetto_sched_run(&perfetto->sched, run,
			   model_thread(perfetto->source.model, run->thread).tid,
			   names_thread(perfetto->source.names, perfetto->source.model, run->task));
}

static void perfetto_mark(struct timeline_sink *sink, const struct timeline_mark *mark)
{
	struct perfetto *perfetto = (struct perfetto *)sink;
	Perfetto__TrackEvent event = PERFETTO__TRACK_EVENT__INIT;
	uint64_t category;
	struct notes notes;
	struct item item;

	if (mark->kind == MARK_MIGRATE) /* the reader sees that */
		return;
	if (!mark->thread)
		put_track(perfetto, TRACK_OUTSIDE, 0, "from outside");
	item_of_mark(perfetto->source, mark, &item);
	category = perfetto_string(&perfetto->writer, PERFETTO_CATEGORY, item.category);
	add_item(perfetto, &item, &event, &notes);
	event.has_name_iid = event.has_track_uuid = true;
	event.track_uuid = mark->thread ? track_of(perfetto, mark->thread) : TRACK_OUTSIDE;
	event.n_category_iids = 1;
	event.category_iids = &category;
	put_event(perfetto, mark->time_ns, PERFETTO__TRACK_EVENT__TYPE__INSTANT, &event);
}

static void perfetto_sample(struct timeline_sink *sink, const struct timeline_sample *from)
{
	struct perfetto *perfetto = (struct perfetto *)sink;
	struct model_thread thread = model_thread(perfetto->source.model, from->thread);
	Perfetto__TracePacket packet = perfetto_packet(from->time_ns);
	Perfetto__PerfSample sample = PERFETTO__PERF_SAMPLE__INIT;

	sample.has_cpu = sample.has_pid = sample.has_tid = true;
	sample.cpu = from->cpu;
	sample.pid = thread.pid;
	sample.tid = thread.tid;
	sample.callstack_iid = perfetto_stack(&perfetto->writer, from->stack);
	sample.has_callstack_iid = sample.callstack_iid != 0;
	packet.perf_sample = &sample;
	perfetto_put(&perfetto->writer, &packet);
}

static void put_counter(struct perfetto *perfetto, uint64_t track, uint64_t time_ns, double value)
{
	Perfetto__TrackEvent event = PERFETTO__TRACK_EVENT__INIT;

	event.has_track_uuid = event.has_double_counter_value = true;
	event.track_uuid = track;
	event.double_counter_value = value;
	put_event(perfetto, time_ns, PERFETTO__TRACK_EVENT__TYPE__COUNTER, &event);
}

static void perfetto_load(struct timeline_sink *sink, const struct timeline_load *load)
{
	struct perfetto *perfetto = (struct perfetto *)sink;

	put_counter(perfetto, TRACK_RUNNING, load->time_ns, load->n_running);
	put_counter(perfetto, TRACK_RUNNABLE, load->time_ns, load->n_runnable);
	put_counter(perfetto, TRACK_SWITCHES, load->time_ns, (double)load->n_switches);
	if (map_find(&perfetto->tracks, TRACK_DISKS))
		put_counter(perfetto, TRACK_REQUESTS, load->time_ns, load->n_requests);
}

static void perfetto_memory(struct timeline_sink *sink, const struct timeline_memory *memory)
{
	struct perfetto *perfetto = (struct perfetto *)sink;
	uint64_t uuid = MACHINE_TRACKS | (uint64_t)TRACK_MEMORY << 48 | memory->series;

	if (!(*map_insert(&perfetto->tracks, uuid))++)
		put_counter_track(perfetto, uuid,
				  names_text(perfetto->source.names,
					     item_curve_of_memory(perfetto->source, memory)));
	put_counter(perfetto, uuid, memory->time_ns, (double)memory->bytes);
}

static void put_thread_name(struct perfetto *perfetto, uint32_t id)
{
	uint32_t task = perfetto->threads.items[id].task;
	struct model_thread thread = model_thread(perfetto->source.model, id);
	Perfetto__TracePacket packet = perfetto_packet(perfetto->writer.start_ns);
	Perfetto__ProcessTree tree = PERFETTO__PROCESS_TREE__INIT;
	Perfetto__ProcessTree__Process process = PERFETTO__PROCESS_TREE__PROCESS__INIT;
	Perfetto__ProcessTree__Process *processes = &process;
	Perfetto__ProcessTree__Thread named = PERFETTO__PROCESS_TREE__THREAD__INIT;
	Perfetto__ProcessTree__Thread *threads = &named;
	char *cmdline = (char *)names_text(perfetto->source.names,
					   names_process(perfetto->source.names,
							 perfetto->source.model, task));

	process.has_pid = named.has_tid = named.has_tgid = true;
	process.pid = named.tgid = (int32_t)thread.pid;
	process.n_cmdline = 1;
	process.cmdline = &cmdline;
	named.tid = (int32_t)thread.tid;
	named.name = (char *)names_text(perfetto->source.names,
					names_thread(perfetto->source.names, perfetto->source.model,
						     task));
	tree.n_processes = tree.n_threads = 1;
	tree.processes = &processes;
	tree.threads = &threads;
	packet.process_tree = &tree;
	perfetto_put(&perfetto->writer, &packet);
}

static int perfetto_end(struct timeline_sink *sink)
{
	struct perfetto *perfetto = (struct perfetto *)sink;
	int error;

	for (uint32_t id = 1; id < perfetto->threads.n; id++) {
		if (perfetto->threads.items[id].is_shown)
			put_thread_name(perfetto, id);
	}
	perfetto_sched_release(&perfetto->sched);
	error = perfetto_finish(&perfetto->writer);
	array_release(&perfetto->threads);
	map_release(&perfetto->tracks);
	free(perfetto);
	return error;
}

static void put_bundle(void *arg, const Perfetto__FtraceEventBundle *bundle)
{
	struct perfetto *perfetto = arg;
	Perfetto__TracePacket packet = PERFETTO__TRACE_PACKET__INIT;

	packet.ftrace_events = (Perfetto__FtraceEventBundle *)bundle;
	perfetto_put(&perfetto->writer, &packet);
}

struct timeline_sink *perfetto_timeline(const struct timeline_source *source, FILE *out)
{
	struct perfetto *perfetto = xcalloc(1, sizeof(*perfetto));

	perfetto->sink = (struct timeline_sink){
		.state = perfetto_state,
		.syscall = perfetto_syscall,
		.run = perfetto_run,
		.interrupt = perfetto_interrupt,
		.disk = perfetto_disk,
		.pause = perfetto_pause,
		.mark = perfetto_mark,
		.sample = perfetto_sample,
		.load = perfetto_load,
		.memory = perfetto_memory,
		.end = perfetto_end,
	};
	gzip_init(&perfetto->writer.gzip, out);
	perfetto->source = (struct item_source){ source->model, source->names };
	perfetto->writer.model = source->model;
	perfetto->writer.names = source->names;
	perfetto->sched.names = source->names;
	perfetto->writer.start_ns = perfetto->sched.start_ns = source->start_ns;
	perfetto->sched.other_name = names_intern(source->names, "idle or not recorded");
	perfetto->sched.put = put_bundle;
	perfetto->sched.arg = perfetto;
	put_counter_track(perfetto, TRACK_RUNNING, "threads running");
	put_counter_track(perfetto, TRACK_RUNNABLE, "threads waiting for a CPU");
	put_counter_track(perfetto, TRACK_SWITCHES, "switches to a thread in 10 ms");
	return &perfetto->sink;
}
