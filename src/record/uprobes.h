/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probes in programs' code: whenever a thread comes by one, a sample is taken of it.  By the
 * kernel's uprobe events for perf, which end with the process that opened them, however it
 * ends.  A probe is in the file: whoever maps that takes the trap, of some microseconds.
 *
 * To find the places, to open an event (10 to 40 ms each) and to close one (100 ms) is done by
 * a helper process, so that nobody waits for it.
 */
#ifndef RECORD_UPROBES_H
#define RECORD_UPROBES_H

#include <stdint.h>

#include "record/perf_record.h"
#include "runtime/points.h"
#include "sampler.h"

struct uprobes;

struct uprobe_request {
	struct points_query query; /* what for and where; borrowed for the call */

	/* Of a function: who takes its samples (0: hit()), and how much of the stack they have. */
	enum sampler_source source;
	uint32_t stack_bytes; /* 0: as much as is usual */

	/*
	 * Called once, when the probes are in place, or with -errno when they are not: as of
	 * points_find(), and what the kernel says to the first event that it refuses.
	 */
	void (*ready)(void *arg, const struct points *points, int error);

	/* A thread came by points.list[@point]; with a stack where the step has one.  Or NULL. */
	void (*hit)(void *arg, const struct perf_record *record, uint32_t point);
	void *arg;
};

/*
 * Starts the helper.  @sampler, borrowed, is of SAMPLER_CPUS.  -ENOENT: the kernel has no such
 * events.
 */
int uprobes_open(struct sampler *sampler, struct uprobes **ret);

/* The helper goes on by itself until the kernel has taken the probes out. */
void uprobes_close(struct uprobes *uprobes);

/* 0; or -errno, and it will not be answered. */
int uprobes_ask(struct uprobes *uprobes, const struct uprobe_request *request);

/* Take what the helper has answered by now; does not wait. */
void uprobes_step(struct uprobes *uprobes);

/* Wait until all has been answered, at most @timeout_ms. */
void uprobes_settle(struct uprobes *uprobes, int timeout_ms);

/* A sample with the source SAMPLER_PROBES. */
void uprobes_take(const struct uprobes *uprobes, const struct perf_record *record);

/* 0, or the -errno with which this kernel refuses such events to this user. */
int uprobes_try(void);

#endif /* RECORD_UPROBES_H */
