/* SPDX-License-Identifier: GPL-2.0-only */
#include "trace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <tracefs/tracefs.h>
#include <unistd.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/file.h"
#include "trace_dir.h"
#include "trace_filter.h"
#include "trace_page.h"

#define PREFIX         "sysprof."
#define PAGE_BYTES     65536 /* the largest a kernel uses; 4096 on most */
#define MAX_CPU_BYTES  (16u << 20)
#define MIN_CPU_BYTES  (1u << 20)
#define ALL_CPUS_BYTES (256u << 20)
#define RAM_PART       16 /* buffers take no more than 1 / RAM_PART of the memory */
#define MAX_RANGES     6  /* of thread ids in a filter: more cost every switch more */
#define MAX_PID_PATH   "/proc/sys/kernel/pid_max"

/* One CPU's buffer: a page of it at a time. */
struct trace_cpu {
	uint32_t cpu;
	int fd;
	unsigned char *bytes; /* owned */
	struct trace_page page;
	bool has_record; /* the next one, decoded ahead */
	struct trace_record record;
	struct trace_record after_gap; /* comes behind a gap that is in record */
	bool has_after_gap;
	bool is_gap_ahead;    /* something was lost before what is read next */
	uint64_t seen_ns;     /* the last event's time */
	uint64_t n_lost_told; /* of the kernel's count */
};

struct trace {
	struct trace_options options;
	struct trace_dir dir;
	struct tracefs_instance *instance;
	struct trace_formats formats;
	struct trace_filter filter;
	struct trace_filter_options births; /* of the last trace_follow() */
	ARRAY(struct trace_cpu) cpus;
	struct trace_facts facts;
};

static int write_file(struct trace *trace, const char *name, const char *text)
{
	return tracefs_instance_file_write(trace->instance, name, text) < 0 ? -errno : 0;
}

/*
 * Removes what killed recorders left.  An instance of a living one cannot be removed:
 * it has files of it open (EBUSY).
 */
static void remove_stale(struct trace *trace)
{
	char *path = trace_dir_path(&trace->dir, "instances");
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		if (!strncmp(entry->d_name, PREFIX, strlen(PREFIX)))
			unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	}
	if (dir)
		closedir(dir);
	free(path);
}

static int learn(struct trace *trace, enum trace_kind kind)
{
	const struct trace_event *event = &trace_events[kind];
	int size, r;
	char *text = tracefs_event_file_read(trace->instance, event->system, event->event, "format",
					     &size);

	if (!text)
		return -ENOENT;
	r = trace_formats_learn(&trace->formats, kind, text, (size_t)size);
	free(text);
	return r;
}

static int enable(struct trace *trace, enum trace_kind kind)
{
	const struct trace_event *event = &trace_events[kind];

	if (tracefs_event_enable(trace->instance, event->system, event->event))
		return errno ? -errno : -EIO;
	return 0;
}

static size_t wanted_bytes(const struct trace_options *options)
{
	size_t n_cpus = (size_t)sysconf(_SC_NPROCESSORS_ONLN), bytes = ALL_CPUS_BYTES / n_cpus;
	struct sysinfo info;

	if (options->buffer_bytes)
		return options->buffer_bytes;
	if (!sysinfo(&info) && (size_t)info.totalram * info.mem_unit / RAM_PART / n_cpus < bytes)
		bytes = (size_t)info.totalram * info.mem_unit / RAM_PART / n_cpus;
	if (bytes > MAX_CPU_BYTES)
		return MAX_CPU_BYTES;
	return bytes < MIN_CPU_BYTES ? MIN_CPU_BYTES : bytes;
}

/* Takes less where there is not so much. */
static int set_buffers(struct trace *trace)
{
	size_t bytes = wanted_bytes(&trace->options);
	int r;

	do {
		r = tracefs_instance_set_buffer_size(trace->instance, bytes / 1024, -1);
		trace->facts.buffer_bytes = bytes;
		bytes /= 2;
	} while (r && bytes >= MIN_CPU_BYTES / 4);
	return r ? -ENOMEM : 0;
}

