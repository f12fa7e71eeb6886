/* SPDX-License-Identifier: GPL-2.0-only */
#include "trace_calls.h"

#include <sys/syscall.h>

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
static bool take_exec(struct trace_calls *calls, uint32_t pid, struct open_call *ret)
{
	struct trace_exec *exec;

	array_for_each(exec, &calls->execs) {
		if (exec->pid != pid)
			continue;
		*ret = exec->entry;
		trace_calls_forget(calls, exec->tid);
		return true;
	}
	return false;
}

static struct open_call *find(const struct trace_calls *calls, uint32_t tid)
{
	const uint64_t *index = map_find(&calls->by_tid, tid);

	return index ? &calls->entries.items[*index - 1] : NULL;
}

static struct open_call *get(struct trace_calls *calls, uint32_t tid)
{
	uint64_t *index = map_insert(&calls->by_tid, tid);

	if (!*index && calls->unused.n) {
		*index = calls->unused.items[--calls->unused.n] + 1;
		calls->entries.items[*index - 1] = (struct open_call){ 0 };
	} else if (!*index) {
		array_add(&calls->entries);
		*index = calls->entries.n;
	}
	return &calls->entries.items[*index - 1];
}

/* A restart goes by another number than the call that it goes on with. */
void trace_calls_enter(struct trace_calls *calls, uint32_t tid, uint32_t pid,
		       const struct trace_call *call)
{
	struct open_call *entry = find(calls, tid);
	bool is_restart = entry && call->nr == SYS_restart_syscall;

	if (!entry)
		entry = get(calls, tid);
	entry->nr = (int32_t)call->nr;
	if (is_restart)
		entry->call.start_ns = call->start_ns;
	else
		entry->call = *call;
	if (is_exec(entry->nr))
		add_exec(calls, &(struct trace_exec){ tid, pid, *entry });
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
	*ret = (struct trace_call){
		.nr = (uint32_t)nr,
		.start_ns = calls->start_ns,
		.result = result,
	};
	return true;
}

/* Exec may come back under the leader's id: what it was entered under is kept apart. */
static bool resolve_exec(struct trace_calls *calls, uint32_t tid, const struct trace_call *exit,
			 struct open_call *entry)
{
	if (is_exec(exit->nr) && !exit->result)
		return take_exec(calls, tid, entry);
	if (is_exec(entry->nr))
		remove_exec(calls, tid);
	return false;
}

bool trace_calls_exit(struct trace_calls *calls, uint32_t tid, int64_t nr, int64_t result,
		      struct trace_call *ret)
{
	struct open_call *known = find(calls, tid);
	struct open_call entry = { 0 };
	bool is_known = known != NULL;

	if (known)
		entry = *known;
	get(calls, tid)->call.start_ns = 0;
	if (resolve_exec(calls, tid, &(struct trace_call){ .nr = (uint32_t)nr, .result = result },
			 &entry))
		is_known = true;
	if (!is_known)
		return first_exit(calls, nr, result, ret);
	/* Returning from a signal's handler leaves no number. */
	if (!entry.call.start_ns || (nr >= 0 && entry.nr != nr)) {
		calls->n_unpaired += nr >= 0;
		return false;
	}
	*ret = entry.call;
	ret->result = result;
	return true;
}

void trace_calls_gap(struct trace_calls *calls)
{
	struct open_call *entry;

	array_for_each(entry, &calls->entries)
		entry->call.start_ns = 0;
	calls->execs.n = 0;
	calls->has_gap = true;
}

void trace_calls_forget(struct trace_calls *calls, uint32_t tid)
{
	const uint64_t *index = map_find(&calls->by_tid, tid);

	if (index)
		*array_add(&calls->unused) = (uint32_t)*index - 1;
	map_remove(&calls->by_tid, tid);
	remove_exec(calls, tid);
}

void trace_calls_release(struct trace_calls *calls)
{
	map_release(&calls->by_tid);
	array_release(&calls->entries);
	array_release(&calls->unused);
	array_release(&calls->execs);
}
