/* SPDX-License-Identifier: GPL-2.0-only */
#include "perf_attr.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_STACK_BYTES 65528u /* the most a record can hold */

/* Linux 6.0: a count of what an event lost can be read from it. */
#ifndef PERF_FORMAT_LOST
#define PERF_FORMAT_LOST (1u << 4)
#endif

int perf_open(const struct perf_event_attr *attr, pid_t tid, int cpu)
{
	long fd = syscall(SYS_perf_event_open, attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

/*
 * No build-ids in the records: while any event of the machine asks for them, the kernel
 * marks the records of all others as having them (perf_event_mmap_output() passes one
 * header on from event to event).  perf 6.1 and samply crash of that.
 */
static void tell_of_processes(struct perf_event_attr *attr)
{
	attr->mmap = attr->mmap2 = attr->comm = attr->comm_exec = attr->task = 1;
}

/*
 * Of threads with events of their own, all is told by one, and once and for all: what they
 * start inherits it as it is.
 */
struct perf_event_attr perf_attr_of_ticks(const struct sampler_options *options)
{
	bool is_tasks = options->scope == SAMPLER_TASKS;
	struct perf_event_attr attr = {
		.size = sizeof(struct perf_event_attr),
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.freq = 1,
		.sample_freq = options->hz,
		.sample_type = PERF_SAMPLE_TYPE,
		.read_format = PERF_FORMAT_LOST,
		.disabled = 1,
		.inherit = is_tasks,
		.enable_on_exec = options->on_exec,
		.exclude_idle = 1,
		.exclude_hv = 1,
		.exclude_callchain_user = !is_tasks,
		.context_switch = options->has_switches,
		.watermark = 1,
		.sample_id_all = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.sample_regs_user = PERF_REGS_MASK,
		.sample_stack_user = MAX_STACK_BYTES,
	};

	if (is_tasks)
		tell_of_processes(&attr);
	return attr;
}

struct perf_event_attr perf_attr_of_owner(const struct perf_event_attr *ticks, bool tells)
{
	struct perf_event_attr attr = *ticks;

	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_DUMMY;
	if (tells)
		tell_of_processes(&attr);
	return attr;
}

struct perf_event_attr perf_attr_of_tracepoint(const struct sampler_tracepoint *tp,
					       uint64_t read_format)
{
	return (struct perf_event_attr){
		.size = sizeof(struct perf_event_attr),
		.type = tp->type,
		.config = tp->id,
		.sample_period = tp->period,
		.sample_type = PERF_SAMPLE_TYPE,
		.read_format = read_format,
		.disabled = 1,
		.exclude_callchain_kernel = !tp->has_kernel,
		.exclude_callchain_user = 1,
		.watermark = 1,
		.sample_id_all = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.sample_regs_user = PERF_REGS_MASK,
		.sample_stack_user = tp->stack_bytes,
	};
}

int perf_negotiate(struct perf_event_attr *attr, pid_t tid, int cpu)
{
	int fd;

	for (;;) {
		fd = perf_open(attr, tid, cpu);
		if (fd >= 0) {
			close(fd);
			return 0;
		}
		if (attr->type == PERF_TYPE_HARDWARE &&
		    (fd == -ENOENT || fd == -EOPNOTSUPP || fd == -ENODEV)) {
			attr->type = PERF_TYPE_SOFTWARE;
			attr->config = PERF_COUNT_SW_CPU_CLOCK;
		} else if (fd == -EINVAL && attr->read_format) {
			attr->read_format = 0;
		} else if ((fd == -EACCES || fd == -EPERM) && !attr->exclude_kernel && tid >= 0) {
			attr->exclude_kernel = 1;
		} else {
			return fd;
		}
	}
}