/* The clock comes first: setting it empties the buffers. */
static int set_up(struct trace *trace)
{
	int r;

	if (tracefs_trace_off(trace->instance))
		return -errno;
	r = write_file(trace, "trace_clock", "mono");
	if (!r)
		r = set_buffers(trace);
	if (!r)
		r = write_file(trace, "options/overwrite", "1");
	write_file(trace, "options/record-cmd", "0"); /* names for a file that we do not read */
	return r;
}

static void add_cpu(struct trace *trace, uint32_t cpu, int fd)
{
	struct trace_cpu *new_cpu;

	new_cpu = array_add(&trace->cpus);
	*new_cpu = (struct trace_cpu){ .cpu = cpu, .fd = fd, .bytes = xmalloc(PAGE_BYTES) };
}

/* Those that are offline may come: every CPU that the machine may have. */
static int open_cpus(struct trace *trace)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);
	char *name;
	int fd;

	for (long cpu = 0; cpu < n; cpu++) {
		name = xasprintf("per_cpu/cpu%ld/trace_pipe_raw", cpu);
		fd = tracefs_instance_file_open(trace->instance, name,
						O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		free(name);
		if (fd >= 0)
			add_cpu(trace, (uint32_t)cpu, fd);
	}
	return trace->cpus.n ? 0 : -ENODEV;
}

static uint32_t read_number(const char *path)
{
	struct buf text = { 0 };
	unsigned long value = 0;

	if (file_read(path, &text) > 0)
		value = strtoul(buf_str(&text), NULL, 10);
	buf_release(&text);
	return (uint32_t)value;
}

uint32_t trace_last_id(void)
{
	struct buf text = { 0 };
	const char *last;
	unsigned long value = 0;

	if (file_read("/proc/loadavg", &text) > 0) {
		last = strrchr(buf_str(&text), ' ');
		value = last ? strtoul(last, NULL, 10) : 0;
	}
	buf_release(&text);
	return (uint32_t)value;
}

/* Made under the lock: an instance with no file open yet looks like one left behind. */
static int make_instance(struct trace *trace, const char **ret_missing)
{
	char *name = xasprintf(PREFIX "%d", getpid());
	int r;

	*ret_missing = "cannot make an instance of tracefs";
	trace->instance = tracefs_instance_create(name);
	r = trace->instance ? 0 : -errno;
	free(name);
	if (r)
		return r;
	*ret_missing = "cannot set up an instance of tracefs";
	r = set_up(trace);
	if (!r)
		r = open_cpus(trace);
	return r;
}

static bool is_wanted(const struct trace *trace, int kind)
{
	return trace->options.has_part[trace_events[kind].part];
}

/* One of a group alone tells nothing. */
static void drop_incomplete(struct trace *trace)
{
	struct trace_format *of = trace->formats.of;

	for (int kind = 0; kind < TRACE_N_FORMATS; kind++) {
		if (!of[kind].is_known)
			of[trace_events[kind].group].is_known = false;
	}
	for (int kind = 0; kind < TRACE_N_FORMATS; kind++)
		of[kind].is_known &= of[trace_events[kind].group].is_known;
}

static int open_events(struct trace *trace, const char **ret_missing)
{
	for (int kind = 0; kind < TRACE_N_FORMATS; kind++) {
		if (is_wanted(trace, kind))
			learn(trace, (enum trace_kind)kind);
	}
	drop_incomplete(trace);
	*ret_missing = trace_lacks(trace, TRACE_SWITCH);
	return *ret_missing ? -ENOENT : 0;
}

const char *trace_lacks(const struct trace *trace, enum trace_kind kind)
{
	if (!is_wanted(trace, (int)kind) || trace->formats.of[kind].is_known)
		return NULL;
	return trace_events[kind].if_absent;
}

int trace_open(const struct trace_options *options, struct trace **ret, const char **ret_missing)
{
	struct trace *trace = xcalloc(1, sizeof(*trace));
	int r;

	trace->options = *options;
	trace->options.has_part[TRACE_BASIC] = true;
	trace->births.max_id = read_number(MAX_PID_PATH);
	*ret_missing = "cannot use tracefs";
	r = trace_dir_open(&trace->dir);
	if (!r) {
		trace_dir_lock(&trace->dir);
		remove_stale(trace);
		r = make_instance(trace, ret_missing);
		trace_dir_unlock(&trace->dir);
	}
	if (!r)
		r = open_events(trace, ret_missing);
	if (r) {
		trace_close(trace);
		return r;
	}
	*ret = trace;
	return 0;
}

