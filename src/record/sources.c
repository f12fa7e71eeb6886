/* SPDX-License-Identifier: GPL-2.0-only */
#include "record/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/human.h"
#include "base/mem.h"
#include "heap_command.h"
#include "page_scan.h"
#include "perf_ring.h"
#include "record/perf_record.h"
#include "trace.h"
#include "uprobes.h"

#define PARANOID_ADVICE "run with sudo, or: sysctl kernel.perf_event_paranoid="

static int event_open(struct perf_event_attr *attr, pid_t tid, int cpu)
{
	long fd;

	attr->size = sizeof(*attr);
	attr->disabled = 1;
	fd = syscall(SYS_perf_event_open, attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

static int try_event(struct perf_event_attr attr, pid_t tid, int cpu)
{
	int fd = event_open(&attr, tid, cpu);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static const struct perf_event_attr cpu_clock = {
	.type = PERF_TYPE_SOFTWARE,
	.config = PERF_COUNT_SW_CPU_CLOCK,
	.freq = 1,
	.sample_freq = 100,
	.sample_type = PERF_SAMPLE_TYPE,
	.sample_regs_user = PERF_REGS_MASK,
	.sample_stack_user = 8192,
};

static enum source_state failed(int error, struct buf *detail)
{
	buf_puts(detail, strerror(-error));
	return SOURCE_FAILS;
}

static enum source_state probe_system(struct buf *detail, struct buf *remedy)
{
	int r = try_event(cpu_clock, -1, 0);

	if (!r)
		return SOURCE_WORKS;
	buf_puts(remedy, PARANOID_ADVICE "0");
	return failed(r, detail);
}

static enum source_state probe_own(struct buf *detail, struct buf *remedy)
{
	struct perf_event_attr attr = cpu_clock;
	int r = try_event(attr, 0, -1);

	if (!r)
		return SOURCE_WORKS;
	attr.exclude_kernel = 1;
	buf_puts(remedy, PARANOID_ADVICE "1");
	if (try_event(attr, 0, -1))
		return failed(r, detail);
	buf_puts(detail, "user space only");
	return SOURCE_PARTLY;
}

static enum source_state probe_switches(struct buf *detail, struct buf *remedy)
{
	struct perf_event_attr attr = cpu_clock;
	int r;

	attr.exclude_kernel = 1;
	attr.context_switch = 1;
	r = try_event(attr, 0, -1);
	if (!r)
		return SOURCE_WORKS;
	buf_puts(remedy, PARANOID_ADVICE "2");
	return failed(r, detail);
}

static enum source_state probe_cycles(struct buf *detail, struct buf *remedy)
{
	struct perf_event_attr attr = cpu_clock;

	(void)remedy;
	attr.type = PERF_TYPE_HARDWARE;
	attr.config = PERF_COUNT_HW_CPU_CYCLES;
	attr.exclude_kernel = 1;
	if (!try_event(attr, 0, -1))
		return SOURCE_WORKS;
	buf_puts(detail, "no hardware counters, as on most virtual machines; the timer serves");
	return SOURCE_PARTLY;
}

static enum source_state probe_ring(struct buf *detail, struct buf *remedy)
{
	struct perf_event_attr attr = cpu_clock;
	struct perf_ring ring;
	char text[HUMAN_SIZE];
	size_t size = 16u << 20;
	int fd, r = -EPERM;

	attr.exclude_kernel = 1;
	fd = event_open(&attr, 0, 0);
	if (fd < 0)
		return failed(fd, detail);
	for (; r && size >= 64u << 10; size /= r ? 2 : 1)
		r = perf_ring_map(&ring, fd, size);
	if (!r)
		perf_ring_unmap(&ring);
	close(fd);
	if (r)
		return failed(r, detail);
	buf_printf(detail, "up to %s a CPU", human_bytes(text, size));
	if (size >= 2u << 20)
		return SOURCE_WORKS;
	buf_puts(remedy, "sysctl kernel.perf_event_mlock_kb=4096, against losses at high rates");
	return SOURCE_PARTLY;
}

/* The first symbol that is not at address zero, as the kernel shows addresses to us. */
static enum source_state probe_kallsyms(struct buf *detail, struct buf *remedy)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	unsigned long long address = 0;
	char line[256];

	if (!file)
		return failed(-errno, detail);
	for (int i = 0; !address && i < 100 && fgets(line, sizeof(line), file); i++)
		address = strtoull(line, NULL, 16);
	fclose(file);
	if (address)
		return SOURCE_WORKS;
	buf_puts(detail, "addresses are hidden: kernel functions have no names");
	buf_puts(remedy, "run with sudo, or: sysctl kernel.kptr_restrict=0");
	return SOURCE_FAILS;
}

/*
 * Reads from a process of this user that is not our descendant, as those to be recorded
 * are not: some kernels allow descendants only.  The process ends with the pipe.
 */
static int read_stranger(void)
{
	static char data = 'x';
	char copy;
	struct iovec local = { &copy, 1 }, remote = { &data, 1 };
	int fds[2], end[2], r = -EIO;
	pid_t child, stranger = 0;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	if (pipe2(end, O_CLOEXEC)) {
		close(fds[0]);
		close(fds[1]);
		return -errno;
	}
	child = fork();
	if (!child) {
		stranger = fork();
		if (stranger)
			_exit(0);
		stranger = getpid();
		close(end[1]);
		if (write(fds[1], &stranger, sizeof(stranger)) == sizeof(stranger))
			(void)!read(end[0], &copy, 1);
		_exit(0);
	}
	close(fds[1]);
	close(end[0]);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (child > 0 && read(fds[0], &stranger, sizeof(stranger)) == sizeof(stranger))
		r = process_vm_readv(stranger, &local, 1, &remote, 1, 0) == 1 ? 0 : -errno;
	close(fds[0]);
	close(end[1]);
	return r;
}

static enum source_state probe_memory(struct buf *detail, struct buf *remedy)
{
	int r = read_stranger();

	if (!r)
		return SOURCE_WORKS;
	buf_puts(remedy, "run with sudo, or: sysctl kernel.yama.ptrace_scope=0");
	return failed(r, detail);
}

/* The events that this kernel does not have. */
static enum source_state list_lacks(const struct trace *trace, struct buf *detail)
{
	for (int kind = 0; kind < TRACE_N_FORMATS; kind++) {
		const char *lack = trace_lacks(trace, (enum trace_kind)kind);

		if (lack)
			buf_printf(detail, "%s%s", detail->size ? "; " : "", lack);
	}
	return detail->size ? SOURCE_PARTLY : SOURCE_WORKS;
}

/* As the recorder does: mounted for ourselves if need be; an instance; the events. */
static enum source_state probe_tracefs(struct buf *detail, struct buf *remedy)
{
	struct streams none = { 0 };
	struct trace_options options = {
		.streams = &none,
		.has_part = { [TRACE_DETAIL] = true, [TRACE_LOCKS] = true },
		.is_all = true,
		.buffer_bytes = 65536,
	};
	const char *missing = NULL;
	struct trace *trace;
	int r = trace_open(&options, &trace, &missing);

	if (!r) {
		enum source_state state = list_lacks(trace, detail);

		trace_close(trace);
		return state;
	}
	if (r == -EACCES || r == -EPERM)
		buf_puts(remedy, "run with sudo");
	else
		buf_printf(detail, "%s: ", missing);
	return failed(r, detail);
}

static enum source_state probe_uprobes(struct buf *detail, struct buf *remedy)
{
	int r = uprobes_try();

	if (!r)
		return SOURCE_WORKS;
	if (r == -ENOENT)
		buf_puts(detail, "the kernel was built without CONFIG_UPROBE_EVENTS: ");
	else
		buf_puts(remedy, "run with sudo");
	return failed(r, detail);
}

static enum source_state probe_allocations(struct buf *detail, struct buf *remedy)
{
	struct buf shim = { 0 };
	int r = heap_command_find_shim(&shim);

	buf_release(&shim);
	if (!r)
		return probe_uprobes(detail, remedy);
	buf_puts(detail, "its library is neither beside sysprof nor in ../lib/sysprof");
	buf_puts(remedy, "make");
	return SOURCE_FAILS;
}

static enum source_state probe_resident(struct buf *detail, struct buf *remedy)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_PAGE_FAULTS,
		.sample_period = 17,
		.sample_type = PERF_SAMPLE_TYPE,
		.sample_regs_user = PERF_REGS_MASK,
		.sample_stack_user = 8192,
	};
	int r = try_event(attr, -1, 0);

	if (r) {
		buf_puts(remedy, "run with sudo");
		return failed(r, detail);
	}
	if (page_scan_is_new())
		return SOURCE_WORKS;
	buf_puts(detail, "page tables are read page by page: no PAGEMAP_SCAN (Linux 6.7)");
	return SOURCE_PARTLY;
}

