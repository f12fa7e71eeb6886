/* SPDX-License-Identifier: GPL-2.0-only */
#include "sampler.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/array.h"
#include "base/map.h"
#include "perf_attr.h"
#include "ring_room.h"
#include "ring_set.h"

#define MIN_STACK_BYTES  8192u
#define RING_SECONDS     2 /* 1 / RING_SECONDS of a second of samples fit in a ring */
#define LEAST_SECONDS    8 /* 1 / LEAST_SECONDS do at least: smaller rings get smaller stacks */
#define PROBE_RING_BYTES (2u << 20)
#define SPARE_FDS        64 /* left for files with code and names, where there are so many */

#define OWNS_A_RING SAMPLER_N_SOURCES /* the source of an event that samples nothing */

struct perf_event {
	int fd;
	uint32_t cpu;
	enum sampler_source source;
	enum ring_kind kind; /* of ring that it writes to */
};

struct tracepoint {
	struct perf_event_attr attr;
	char *filter; /* owned; NULL: all pass */
};

struct sampler {
	struct sampler_options options;
	struct sampler_facts facts;
	struct perf_event_attr attr;
	ARRAY(struct perf_event) events;
	struct ring_set set;
	uint64_t n_undecodable;
	struct tracepoint tracepoints[SAMPLER_N_SOURCES];
	struct map by_id; /* event of a tracepoint, also a closed one → source and period */
	uint64_t lost_closed[N_RING_KINDS]; /* what events had lost when they were closed */
	size_t max_events;                  /* of tasks: descriptors are for other things too */
	bool is_started;
	bool is_replacing; /* new events wait for the old ones to be taken off */
	size_t n_begun;    /* events; those behind are held */
	bool is_held;
};

/* A part of a second of samples, whatever the rate: the reader comes round far more often. */
static size_t wanted_ring_bytes(const struct sampler *sampler)
{
	return ring_bytes_for((size_t)sampler->options.hz * sampler->attr.sample_stack_user /
			      RING_SECONDS);
}

/*
 * What may be locked is limited, for all rings of a user together: without privilege
 * to a megabyte or less.  A sample takes the room of the largest stack, however
 * little is copied.  So where rings are small, less of a stack is asked for, and the
 * rest read from the process, rather than samples lost.
 */
static void fit_rings(struct sampler *sampler)
{
	bool is_tasks = sampler->options.scope == SAMPLER_TASKS;
	size_t bytes = wanted_ring_bytes(sampler), stack;

	while (bytes > RING_BYTES_MIN && !ring_room_for(&sampler->attr, is_tasks, bytes))
		bytes /= 2;
	sampler->set.ring_bytes[RING_TICKS] = bytes;
	sampler->set.ring_bytes[RING_TRACEPOINTS] = ring_bytes_for(RING_BYTES_MAX);
	sampler->set.ring_bytes[RING_PROBES] = ring_bytes_for(PROBE_RING_BYTES);
	sampler->set.ring_bytes[RING_ALLOCS] = ring_bytes_for(RING_BYTES_MAX);
	sampler->set.ring_bytes[RING_FREES] = ring_bytes_for(RING_BYTES_MAX);

	stack = bytes * LEAST_SECONDS / sampler->options.hz & ~7u;
	if (stack < MIN_STACK_BYTES)
		stack = MIN_STACK_BYTES;
	if (stack < sampler->attr.sample_stack_user)
		sampler->attr.sample_stack_user = (uint32_t)stack;
	sampler->facts.stack_bytes = sampler->attr.sample_stack_user;
}

static size_t max_events(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return SPARE_FDS;
	return limit.rlim_cur > 2 * SPARE_FDS ? limit.rlim_cur - SPARE_FDS : limit.rlim_cur / 2;
}