void trace_close(struct trace *trace)
{
	struct trace_cpu *cpu;

	if (!trace)
		return;
	array_for_each(cpu, &trace->cpus) {
		close(cpu->fd);
		free(cpu->bytes);
	}
	array_release(&trace->cpus);
	if (trace->instance) {
		write_file(trace, "events/enable", "0");
		tracefs_instance_destroy(trace->instance);
		tracefs_instance_free(trace->instance);
	}
	trace_filter_release(&trace->filter);
	trace_dir_close(&trace->dir);
	free(trace);
}

/* What reading the stream does would make more to read; "0" takes a filter away. */
static void filter_text(struct trace *trace, const struct trace_event *event, struct buf *ret)
{
	bool is_of_threads = event->who[0] && !trace->options.is_all;

	if (event->is_never_ours)
		trace_filter_not_ours("common_pid", ret);
	else if (!is_of_threads)
		buf_puts(ret, "0");
	if (!is_of_threads)
		return;
	buf_puts(ret, event->is_never_ours ? "&&(" : "(");
	trace_filter_text(&trace->filter, event->who, ret);
	buf_puts(ret, ")");
}

static int set_filter(struct trace *trace, enum trace_kind kind)
{
	const struct trace_event *event = &trace_events[kind];
	struct buf text = { 0 };
	int r = 0;

	filter_text(trace, event, &text);
	if (tracefs_event_file_write(trace->instance, event->system, event->event, "filter",
				     buf_str(&text)) < 0)
		r = errno ? -errno : -EINVAL;
	buf_release(&text);
	return r;
}

static int set_filters(struct trace *trace)
{
	int r = 0;

	for (int kind = 0; !r && kind < TRACE_N_FORMATS; kind++) {
		if (trace->formats.of[kind].is_known)
			r = set_filter(trace, (enum trace_kind)kind);
	}
	return r;
}

int trace_follow(struct trace *trace, const uint32_t *tids, size_t n_tids, uint32_t last_id)
{
	struct trace_filter_options births = {
		.last_id = last_id,
		.max_id = trace->births.max_id,
		.n_births = trace->births.max_id / 2,
		.max_ranges = MAX_RANGES,
	};
	int r;

	trace_filter_make(&trace->filter, tids, n_tids, &births);
	r = set_filters(trace);
	if (!r)
		trace->births = births;
	return r;
}

int trace_settle(struct trace *trace)
{
	return trace->options.is_all ? set_filters(trace) : 0;
}

bool trace_is_stale(const struct trace *trace)
{
	return !trace->options.is_all && trace_filter_is_stale(&trace->births, trace_last_id());
}

int trace_start(struct trace *trace, uint64_t start_ns)
{
	struct trace_cpu *cpu;

	array_for_each(cpu, &trace->cpus)
		cpu->seen_ns = start_ns;
	return tracefs_trace_on(trace->instance) ? -errno : 0;
}

void trace_stop(struct trace *trace)
{
	tracefs_trace_off(trace->instance);
}

/* Events that the kernel had no room for, since the buffer was made. */
static uint64_t count_lost(struct trace *trace, uint32_t cpu)
{
	static const char *const names[] = { "\noverrun:", "\ncommit overrun:",
					     "\ndropped events:" };
	char *path = xasprintf("per_cpu/cpu%u/stats", cpu), *at;
	char *text = tracefs_instance_file_read(trace->instance, path, NULL);
	uint64_t lost = 0;

	for (size_t i = 0; text && i < sizeof(names) / sizeof(names[0]); i++) {
		at = strstr(text, names[i]);
		if (at)
			lost += strtoull(at + strlen(names[i]), NULL, 10);
	}
	free(text);
	free(path);
	return lost;
}

