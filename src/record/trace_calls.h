/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls, put together from the two events that the kernel has of each.
 *
 * Some calls have one event only, and are told apart: a newborn's return from its
 * birth; an exec, which may give the thread another id; calls that never return; and
 * those that the beginning of the recording, or a gap in it, cut.
 */
#ifndef RECORD_TRACE_CALLS_H
#define RECORD_TRACE_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/map.h"

struct trace_exec { /* an exec that has not come back */
	uint32_t tid, pid;
	uint64_t start_ns;
};

struct trace_calls {
	struct map starts;  /* thread → when its call began; 0: it is in none */
	struct map numbers; /* thread → that call's number, and what it is a restart of */
	ARRAY(struct trace_exec) execs;
	uint64_t start_ns;   /* of the recording: calls that were on then count from here */
	bool has_gap;        /* something was lost: a thread's first event may not be the first */
	uint64_t n_unpaired; /* returns of which the beginning was lost */
};

struct trace_call {
	uint32_t nr;
	uint64_t start_ns;
	int64_t result;
};

/* @pid: the thread's process; needed for an exec. */
void trace_calls_enter(struct trace_calls *calls, uint32_t tid, uint32_t pid, int64_t nr,
		       uint64_t time_ns);

/* A call returned.  true: its beginning is known, and @ret is it but for its end. */
bool trace_calls_exit(struct trace_calls *calls, uint32_t tid, int64_t nr, int64_t result,
		      struct trace_call *ret);

/* Events were lost: nothing that is on can be told from what came later. */
void trace_calls_gap(struct trace_calls *calls);
void trace_calls_forget(struct trace_calls *calls, uint32_t tid); /* the thread ended */
void trace_calls_release(struct trace_calls *calls);

#endif /* RECORD_TRACE_CALLS_H */
