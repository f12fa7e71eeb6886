/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU sampler: perf events and their rings, one ring a CPU, each a stream of
 * records among others.
 *
 * With privilege one event a CPU sees every thread, and who wants only some picks
 * them out: a switch then costs nothing.  Without, an event for each thread and CPU
 * follows that thread and what it starts.
 */
#ifndef RECORD_SAMPLER_H
#define RECORD_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "record/perf_record.h"
#include "streams.h"

enum sampler_scope {
	SAMPLER_CPUS,  /* every thread on every CPU */
	SAMPLER_TASKS, /* only threads given to sampler_add_task() */
};

typedef int sampler_fn(void *arg, const struct perf_record *record); /* not 0: end the round */

enum sampler_source { /* of a sample: perf_record.source */
		      SAMPLER_TICKS,
		      SAMPLER_SWITCHES,
		      SAMPLER_WAKINGS,
		      SAMPLER_FAULTS,
		      SAMPLER_CALLS,
		      SAMPLER_LOCKS,  /* of the kernel's: who sleeps for one */
		      SAMPLER_SPINS,  /* who spins */
		      SAMPLER_PROBES, /* in programs' code: see sampler_adopt() */
		      SAMPLER_ALLOCS, /* the same in the library that sees allocations, */
		      SAMPLER_FREES,  /* each in a ring of its own */
		      SAMPLER_PAGES,  /* page faults, and what mremap() moved: where there are */
		      SAMPLER_MOVES,  /* no allocations, in their ring */
		      SAMPLER_N_SOURCES
};

struct sampler_options {
	uint32_t hz;
	enum sampler_scope scope;
	bool on_exec;            /* SAMPLER_TASKS: start when the task calls exec */
	bool has_switches;       /* SAMPLER_TASKS: records of the tasks' switches, too */
	struct streams *streams; /* borrowed; the rings are added to them */
	sampler_fn *fn;          /* called for each record when the streams are drained */
	void *arg;
};

struct sampler_facts {        /* what came of it */
	bool is_hardware;     /* cycles; else the cpu-clock timer */
	bool has_kernel;      /* false: samples in user space only */
	size_t ring_bytes;    /* of one ring */
	uint32_t stack_bytes; /* copied at most */
	size_t n_rings;
	uint64_t n_without_fd; /* threads that could not be followed: out of descriptors */
};

struct sampler;

/*
 * Find out what the kernel allows and open what is to be had of it.  -EACCES or
 * -EPERM: not allowed in this scope; -ENOENT: no perf events here.
 */
int sampler_open(const struct sampler_options *options, struct sampler **ret);
void sampler_close(struct sampler *sampler);

/*
 * From here on ticks hold the user's call chain, too, as far as frame pointers lead: the
 * thread pays up to 2.6 us a sample.  SAMPLER_TASKS always have it.
 */
void sampler_add_chains(struct sampler *sampler);

/* Follow thread @tid.  -ESRCH: it is gone; -EMFILE: no more descriptors. */
int sampler_add_task(struct sampler *sampler, pid_t tid);

/* Every @period-th event of a tracepoint that passes @filter, with registers and stack. */
struct sampler_tracepoint {
	uint32_t type; /* PERF_TYPE_TRACEPOINT, or _SOFTWARE: an event of the kernel's own */
	uint32_t id;
	uint32_t period;      /* 0: none */
	uint32_t stack_bytes; /* copied at most */
	bool has_kernel;      /* the kernel's call chain, too: 2 us each */
	const char *filter;   /* in the kernel's language; borrowed; NULL: all pass */
};

/*
 * From here on @source samples @tracepoint on every CPU, instead of what it did before;
 * SAMPLER_CPUS only.  A filter or period cannot be changed in an event, so events are
 * opened anew: for some microseconds a CPU has neither.  On failure none is sampled.
 */
int sampler_trace(struct sampler *sampler, enum sampler_source source,
		  const struct sampler_tracepoint *tracepoint);

/* @source samples nothing until it is told to go on, or sampler_trace() is called again. */
void sampler_pause(struct sampler *sampler, enum sampler_source source, bool is_paused);

/*
 * Events that are opened while held begin when they are released, all at once: the first of a
 * tracepoint may take the kernel some 10 ms, in which nobody would read what others sample.
 */
void sampler_hold(struct sampler *sampler);
void sampler_release(struct sampler *sampler);

/*
 * Take an event of @cpu that was opened elsewhere, with what perf_attr_of_tracepoint() asks
 * for: its samples are among the records from here on, by @ret_id, as @source, which is one of
 * probes.  @fd is the sampler's also when it fails.
 */
int sampler_adopt(struct sampler *sampler, int fd, uint32_t cpu, enum sampler_source source,
		  uint64_t *ret_id);

void sampler_start(struct sampler *sampler);
void sampler_stop(struct sampler *sampler); /* no new records from here on */

/* Open events on CPUs that came online; forget those that went.  Cheap: call it every second. */
void sampler_follow_cpus(struct sampler *sampler);

/* Wait until a ring is half full or @timeout_ms passed.  Returns as poll() does. */
int sampler_wait(struct sampler *sampler, int timeout_ms);

struct sampler_facts sampler_facts(const struct sampler *sampler);

/* Records that the kernel says were dropped and that no LOST record told of, by now. */
struct sampler_losses {
	uint64_t n_ticks; /* and what happened to processes */
	uint64_t n_tracepoints;
};
struct sampler_losses sampler_lost(const struct sampler *sampler);

/* Records that could not be decoded. */
uint64_t sampler_n_undecodable(const struct sampler *sampler);

#endif /* RECORD_SAMPLER_H */