static struct trace_record gap_of(struct trace *trace, struct trace_cpu *cpu, uint64_t end_ns)
{
	uint64_t lost = count_lost(trace, cpu->cpu), count = lost - cpu->n_lost_told;

	cpu->n_lost_told = lost;
	trace->facts.n_lost += count;
	return (struct trace_record){
		.kind = TRACE_GAP,
		.cpu = cpu->cpu,
		.time_ns = end_ns,
		.gap = { .start_ns = cpu->seen_ns, .count = count },
	};
}

void trace_tell_lost(struct trace *trace, uint64_t end_ns)
{
	struct trace_cpu *cpu;

	array_for_each(cpu, &trace->cpus) {
		struct trace_record gap;

		if (count_lost(trace, cpu->cpu) <= cpu->n_lost_told)
			continue;
		gap = gap_of(trace, cpu, end_ns);
		trace->options.fn(trace->options.arg, &gap);
	}
}

struct trace_facts trace_facts(const struct trace *trace)
{
	return trace->facts;
}

/* false: there is nothing more to read now. */
static bool load_page(struct trace *trace, struct trace_cpu *cpu)
{
	ssize_t n = read(cpu->fd, cpu->bytes, PAGE_BYTES);

	if (n <= 0)
		return false;
	if (trace_page_open(&cpu->page, cpu->bytes, (size_t)n))
		trace->facts.n_undecodable++;
	else
		cpu->is_gap_ahead |= cpu->page.is_missed;
	return true;
}

/* The next event of a kind that is known, from the page at hand. */
static bool next_in_page(struct trace *trace, struct trace_cpu *cpu, struct trace_record *ret)
{
	struct trace_entry entry;
	int r;

	while ((r = trace_page_next(&cpu->page, &entry)) > 0) {
		if (!trace_decode(&trace->formats, entry.data, entry.size, ret))
			continue;
		ret->cpu = cpu->cpu;
		ret->time_ns = entry.time_ns;
		return true;
	}
	if (r < 0) {
		trace->facts.n_undecodable++;
		cpu->page.size = cpu->page.at = 0;
	}
	return false;
}

/* A gap before the page comes out as a record at the time of the page's first event. */
static void fetch(struct trace *trace, struct trace_cpu *cpu)
{
	while (!cpu->has_record) {
		cpu->has_record = next_in_page(trace, cpu, &cpu->record);
		if (!cpu->has_record && !load_page(trace, cpu))
			return;
	}
	trace->facts.n_events++;
	if (cpu->is_gap_ahead) {
		cpu->is_gap_ahead = false;
		cpu->after_gap = cpu->record;
		cpu->has_after_gap = true;
		cpu->record = gap_of(trace, cpu, cpu->record.time_ns);
	}
	cpu->seen_ns = cpu->record.time_ns;
}

static void look_at_cpu(void *source, uint32_t i)
{
	struct trace *trace = source;

	if (!trace->cpus.items[i].has_record)
		fetch(trace, &trace->cpus.items[i]);
}

static bool peek_cpu(void *source, uint32_t i, uint64_t *ret_time_ns)
{
	struct trace *trace = source;
	struct trace_cpu *cpu = &trace->cpus.items[i];

	*ret_time_ns = cpu->record.time_ns;
	return cpu->has_record;
}

static int pass_event(void *source, uint32_t i)
{
	struct trace *trace = source;
	struct trace_cpu *cpu = &trace->cpus.items[i];
	int r = trace->options.fn(trace->options.arg, &cpu->record);

	cpu->has_record = cpu->has_after_gap;
	cpu->record = cpu->after_gap;
	cpu->has_after_gap = false;
	if (!cpu->has_record)
		fetch(trace, cpu);
	return r;
}

static const struct stream_ops cpu_ops = { look_at_cpu, peek_cpu, pass_event };

int trace_prepare(struct trace *trace)
{
	int r = 0;

	for (int kind = 0; !r && kind < TRACE_N_FORMATS; kind++) {
		if (trace->formats.of[kind].is_known)
			r = enable(trace, (enum trace_kind)kind);
	}
	for (uint32_t i = 0; !r && i < trace->cpus.n; i++)
		streams_add(trace->options.streams, &cpu_ops, trace, i);
	return r;
}
