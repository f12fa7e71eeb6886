/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens over time, as a stream: the other half of the waist between analyses
 * and exporters.  A timeline is never held as a whole; what it says is handed to a
 * sink as soon as it is known.
 *
 * A thread's track holds its states, one after another without overlap, and its
 * system calls.  States are cut at the edges of system calls, so that slices of a
 * track nest; what was cut goes on as another slice of the same interval.  A system
 * call is handed out before the states within it, and states of one thread are in
 * the order of time.  Between tracks there is no order.
 */
#ifndef MODEL_TIMELINE_H
#define MODEL_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/sched.h"

struct timeline_state { /* a slice of a thread's track */
	uint32_t thread;
	uint64_t start_ns, end_ns;
	const struct sched_interval *interval; /* which it is all or a part of */
};

struct timeline_syscall {
	uint32_t thread;
	uint64_t start_ns, end_ns;
	uint32_t nr;
	uint64_t result; /* as a signed number: -errno if it failed */
	bool is_cut;     /* it began before start_ns */
};

struct timeline_run { /* a slice of a CPU's track */
	uint32_t cpu;
	uint32_t thread, task;
	uint64_t start_ns, end_ns;
	uint32_t left_as; /* enum task_state after it */
};

struct timeline_wakeup { /* at which the woken thread's slice ends, and the next begins */
	uint64_t time_ns;
	uint32_t waker, woken; /* threads that have tracks */
};

enum timeline_mark_kind {
	MARK_FORK, /* detail: the new thread's tid */
	MARK_EXEC, /* detail: string id of the new name */
	MARK_EXIT,
	MARK_MIGRATE, /* detail: the CPU it came from */
};

struct timeline_mark {
	enum timeline_mark_kind kind;
	uint32_t thread;
	uint64_t time_ns;
	uint32_t detail;
};

struct timeline_sample {
	uint32_t thread, cpu;
	uint64_t time_ns, weight_ns;
	uint32_t stack;
};

struct timeline_load { /* of all threads that have tracks, over a short time from time_ns on */
	uint64_t time_ns;
	double n_running, n_runnable; /* on average */
	uint64_t n_switches;
};

struct timeline_sink {
	void (*state)(struct timeline_sink *sink, const struct timeline_state *state);
	void (*syscall)(struct timeline_sink *sink, const struct timeline_syscall *call);
	void (*run)(struct timeline_sink *sink, const struct timeline_run *run);
	void (*wakeup)(struct timeline_sink *sink, const struct timeline_wakeup *wakeup);
	void (*mark)(struct timeline_sink *sink, const struct timeline_mark *mark);
	void (*sample)(struct timeline_sink *sink, const struct timeline_sample *sample);
	void (*load)(struct timeline_sink *sink, const struct timeline_load *load);

	/* Everything has passed, all names are known.  Frees @sink.  0 or -errno. */
	int (*end)(struct timeline_sink *sink);
};

#endif /* MODEL_TIMELINE_H */
