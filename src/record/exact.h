/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exact stream as events: switches, wake-ups, details (trace_detail.h, system calls)
 * and gaps of what concerns the targets, and the states of their threads at the window's two ends.
 *
 * Where tracefs is not open to us, perf's records of switches serve: they tell when each
 * thread of the targets left its CPU, whether because it blocked, and when it ran again,
 * but not when and by whom it was woken, nor who ran instead.
 */
#ifndef RECORD_EXACT_H
#define RECORD_EXACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "audit.h"
#include "base/array.h"
#include "descriptors.h"
#include "event/sink.h"
#include "kernel_locks.h"
#include "life.h"
#include "record/perf_record.h"
#include "states.h"
#include "streams.h"
#include "trace.h"
#include "trace_calls.h"
#include "trace_detail.h"
#include "wait_source.h"

struct exact_options {
	bool is_detailed;
	struct stacks *of_locks; /* for waits for the kernel's; NULL: not asked for */
	bool has_perf_switches;  /* exact_take_perf() will be called, in the order of time */
	size_t buffer_bytes;     /* 0: as fits the machine */
	struct streams *streams;
	struct event_sink *sink;
	struct definer *definer;
	struct life *life;

	struct wait_source *waits; /* NULL: none */
	const pid_t *pids;         /* processes to follow, with all that they start */
	size_t n_pids;
};

struct exact {
	struct exact_options options; /* what it points to is borrowed */
	struct trace *trace;          /* NULL: there is none */
	bool is_perf;                 /* switches come by exact_take_perf() */
	ARRAY(uint64_t) seen_ns;      /* is_perf: the last switch of CPU i */
	uint64_t n_perf;              /* switches by then */
	struct trace_calls calls;
	struct descriptors descriptors;
	struct trace_detail detail;
	struct kernel_locks locks;
	struct states states;
	struct map priorities; /* tid → what was told last; not there: PRIORITY_USUAL */
	bool waits_for_exec;   /* of the command: what its process does until then is ours */
	uint64_t start_ns;
	bool has_warned;        /* that newborns cannot be followed */
	uint32_t earlier_id;    /* the last thread id given out, a second ago */
	uint64_t n_states_left; /* threads whose state was not read, for lack of time */
};

/*
 * Open what is to be had, and say in a line what is not: the recording goes on
 * without.  @exact is all-zero before.
 */
void exact_open(struct exact *exact, const struct exact_options *options);
void exact_close(struct exact *exact);

void exact_settle(struct exact *exact); /* this process has all the threads it will have */
void exact_start(struct exact *exact, uint64_t start_ns);
void exact_put_states(struct exact *exact); /* after what the window opened with was told */

/* The window opens with the exec of the command, process @pid, which runs at that time. */
void exact_open_at_exec(struct exact *exact, uint32_t pid, uint64_t time_ns);

/* A record of perf: SWITCH; EXIT, after life_exit(); LOST, among which there may be switches. */
void exact_take_perf(struct exact *exact, const struct perf_record *record);

void exact_every_second(struct exact *exact);

/* No new records; after the last drain: what is left to tell. */
void exact_stop(struct exact *exact);
void exact_finish(struct exact *exact, uint64_t end_ns);

/* The definer gives out new ones.  @told_ns: what was before has passed. */
void exact_forget_ids(struct exact *exact, uint64_t told_ns);

void exact_count(const struct exact *exact, struct audit *audit);

#endif /* RECORD_EXACT_H */
