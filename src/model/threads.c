/* SPDX-License-Identifier: GPL-2.0-only */
#include "threads.h"

static struct model_thread *get(struct threads *threads, uint32_t id)
{
	return &threads->threads.items[id - 1].thread;
}

/* The id of the thread that has @tid now, if it is one of process @pid; or 0. */
static uint32_t find(const struct threads *threads, uint32_t pid, uint32_t tid)
{
	const uint64_t *id = map_find(&threads->by_tid, tid);

	if (!id || threads->threads.items[*id - 1].thread.pid != pid)
		return 0;
	return (uint32_t)*id;
}

static uint32_t add_alone(struct threads *threads, uint32_t pid, uint32_t tid, uint64_t time_ns)
{
	struct model_thread *thread = &array_add(&threads->threads)->thread;
	uint32_t id = (uint32_t)threads->threads.n;

	*thread = (struct model_thread){
		.pid = pid,
		.tid = tid,
		.leader = id,
		.first_ns = time_ns,
		.last_ns = time_ns,
	};
	*map_insert(&threads->by_tid, tid) = id;
	threads->n_changes++;
	return id;
}

/* A new thread takes over @tid; its process is made if it is not known. */
static uint32_t add(struct threads *threads, uint32_t pid, uint32_t tid, uint64_t time_ns)
{
	uint32_t leader, id;

	if (tid == pid)
		return add_alone(threads, pid, tid, time_ns);
	leader = find(threads, pid, pid);
	if (!leader)
		leader = add_alone(threads, pid, pid, time_ns);
	id = add_alone(threads, pid, tid, time_ns);
	get(threads, id)->leader = leader;
	return id;
}

/* The thread that has @tid, made if need be, noting that it was heard of now. */
static uint32_t hear(struct threads *threads, uint32_t pid, uint32_t tid, uint64_t time_ns)
{
	uint32_t id = find(threads, pid, tid);

	if (!id)
		return add(threads, pid, tid, time_ns);
	if (time_ns > get(threads, id)->last_ns)
		get(threads, id)->last_ns = time_ns;
	return id;
}

/*
 * As hear(), for events that only a living thread has: after an exit they are of
 * a new thread with the same tid.  (Samples are not among them: an exiting thread
 * can be sampled behind its exit record.)
 */
static uint32_t hear_alive(struct threads *threads, uint32_t pid, uint32_t tid, uint64_t time_ns)
{
	uint32_t id = find(threads, pid, tid);

	if (id && get(threads, id)->has_exited)
		return add(threads, pid, tid, time_ns);
	return hear(threads, pid, tid, time_ns);
}

static void set_name(struct threads *threads, uint32_t id, uint32_t name)
{
	get(threads, id)->name = name;
	threads->n_changes++;
}

/* A new thread is called as the one that made it, until it says otherwise. */
static void take_fork(struct threads *threads, const struct event_fork *fork, uint64_t time_ns)
{
	uint32_t parent = find(threads, fork->parent_pid, fork->parent_tid);
	uint32_t name = parent ? get(threads, parent)->name : 0;
	uint32_t id = hear_alive(threads, fork->pid, fork->tid, time_ns);

	if (!get(threads, id)->name)
		set_name(threads, id, name);
}

void threads_take(struct threads *threads, const struct event *event)
{
	uint64_t now = event->time_ns;
	const uint64_t *known;
	uint32_t id;

	switch (event->kind) {
	case EVENT_COMM:
		id = hear_alive(threads, event->comm.pid, event->comm.tid, now);
		set_name(threads, id, event->comm.name);
		break;
	case EVENT_FORK:
		take_fork(threads, &event->fork, now);
		break;
	case EVENT_EXIT:
		id = hear(threads, event->exit.pid, event->exit.tid, now);
		get(threads, id)->has_exited = true;
		break;
	case EVENT_SAMPLE:
		hear(threads, event->sample.pid, event->sample.tid, now);
		break;
	case EVENT_PRIORITY:
		known = map_find(&threads->by_tid, event->priority.tid);
		if (known && event->priority.level < UINT32_MAX)
			get(threads, (uint32_t)*known)->priority = event->priority.level + 1;
		break;
	case EVENT_TASK_STATE:
		hear(threads, event->task_state.pid, event->task_state.tid, now);
		break;
	default:
		break;
	}
}

static bool is_same(const struct model_task *a, const struct model_task *b)
{
	return a->thread == b->thread && a->name == b->name && a->process_name == b->process_name;
}

static uint32_t intern_task(struct threads *threads, const struct model_task *task)
{
	uint64_t names = (uint64_t)task->name << 32 | task->process_name;
	uint64_t *first = map_insert(&threads->by_hash, hash_u64(task->thread ^ hash_u64(names)));
	uint32_t id;

	for (id = (uint32_t)*first; id; id = threads->tasks.items[id - 1].next) {
		if (is_same(&threads->tasks.items[id - 1].task, task))
			return id;
	}
	*array_add(&threads->tasks) = (struct threads_task){ *task, (uint32_t)*first };
	*first = threads->tasks.n;
	return (uint32_t)*first;
}

uint32_t threads_task(struct threads *threads, uint32_t pid, uint32_t tid)
{
	uint32_t id = find(threads, pid, tid);
	struct threads_thread *entry;
	struct model_task task;

	if (!id)
		id = add(threads, pid, tid, 0);
	entry = &threads->threads.items[id - 1];
	task = (struct model_task){
		.thread = id,
		.name = entry->thread.name,
		.process_name = get(threads, entry->thread.leader)->name,
	};
	if (!entry->task || !is_same(&threads->tasks.items[entry->task - 1].task, &task))
		entry->task = intern_task(threads, &task);
	return entry->task;
}

uint32_t threads_pid(const struct threads *threads, uint32_t tid)
{
	const uint64_t *id = map_find(&threads->by_tid, tid);

	return id ? threads->threads.items[*id - 1].thread.pid : 0;
}

void threads_release(struct threads *threads)
{
	array_release(&threads->threads);
	array_release(&threads->tasks);
	map_release(&threads->by_tid);
	map_release(&threads->by_hash);
}
