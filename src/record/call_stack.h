/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks of system calls, by a tracepoint where they begin: puts SYSCALL_STACK events.
 *
 * Counting to the next sample costs each call of the machine some 150 ns.  So where not
 * every call is sampled, none is for most of the time: a random window in four does.
 */
#ifndef RECORD_CALL_STACK_H
#define RECORD_CALL_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "event/event.h"
#include "record/perf_record.h"
#include "tracepoint.h"

struct call_stacks {
	uint32_t id;                /* of the tracepoint; 0: calls are not sampled */
	struct tracepoint_field nr; /* in its raw data */
	bool is_paused;
	uint64_t until_ns; /* the window ends */
	uint64_t random;
	uint64_t n; /* stacks told of */
};

/* All-zero before.  Where there is no such tracepoint, nothing is sampled. */
void call_stacks_open(struct call_stacks *calls);

/* What tells of the sample @record. */
struct event call_stacks_event(struct call_stacks *calls, const struct perf_record *record,
			       uint32_t stack);

/* Decide, at @now_ns, whether to pause.  true: that is another decision than before. */
bool call_stacks_step(struct call_stacks *calls, uint32_t period, uint64_t now_ns);

#endif /* RECORD_CALL_STACK_H */
