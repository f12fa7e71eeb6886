/* SPDX-License-Identifier: GPL-2.0-only */
#include "call_stack.h"

#include "base/map.h"

#define WINDOW_NS 20000000u
#define ONE_IN    4 /* windows */

void call_stacks_open(struct call_stacks *calls)
{
	if (tracepoint_find("raw_syscalls", "sys_enter", "id", &calls->id, &calls->nr))
		calls->id = 0;
}

struct event call_stacks_event(struct call_stacks *calls, const struct perf_record *record,
			       uint32_t stack)
{
	struct event event = {
		.kind = EVENT_SYSCALL_STACK,
		.time_ns = record->time_ns,
		.syscall_stack = {
			.pid = record->pid,
			.tid = record->tid,
			.cpu = record->cpu,
			.stack = stack,
			.nr = (uint32_t)tracepoint_number(&record->sample, &calls->nr),
			.period = record->period,
		},
	};

	calls->n++;
	return event;
}

bool call_stacks_step(struct call_stacks *calls, uint32_t period, uint64_t now_ns)
{
	bool was_paused = calls->is_paused;

	if (period == 1) {
		calls->is_paused = false;
	} else if (now_ns >= calls->until_ns) {
		calls->until_ns = now_ns + WINDOW_NS;
		calls->random = hash_u64(calls->random ^ now_ns);
		calls->is_paused = calls->random % ONE_IN != 0;
	}
	return calls->is_paused != was_paused;
}
