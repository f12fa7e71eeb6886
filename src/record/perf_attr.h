/* SPDX-License-Identifier: GPL-2.0-only */
/* What perf is asked for: the events of the sampler. */
#ifndef RECORD_PERF_ATTR_H
#define RECORD_PERF_ATTR_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sampler.h"

/*
 * Samples of the CPU, of hardware cycles and of the kernel, too.  Threads with events of their
 * own (SAMPLER_TASKS) have one for everything: it tells of processes and of call chains.
 */
struct perf_event_attr perf_attr_of_ticks(const struct sampler_options *options);

/* An event that never fires, and tells what happens to processes if it @tells. */
struct perf_event_attr perf_attr_of_owner(const struct perf_event_attr *ticks, bool tells);

struct perf_event_attr perf_attr_of_tracepoint(const struct sampler_tracepoint *tracepoint,
					       uint64_t read_format);

/* The descriptor of the event, or -errno. */
int perf_open(const struct perf_event_attr *attr, pid_t tid, int cpu);

/*
 * Takes from @attr what this kernel does not have, one thing after the other, until
 * the event opens.  Hardware cycles first, then the timer; kernel samples first, then
 * user space only.  Asks the kernel itself: what a sysctl says is not what counts.
 */
int perf_negotiate(struct perf_event_attr *attr, pid_t tid, int cpu);

#endif /* RECORD_PERF_ATTR_H */
