/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stacks of threads that block and of those that wake them, with the reason, and of
 * page faults that waited and, if asked for, system calls: puts WAIT_STACK, WAKE_STACK,
 * FAULT_STACK and SYSCALL_STACK events, and finds stacks for waits for the kernel's locks.
 *
 * Tracepoints are sampled on every CPU, chosen by filters in the kernel, all of
 * them or one in N (budget.h).  Nothing is opened for a single thread: that would cost
 * the target on each of its switches, also on those that do not block.  Without privilege
 * there are no tracepoints: then long waits have stacks, which are looked up, and no others.
 */
#ifndef RECORD_WAIT_SOURCE_H
#define RECORD_WAIT_SOURCE_H

#include <stdint.h>

#include "budget.h"
#include "event/definer.h"
#include "event/sink.h"
#include "kernel_locks.h"
#include "life.h"
#include "proc/space.h"
#include "record/perf_record.h"
#include "sampler.h"
#include "stacks.h"
#include "targets.h"
#include "wait_reason.h"

struct wait_context { /* all borrowed */
	struct sampler *sampler;
	struct stacks *stacks;
	struct spaces *spaces;
	struct definer *definer;
	struct streams *streams;
	struct event_sink *sink;
	struct targets *targets;
	struct life *life;
	struct kernel_locks *locks; /* NULL: waits for them are not asked for */
	bool has_calls;             /* system calls are asked for, too */
	bool has_samples; /* else threads that block for long are looked up, and that is all */
};

struct wait_stats {
	uint64_t n_waits, n_wakes, n_faults, n_locks; /* stacks put */
	uint64_t n_strangers;                         /* samples that no target was part of */
	uint64_t copy_ns;     /* what taking the samples cost their threads, estimated */
	uint64_t recorder_ns; /* processor time of the recorder for them, estimated */
};

struct wait_source;

/* -EPERM or -EACCES: not allowed; -ENOENT: no event sched_switch.  Samples nothing yet. */
int wait_source_open(const struct wait_context *context, uint32_t budget_permille,
		     struct wait_source **ret);
void wait_source_close(struct wait_source *source);

/* Call it before the targets that live already are looked for: who is younger may be one, too. */
void wait_source_begin(struct wait_source *source);

/* Begin to sample, once they are known.  0 or -errno. */
int wait_source_start(struct wait_source *source);

/* Take a sample of any source but SAMPLER_TICKS. */
void wait_source_take(struct wait_source *source, const struct perf_record *record);

/* Take another record, about a process that is no target: it may have been a waker. */
void wait_source_take_other(struct wait_source *source, const struct perf_record *record);

/* The exact stream tells that @tid touches @address by the instruction at @ip. */
void wait_source_see_fault(struct wait_source *source, uint32_t tid, uint64_t ip, uint64_t address);

/* So many samples found their ring full. */
void wait_source_take_lost(struct wait_source *source, uint64_t n);

/*
 * A SCHED_SWITCH or SCHED_WAKING event of the exact stream: which waits last, so that those
 * are looked up that no sample told of.
 */
void wait_source_take_exact(struct wait_source *source, const struct event *event);

/* Keep budget and filters up to date, look at threads that block for long.  Often: */
int wait_source_timeout_ms(const struct wait_source *source); /* at least as often as this */
void wait_source_step(struct wait_source *source, uint64_t now_ns);

/*
 * Fill in stack, why, nr and object of a thread that is blocked now, from /proc and its
 * memory, as far as they can be had, and remember it for as long as it waits.  @source: a
 * struct wait_source.
 */
void wait_source_explain(void *source, struct event_task_state *state, uint64_t now_ns);

/* The definer gives out new ids. */
void wait_source_forget_ids(struct wait_source *source);

/* Put a COUNTER event for each count; the names are in sysprof.data(5). */
void wait_source_put_counters(struct wait_source *source, uint64_t now_ns);

#endif /* RECORD_WAIT_SOURCE_H */
