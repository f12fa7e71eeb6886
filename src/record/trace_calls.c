/* SPDX-License-Identifier: GPL-2.0-only */
#include "trace_calls.h"

#include <sys/syscall.h>

#define NUMBER(entered, told) ((uint64_t)(uint32_t)(told) << 32 | (uint32_t)(entered))

static bool is_exec(int64_t nr)
{
	return nr == SYS_execve || nr == SYS_execveat;
}

static bool is_birth(int64_t nr)
{
	return nr == SYS_clone || nr == SYS_clone3 || nr == SYS_fork || nr == SYS_vfork;
}

static void add_exec(struct trace_calls *calls, const struct trace_exec *new_exec)
{
	struct trace_exec *exec;

	array_for_each(exec, &calls->execs) {
		if (exec->tid == new_exec->tid) {
			*exec = *new_exec;
			return;
		}
	}
	*array_add(&calls->execs) = *new_exec;
}

/* The exec that made the process what it is now, by whichever of its threads. */
static uint64_t take_exec(struct trace_calls *calls, uint32_t pid)
{
	struct trace_exec *exec;
	uint64_t start_ns;

	array_for_each(exec, &calls->execs) {
		if (exec->pid != pid)
			continue;
		start_ns = exec->start_ns;
		trace_calls_forget(calls, exec->tid);
		return start_ns;
	}
	return 0;
}

/* A restart goes by another number than the call that it goes on with. */
static uint32_t told_number(const struct trace_calls *calls, uint32_t tid, int64_t nr)
{
	const uint64_t *number = map_find(&calls->numbers, tid);

	return nr == SYS_restart_syscall && number ? (uint32_t)(*number >> 32) : (uint32_t)nr;
}

void trace_calls_enter(struct trace_calls *calls, uint32_t tid, uint32_t pid, int64_t nr,
		       uint64_t time_ns)
{
	uint32_t told = told_number(calls, tid, nr);

	*map_insert(&calls->starts, tid) = time_ns;
	*map_insert(&calls->numbers, tid) = NUMBER(nr, told);
	if (is_exec(nr))
		add_exec(calls, &(struct trace_exec){ tid, pid, time_ns });
}

static void remove_exec(struct trace_calls *calls, uint32_t tid)
{
	for (size_t i = 0; i < calls->execs.n; i++) {
		if (calls->execs.items[i].tid == tid)
			calls->execs.items[i--] = calls->execs.items[--calls->execs.n];
	}
}

/* Of a thread of which nothing was seen before: born just now, or there from the start. */
static bool first_exit(struct trace_calls *calls, int64_t nr, int64_t result,
		       struct trace_call *ret)
{
	if (nr < 0 || (is_birth(nr) && !result))
		return false;
	if (calls->has_gap) {
		calls->n_unpaired++;
		return false;
	}
	*ret = (struct trace_call){ (uint32_t)nr, calls->start_ns, result };
	return true;
}

/* Returning from a signal's handler leaves no number. */
static bool is_same(uint64_t number, int64_t nr)
{
	return nr < 0 || (int32_t)number == nr;
}

/* A call that was entered: since when, and by which numbers; start_ns 0: not known. */
struct entry {
	uint64_t start_ns;
	uint64_t number;
	bool is_known;
};

/* Exec may come back under the leader's id: what it was entered under is kept apart. */
static void resolve_exec(struct trace_calls *calls, uint32_t tid, int64_t nr, int64_t result,
			 struct entry *entry)
{
	uint64_t exec_ns;

	if (!is_exec(nr) || result) {
		if (entry->is_known && is_exec((int32_t)entry->number))
			remove_exec(calls, tid);
		return;
	}
	exec_ns = take_exec(calls, tid);
	if (exec_ns)
		*entry = (struct entry){ exec_ns, NUMBER(nr, nr), true };
}

bool trace_calls_exit(struct trace_calls *calls, uint32_t tid, int64_t nr, int64_t result,
		      struct trace_call *ret)
{
	uint64_t *start = map_find(&calls->starts, tid);
	struct entry entry = { 0 };

	if (start) {
		entry = (struct entry){ *start, *map_insert(&calls->numbers, tid), true };
		*start = 0;
	}
	resolve_exec(calls, tid, nr, result, &entry);
	if (!entry.is_known) {
		*map_insert(&calls->starts, tid) = 0;
		return first_exit(calls, nr, result, ret);
	}
	if (!entry.start_ns || !is_same(entry.number, nr)) {
		calls->n_unpaired += nr >= 0;
		return false;
	}
	*ret = (struct trace_call){ (uint32_t)(entry.number >> 32), entry.start_ns, result };
	return true;
}

void trace_calls_gap(struct trace_calls *calls)
{
	struct map_slot *slot;

	map_for_each(slot, &calls->starts)
		slot->value = 0;
	calls->execs.n = 0;
	calls->has_gap = true;
}

void trace_calls_forget(struct trace_calls *calls, uint32_t tid)
{
	map_remove(&calls->starts, tid);
	map_remove(&calls->numbers, tid);
	remove_exec(calls, tid);
}

void trace_calls_release(struct trace_calls *calls)
{
	map_release(&calls->starts);
	map_release(&calls->numbers);
	array_release(&calls->execs);
}