int sampler_open(const struct sampler_options *options, struct sampler **ret)
{
	struct sampler *sampler = xcalloc(1, sizeof(*sampler));
	bool is_tasks = options->scope == SAMPLER_TASKS;
	int r;

	sampler->options = *options;
	sampler->attr = perf_attr_of_ticks(options);
	r = perf_negotiate(&sampler->attr, is_tasks ? 0 : -1, is_tasks ? -1 : 0);
	if (r) {
		sampler_close(sampler);
		return r;
	}
	sampler->facts = (struct sampler_facts){
		.is_hardware = sampler->attr.type == PERF_TYPE_HARDWARE,
		.has_kernel = !sampler->attr.exclude_kernel,
	};
	fit_rings(sampler);
	sampler->max_events = max_events();
	if (!is_tasks)
		sampler_follow_cpus(sampler);
	*ret = sampler;
	return 0;
}

void sampler_close(struct sampler *sampler)
{
	struct perf_event *event;

	if (!sampler)
		return;
	ring_set_release(&sampler->set);
	array_for_each(event, &sampler->events)
		close(event->fd);
	for (size_t i = 0; i < SAMPLER_N_SOURCES; i++)
		free(sampler->tracepoints[i].filter);
	map_release(&sampler->by_id);
	array_release(&sampler->events);
	free(sampler);
}

static void look_at_ring(void *source, uint32_t i)
{
	struct sampler *sampler = source;

	perf_ring_look(&sampler->set.rings.items[i].ring);
}

static bool peek_ring(void *source, uint32_t i, uint64_t *ret_time_ns)
{
	struct sampler *sampler = source;

	return perf_ring_peek(&sampler->set.rings.items[i].ring, ret_time_ns);
}

/* Says which event made a sample, and of how many it stands for one. */
static void set_source(const struct sampler *sampler, struct perf_record *record)
{
	const uint64_t *what = map_find(&sampler->by_id, record->id);

	record->source = what ? *what & 0xff : SAMPLER_TICKS;
	record->period = what ? (uint32_t)(*what >> 8) : 1;
}

/* Of what a ring's LOST records tell; of tracepoints whichever it was. */
static const enum sampler_source ring_sources[N_RING_KINDS] = {
	[RING_TICKS] = SAMPLER_TICKS,   [RING_TRACEPOINTS] = SAMPLER_SWITCHES,
	[RING_PROBES] = SAMPLER_PROBES, [RING_ALLOCS] = SAMPLER_ALLOCS,
	[RING_FREES] = SAMPLER_FREES,
};

static int pass_record(void *source, uint32_t i)
{
	struct sampler *sampler = source;
	struct cpu_ring *ring = &sampler->set.rings.items[i];
	struct perf_record record;
	size_t size;
	const void *data = perf_ring_first(&ring->ring, &size);
	int r = perf_record_decode(data, size, &record);

	if (r == -EBADMSG)
		sampler->n_undecodable++;
	if (!r && record.type == PERF_RECORD_LOST)
		ring->n_lost_told += record.lost;
	if (!r)
		set_source(sampler, &record);
	if (!r && record.type == PERF_RECORD_LOST)
		record.source = ring_sources[ring->kind];
	r = r ? 0 : sampler->options.fn(sampler->options.arg, &record);
	perf_ring_consume(&sampler->set.rings.items[i].ring, size);
	return r;
}

static const struct stream_ops ring_ops = { look_at_ring, peek_ring, pass_record };

static int add_ring(struct sampler *sampler, uint32_t cpu, enum ring_kind kind, int fd)
{
	int r = ring_set_add(&sampler->set, cpu, kind, fd);

	if (r)
		return r;
	streams_add(sampler->options.streams, &ring_ops, sampler,
		    (uint32_t)sampler->set.rings.n - 1);
	return 0;
}

static void enable_event(const struct sampler *sampler, const struct perf_event *event)
{
	if (sampler->is_started && !sampler->options.on_exec && !sampler->is_held)
		ioctl(event->fd, PERF_EVENT_IOC_ENABLE, 0);
}

