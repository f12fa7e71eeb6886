/* SPDX-License-Identifier: GPL-2.0-only */
#include "life.h"

#include "base/array.h"
#include "base/file.h"

/* What is known of a thread, in a word: its pid, and */
#define IS_NAMED  1u /* the stream has told its name */
#define IS_SEEN   2u /* a switch has shown it */
#define PID_SHIFT 2

static uint64_t entry_of(const struct life *life, uint32_t tid)
{
	const uint64_t *entry = map_find(&life->threads, tid);

	return entry ? *entry : 0;
}

static void set_entry(struct life *life, uint32_t tid, uint32_t pid, uint64_t flags)
{
	*map_insert(&life->threads, tid) = (uint64_t)pid << PID_SHIFT | flags;
}

uint32_t life_pid(const struct life *life, uint32_t tid)
{
	return (uint32_t)(entry_of(life, tid) >> PID_SHIFT);
}

bool life_is_seen(const struct life *life, uint32_t tid)
{
	return entry_of(life, tid) & IS_SEEN;
}

static void put_name(struct life *life, const struct event_comm *comm, uint64_t time_ns)
{
	struct event event = { .kind = EVENT_COMM, .time_ns = time_ns, .comm = *comm };

	set_entry(life, comm->tid, comm->pid, IS_NAMED | (entry_of(life, comm->tid) & IS_SEEN));
	event_sink_put(life->sink, &event);
}

static void put_exit(struct life *life, uint32_t pid, uint32_t tid, uint64_t time_ns)
{
	struct event event = {
		.kind = EVENT_EXIT,
		.time_ns = time_ns,
		.exit = { .pid = pid, .tid = tid },
	};

	event_sink_put(life->sink, &event);
}

void life_meet(struct life *life, uint32_t pid, uint32_t tid, uint64_t time_ns)
{
	struct buf text = { 0 };
	char *path;

	if (entry_of(life, tid) & IS_NAMED)
		return;
	path = xasprintf("/proc/%u/task/%u/comm", pid, tid);
	set_entry(life, tid, pid, IS_NAMED | (entry_of(life, tid) & IS_SEEN));
	if (file_read(path, &text) > 1) {
		text.size--; /* the newline */
		put_name(life,
			 &(struct event_comm){
				 .pid = pid,
				 .tid = tid,
				 .name = definer_string(life->definer, buf_str(&text)),
			 },
			 time_ns);
	}
	free(path);
	buf_release(&text);
}

/* Of a thread that nothing was told of; its own id where it is gone. */
static uint32_t ask_pid(uint32_t tid)
{
	char *path = xasprintf("/proc/%u/status", tid), *line;
	struct buf text = { 0 };
	uint32_t pid = tid;

	if (file_read(path, &text) > 0) {
		line = strstr(buf_str(&text), "\nTgid:");
		if (line)
			pid = (uint32_t)strtoul(line + strlen("\nTgid:"), NULL, 10);
	}
	free(path);
	buf_release(&text);
	return pid;
}

void life_see(struct life *life, uint32_t tid, const char *name, size_t size, uint64_t time_ns)
{
	uint64_t *entry = map_find(&life->threads, tid);
	uint32_t pid = entry ? (uint32_t)(*entry >> PID_SHIFT) : 0;

	if (entry)
		*entry |= IS_SEEN;
	if (!tid || (entry && (*entry & IS_NAMED)))
		return;
	put_name(life,
		 &(struct event_comm){
			 .pid = pid ? pid : ask_pid(tid),
			 .tid = tid,
			 .name = definer_bytes(life->definer, name, strnlen(name, size)),
		 },
		 time_ns);
	*map_insert(&life->threads, tid) |= IS_SEEN;
}

/*
 * Exec ends all threads of a process but one, which takes the id of the process: the
 * kernel tells of the end of the others, and not that the one had another id before.
 */
static void end_renamed(struct life *life, uint32_t pid, uint64_t time_ns)
{
	ARRAY(uint32_t) gone = { 0 };
	struct map_slot *slot;

	if (targets_is_single(life->targets, pid))
		return;
	map_for_each(slot, &life->targets->tids) {
		if (slot->value == pid && slot->key != pid)
			*array_add(&gone) = (uint32_t)slot->key;
	}
	targets_add_thread(life->targets, pid, pid);
	for (size_t i = 0; i < gone.n; i++) {
		targets_remove_thread(life->targets, gone.items[i]);
		map_remove(&life->threads, gone.items[i]);
		put_exit(life, pid, gone.items[i], time_ns);
	}
	array_release(&gone);
}

void life_comm(struct life *life, const struct perf_record *record)
{
	if (record->comm.is_exec) {
		spaces_exec(life->spaces, (pid_t)record->pid);
		end_renamed(life, record->pid, record->time_ns);
		map_remove(&life->dying, record->tid);
	}
	put_name(life,
		 &(struct event_comm){
			 .pid = record->pid,
			 .tid = record->tid,
			 .name = definer_string(life->definer, record->comm.name),
			 .exec = record->comm.is_exec,
		 },
		 record->time_ns);
}

/* A new thread goes by the name of the thread that made it, until it takes another. */
void life_fork(struct life *life, const struct perf_record *record)
{
	struct event event = {
		.kind = EVENT_FORK,
		.time_ns = record->time_ns,
		.fork = {
			.pid = record->pid,
			.tid = record->tid,
			.parent_pid = record->task.parent_pid,
			.parent_tid = record->task.parent_tid,
		},
	};

	targets_add_thread(life->targets, record->pid, record->tid);
	if (record->pid != record->task.parent_pid)
		spaces_fork(life->spaces, (pid_t)record->task.parent_pid, (pid_t)record->pid);
	map_remove(&life->dying, record->tid);
	set_entry(life, record->tid, record->pid,
		  entry_of(life, record->task.parent_tid) & IS_NAMED);
	event_sink_put(life->sink, &event);
}

/* It runs on a little, until a last switch takes it off its CPU. */
void life_exit(struct life *life, const struct perf_record *record)
{
	if (life->has_switches)
		map_insert(&life->dying, record->tid);
	else
		map_remove(&life->threads, record->tid);
	targets_remove_thread(life->targets, record->tid);
	put_exit(life, record->pid, record->tid, record->time_ns);
}

bool life_concerns(const struct life *life, uint32_t tid)
{
	return life->targets->is_all || map_find(&life->targets->tids, tid) ||
	       map_find(&life->dying, tid);
}

void life_born(struct life *life, uint32_t parent_tid, uint32_t tid, uint64_t time_ns)
{
	struct perf_record record = { .time_ns = time_ns, .tid = tid };

	if (!life_concerns(life, parent_tid) || entry_of(life, tid))
		return;
	record.pid = ask_pid(tid);
	record.task.parent_tid = parent_tid;
	record.task.parent_pid = life_pid(life, parent_tid);
	life_fork(life, &record);
}

void life_left(struct life *life, uint32_t tid, uint64_t time_ns)
{
	uint32_t pid = life_pid(life, tid);
	bool is_told = map_find(&life->dying, tid);

	if (!is_told && pid && life_concerns(life, tid)) {
		targets_remove_thread(life->targets, tid);
		put_exit(life, pid, tid, time_ns);
	}
	map_remove(&life->dying, tid);
	map_remove(&life->threads, tid);
}

void life_release(struct life *life)
{
	map_release(&life->threads);
	map_release(&life->dying);
}
