/* SPDX-License-Identifier: GPL-2.0-only */
#include "states.h"

#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

enum task_state states_of_letter(char letter)
{
	switch (letter) {
	case 'D':
		return TASK_DISK;
	case 'T':
	case 't':
		return TASK_STOPPED;
	case 'X':
	case 'x':
	case 'Z':
		return TASK_DEAD;
	case 'R':
		return TASK_RUNNABLE;
	default: /* S, I, P */
		return TASK_SLEEPING;
	}
}

/* Reads a file of the thread's; 0 or less: there is no such thread. */
static ssize_t read_of(uint32_t pid, uint32_t tid, const char *name, struct buf *ret)
{
	char *path = xasprintf("/proc/%u/task/%u/%s", pid, tid, name);
	ssize_t n = file_read(path, ret);

	free(path);
	return n;
}

static bool read_state(uint32_t pid, uint32_t tid, enum task_state *ret)
{
	struct buf text = { 0 };
	const char *name_end;
	bool is_there = false;

	/* The name, in parentheses, may itself hold anything. */
	if (read_of(pid, tid, "stat", &text) > 0) {
		name_end = strrchr(buf_str(&text), ')');
		is_there = name_end && name_end[1] == ' ' && name_end[2];
		if (is_there)
			*ret = states_of_letter(name_end[2]);
	}
	buf_release(&text);
	return is_there;
}

static uint64_t read_run_time(uint32_t pid, uint32_t tid)
{
	struct buf text = { 0 };
	uint64_t ns = 0;

	if (read_of(pid, tid, "schedstat", &text) > 0)
		ns = strtoull(buf_str(&text), NULL, 10);
	buf_release(&text);
	return ns;
}

static void put(struct states *states, const struct event_task_state *state, uint64_t time_ns)
{
	struct event event = { .kind = EVENT_TASK_STATE, .time_ns = time_ns, .task_state = *state };

	if (states->explain && (state->state == TASK_SLEEPING || state->state == TASK_DISK))
		states->explain(states->arg, &event.task_state, time_ns);
	event_sink_put(states->sink, &event);
}

bool states_at_start(struct states *states, uint32_t pid, uint32_t tid, uint64_t start_ns)
{
	enum task_state state;

	if (!read_state(pid, tid, &state))
		return false;
	if (state == TASK_RUNNABLE)
		*map_insert(&states->ran_ns, tid) = read_run_time(pid, tid);
	put(states, &(struct event_task_state){ .pid = pid, .tid = tid, .state = state }, start_ns);
	return true;
}

bool states_at_end(struct states *states, uint32_t pid, uint32_t tid, uint64_t end_ns,
		   uint64_t window_ns)
{
	const uint64_t *ran_ns = map_find(&states->ran_ns, tid);
	enum task_state state;

	if (!read_state(pid, tid, &state))
		return false;
	if (state == TASK_RUNNABLE && ran_ns && read_run_time(pid, tid) - *ran_ns > window_ns / 2)
		state = TASK_RUNNING;
	put(states, &(struct event_task_state){ .pid = pid, .tid = tid, .state = state }, end_ns);
	return true;
}

void states_release(struct states *states)
{
	map_release(&states->ran_ns);
}