/* An event writes into its CPU's ring, which the CPU's first event of the kind brings. */
static int add_event(struct sampler *sampler, const struct perf_event *event)
{
	struct cpu_ring *ring = ring_set_find(&sampler->set, event->cpu, event->kind);
	int r;

	if (ring)
		r = ioctl(event->fd, PERF_EVENT_IOC_SET_OUTPUT, ring->leader) ? -errno : 0;
	else
		r = add_ring(sampler, event->cpu, event->kind, event->fd);
	if (r) {
		close(event->fd);
		return r;
	}
	*array_add(&sampler->events) = *event;
	if (!sampler->is_replacing)
		enable_event(sampler, event);
	return 0;
}

static uint32_t half_of_ring(const struct sampler *sampler, enum ring_kind kind)
{
	return (uint32_t)sampler->set.ring_bytes[kind] / 2;
}

static int add_tick(struct sampler *sampler, pid_t tid, uint32_t cpu)
{
	int fd;

	if (tid >= 0 && sampler->events.n >= sampler->max_events)
		return -EMFILE;
	sampler->attr.wakeup_watermark = half_of_ring(sampler, RING_TICKS);
	fd = perf_open(&sampler->attr, tid, (int)cpu);
	return fd < 0 ? fd :
			add_event(sampler,
				  &(struct perf_event){ fd, cpu, SAMPLER_TICKS, RING_TICKS });
}

/*
 * A CPU's ring outlives the events that sample into it: it belongs to one that never fires.
 * That of the ticks tells of processes, also while their events are replaced.
 */
static int add_owner(struct sampler *sampler, uint32_t cpu, enum ring_kind kind)
{
	struct perf_event_attr attr = perf_attr_of_owner(&sampler->attr, kind == RING_TICKS);
	int fd;

	if (ring_set_find(&sampler->set, cpu, kind))
		return 0;
	attr.wakeup_watermark = half_of_ring(sampler, kind);
	fd = perf_open(&attr, -1, (int)cpu);
	return fd < 0 ? fd : add_event(sampler, &(struct perf_event){ fd, cpu, OWNS_A_RING, kind });
}

static enum ring_kind kind_of(enum sampler_source source)
{
	if (source < SAMPLER_PROBES)
		return RING_TRACEPOINTS;
	if (source == SAMPLER_PROBES)
		return RING_PROBES;
	return source == SAMPLER_FREES ? RING_FREES : RING_ALLOCS;
}

/* The stream holds records of an event after it was closed: what its id means stays known. */
static int add_tracepoint(struct sampler *sampler, enum sampler_source source, uint32_t cpu)
{
	struct tracepoint *tp = &sampler->tracepoints[source];
	uint64_t id;
	enum ring_kind kind = kind_of(source);
	int fd, r = add_owner(sampler, cpu, kind);

	if (r)
		return r;
	tp->attr.wakeup_watermark = half_of_ring(sampler, kind);
	fd = perf_open(&tp->attr, -1, (int)cpu);
	if (fd < 0)
		return fd;
	if ((tp->filter && ioctl(fd, PERF_EVENT_IOC_SET_FILTER, tp->filter)) ||
	    ioctl(fd, PERF_EVENT_IOC_ID, &id)) {
		r = -errno;
		close(fd);
		return r;
	}
	*map_insert(&sampler->by_id, id) = tp->attr.sample_period << 8 | source;
	return add_event(sampler, &(struct perf_event){ fd, cpu, source, kind });
}

int sampler_adopt(struct sampler *sampler, int fd, uint32_t cpu, enum sampler_source source,
		  uint64_t *ret_id)
{
	enum ring_kind kind = kind_of(source);
	int r = add_owner(sampler, cpu, kind);

	if (!r && ioctl(fd, PERF_EVENT_IOC_ID, ret_id))
		r = -errno;
	if (r) {
		close(fd);
		return r;
	}
	*map_insert(&sampler->by_id, *ret_id) = 1u << 8 | source;
	return add_event(sampler, &(struct perf_event){ fd, cpu, source, kind });
}