static enum source_state probe_debuginfod(struct buf *detail, struct buf *remedy)
{
	const char *urls = getenv("DEBUGINFOD_URLS");

	if (urls && urls[0]) {
		buf_puts(detail, urls);
		return SOURCE_WORKS;
	}
	buf_puts(detail, "DEBUGINFOD_URLS is not set; local debug files serve");
	buf_puts(remedy, "export DEBUGINFOD_URLS=\"https://debuginfod.elfutils.org\"");
	return SOURCE_PARTLY;
}

const struct source sources[] = {
	{ "cpu, whole system", "samples of every thread on every CPU (-a; cheapest for -p)",
	  probe_system },
	{ "cpu, own processes", "samples of this user's processes (-p, COMMAND)", probe_own },
	{ "off-CPU, own processes", "time off the CPU, without tracefs (-p, COMMAND)",
	  probe_switches },
	{ "hardware cycles", "samples by processor cycles", probe_cycles },
	{ "ring memory", "room for samples between two looks", probe_ring },
	{ "process memory", "stacks deeper than the kernel copies", probe_memory },
	{ "kernel symbols", "names of kernel functions", probe_kallsyms },
	{ "tracefs", "exact times of switches and wake-ups", probe_tracefs },
	{ "uprobes", "pauses of garbage collectors (--trace)", probe_uprobes },
	{ "allocations", "who allocates memory (--heap -- COMMAND)", probe_allocations },
	{ "resident memory", "who touched it first (--heap -p PID)", probe_resident },
	{ "debuginfod", "debug files over the network", probe_debuginfod },
	{ 0 },
};
