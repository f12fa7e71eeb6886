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
#include "event/syscalls.h"

struct trace_call {
	uint32_t nr;
	uint64_t start_ns;
	int64_t result;
	uint64_t args[SYSCALL_ARGS]; /* those to be kept */
};

struct open_call {              /* the last call that a thread entered */
	int32_t nr;             /* by which number it will come back */
	struct trace_call call; /* what it is, also where it is the restart of another; start_ns 0:
				 * it has come back, or its beginning is not known */
};

struct trace_exec { /* an exec that has not come back */
	uint32_t tid, pid;
	struct open_call entry;
};

struct trace_calls {
	struct map by_tid; /* to the index + 1 */
	ARRAY(struct open_call) entries;
	ARRAY(uint32_t) unused; /* indexes of entries */
	ARRAY(struct trace_exec) execs;
	uint64_t start_ns;   /* of the recording: calls that were on then count from here */
	bool has_gap;        /* something was lost: a thread's first event may not be the first */
	uint64_t n_unpaired; /* returns of which the beginning was lost */
};

/* @pid: the thread's process; needed for an exec. */
void trace_calls_enter(struct trace_calls *calls, uint32_t tid, uint32_t pid,
		       const struct trace_call *call);

/* A call returned.  true: its beginning is known, and @ret is it but for its end. */
bool trace_calls_exit(struct trace_calls *calls, uint32_t tid, int64_t nr, int64_t result,
		      struct trace_call *ret);

/* Events were lost: nothing that is on can be told from what came later. */
void trace_calls_gap(struct trace_calls *calls);
void trace_calls_forget(struct trace_calls *calls, uint32_t tid); /* the thread ended */
void trace_calls_release(struct trace_calls *calls);

#endif /* RECORD_TRACE_CALLS_H */