int sampler_add_task(struct sampler *sampler, pid_t tid)
{
	struct cpus cpus = { 0 };
	int r = 0;

	cpus_online(&cpus);
	for (size_t i = 0; !r && i < cpus.list.n; i++) {
		r = add_tick(sampler, tid, cpus.list.items[i]);
		if (r == -ENODEV) /* the CPU went offline meanwhile */
			r = 0;
	}
	cpus_release(&cpus);
	if (r == -EMFILE || r == -ENFILE) {
		sampler->facts.n_without_fd++;
		r = -EMFILE;
	}
	return r;
}

static void add_cpu(struct sampler *sampler, uint32_t cpu)
{
	if (add_owner(sampler, cpu, RING_TICKS) || add_tick(sampler, -1, cpu))
		return;
	for (size_t i = SAMPLER_SWITCHES; i < SAMPLER_N_SOURCES; i++) {
		if (sampler->tracepoints[i].attr.sample_period)
			add_tracepoint(sampler, (enum sampler_source)i, cpu);
	}
}

void sampler_follow_cpus(struct sampler *sampler)
{
	struct cpus cpus = { 0 };

	if (sampler->options.scope != SAMPLER_CPUS)
		return;
	cpus_online(&cpus);
	ring_set_mark_offline(&sampler->set, &cpus);
	for (size_t i = 0; i < cpus.list.n; i++) {
		if (!ring_set_find(&sampler->set, cpus.list.items[i], RING_TICKS))
			add_cpu(sampler, cpus.list.items[i]);
	}
	cpus_release(&cpus);
}

static uint64_t event_lost(const struct perf_event *event)
{
	struct {
		uint64_t value, lost;
	} counts;

	return read(event->fd, &counts, sizeof(counts)) == sizeof(counts) ? counts.lost : 0;
}

void sampler_pause(struct sampler *sampler, enum sampler_source source, bool is_paused)
{
	unsigned long request = is_paused ? PERF_EVENT_IOC_DISABLE : PERF_EVENT_IOC_ENABLE;
	struct perf_event *event;

	array_for_each(event, &sampler->events) {
		if (event->source == source)
			ioctl(event->fd, request, 0);
	}
}

void sampler_hold(struct sampler *sampler)
{
	sampler->is_held = true;
	sampler->n_begun = sampler->events.n;
}

void sampler_release(struct sampler *sampler)
{
	sampler->is_held = false;
	for (size_t i = sampler->n_begun; i < sampler->events.n; i++)
		enable_event(sampler, &sampler->events.items[i]);
}

static void close_event(struct sampler *sampler, const struct perf_event *event)
{
	if (sampler->attr.read_format)
		sampler->lost_closed[event->kind] += event_lost(event);
	close(event->fd);
}

/* Closes the events of @source among the first @n of all. */
static void close_source(struct sampler *sampler, enum sampler_source source, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < sampler->events.n; i++) {
		struct perf_event event = sampler->events.items[i];

		if (event.source != source || i >= n) {
			sampler->events.items[kept++] = event;
			continue;
		}
		close_event(sampler, &event);
	}
	sampler->events.n = kept;
}

/* Its CPU is one that may go offline just now: then the old one is as good. */
static void replace_tick(struct sampler *sampler, struct perf_event *event)
{
	const struct cpu_ring *ring = ring_set_find(&sampler->set, event->cpu, RING_TICKS);
	int fd = perf_open(&sampler->attr, -1, (int)event->cpu);

	if (fd < 0)
		return;
	if (!ring || ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring->leader)) {
		close(fd);
		return;
	}
	close_event(sampler, event);
	event->fd = fd;
	if (sampler->is_started)
		ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
}

void sampler_add_chains(struct sampler *sampler)
{
	struct perf_event *event;

	if (!sampler->attr.exclude_callchain_user)
		return;
	sampler->attr.exclude_callchain_user = 0;
	array_for_each(event, &sampler->events) {
		if (event->source == SAMPLER_TICKS)
			replace_tick(sampler, event);
	}
}

/* On every CPU that has ticks. */
static int open_source(struct sampler *sampler, enum sampler_source source)
{
	int r = 0;

	for (size_t i = 0; !r && i < sampler->set.rings.n; i++) {
		const struct cpu_ring *ring = &sampler->set.rings.items[i];

		if (ring->kind == RING_TICKS && !ring->is_offline)
			r = add_tracepoint(sampler, source, ring->cpu);
		if (r == -ENODEV) /* the CPU goes offline just now */
			r = 0;
	}
	return r;
}

/* Of the first @n those of @source on @cpu. */
static void disable_old(const struct sampler *sampler, enum sampler_source source, uint32_t cpu,
			size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct perf_event *event = &sampler->events.items[i];

		if (event->source == source && event->cpu == cpu)
			ioctl(event->fd, PERF_EVENT_IOC_DISABLE, 0);
	}
}

/*
 * The events behind the first @n take over, CPU by CPU, with nothing in between: opening them
 * lasts for milliseconds on a busy machine, and what happened then would not be told, nor counted
 * as lost.  Both at a time would tell it twice.
 */
static void take_over(struct sampler *sampler, enum sampler_source source, size_t n)
{
	for (size_t i = n; i < sampler->events.n; i++) {
		const struct perf_event *event = &sampler->events.items[i];

		disable_old(sampler, source, event->cpu, n);
		enable_event(sampler, event);
	}
}

/*
 * The old events go last: where none are left, the kernel takes the tracepoint's code away
 * and waits until nobody runs it, which lasts up to a second while the rings overflow.
 */
int sampler_trace(struct sampler *sampler, enum sampler_source source,
		  const struct sampler_tracepoint *tracepoint)
{
	struct tracepoint *tp = &sampler->tracepoints[source];
	size_t n_before = sampler->events.n;
	int r = 0;

	free(tp->filter);
	tp->filter = tracepoint->filter ? xstrdup(tracepoint->filter) : NULL;
	tp->attr = perf_attr_of_tracepoint(tracepoint, sampler->attr.read_format);
	sampler->is_replacing = true;
	if (tracepoint->period)
		r = open_source(sampler, source);
	sampler->is_replacing = false;
	if (!r)
		take_over(sampler, source, n_before);
	close_source(sampler, source, n_before);
	if (r) {
		close_source(sampler, source, sampler->events.n);
		tp->attr.sample_period = 0;
	}
	return r;
}

static void control_all(struct sampler *sampler, unsigned long request)
{
	struct perf_event *event;

	array_for_each(event, &sampler->events)
		ioctl(event->fd, request, 0);
}

void sampler_start(struct sampler *sampler)
{
	sampler->is_started = true;
	if (!sampler->options.on_exec)
		control_all(sampler, PERF_EVENT_IOC_ENABLE);
}

void sampler_stop(struct sampler *sampler)
{
	sampler->is_started = false;
	control_all(sampler, PERF_EVENT_IOC_DISABLE);
}

int sampler_wait(struct sampler *sampler, int timeout_ms)
{
	return ring_set_wait(&sampler->set, timeout_ms);
}

struct sampler_facts sampler_facts(const struct sampler *sampler)
{
	struct sampler_facts facts = sampler->facts;

	facts.ring_bytes = sampler->set.ring_bytes[RING_TICKS];
	facts.n_rings = sampler->set.rings.n;
	return facts;
}

struct sampler_losses sampler_lost(const struct sampler *sampler)
{
	uint64_t lost[N_RING_KINDS];
	uint64_t told[N_RING_KINDS] = { 0 };
	const struct cpu_ring *ring;
	const struct perf_event *event;

	if (!sampler->attr.read_format)
		return (struct sampler_losses){ 0 };
	memcpy(lost, sampler->lost_closed, sizeof(lost));
	array_for_each(event, &sampler->events)
		lost[event->kind] += event_lost(event);
	array_for_each(ring, &sampler->set.rings)
		told[ring->kind] += ring->n_lost_told;
	for (size_t i = 0; i < N_RING_KINDS; i++)
		lost[i] -= told[i] < lost[i] ? told[i] : lost[i];
	return (struct sampler_losses){ lost[RING_TICKS], lost[RING_TRACEPOINTS] };
}

uint64_t sampler_n_undecodable(const struct sampler *sampler)
{
	return sampler->n_undecodable;
}
