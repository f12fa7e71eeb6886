/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU sampler: perf events and their rings, one ring a CPU, and the records of
 * all of them as one stream in the order of time.
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

enum sampler_scope {
	SAMPLER_CPUS,  /* every thread on every CPU */
	SAMPLER_TASKS, /* only threads given to sampler_add_task() */
};

struct sampler_options {
	uint32_t hz;
	enum sampler_scope scope;
	bool on_exec; /* SAMPLER_TASKS: start when the task calls exec */
};

struct sampler_facts {        /* what came of it */
	bool is_hardware;     /* cycles; else the cpu-clock timer */
	bool has_kernel;      /* false: samples in user space only */
	bool has_build_ids;   /* mmap records carry them */
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

/* Follow thread @tid.  -ESRCH: it is gone; -EMFILE: no more descriptors. */
int sampler_add_task(struct sampler *sampler, pid_t tid);

void sampler_start(struct sampler *sampler);
void sampler_stop(struct sampler *sampler); /* no new records from here on */

/* Open events on CPUs that came online; forget those that went.  Cheap: call it every second. */
void sampler_follow_cpus(struct sampler *sampler);

/* Wait until a ring is half full or @timeout_ms passed.  Returns as poll() does. */
int sampler_wait(struct sampler *sampler, int timeout_ms);

/*
 * Hand every record that no earlier one can follow any more to @fn, in the order of
 * time.  @all: hand over what there is, after sampler_stop().  Returns 0 or what
 * @fn returned, if not 0; the record is then consumed.
 */
typedef int sampler_fn(void *arg, const struct perf_record *record);
int sampler_drain(struct sampler *sampler, bool all, sampler_fn *fn, void *arg);

struct sampler_facts sampler_facts(const struct sampler *sampler);

/* Records that the kernel says were dropped and that no LOST record told of, by now. */
uint64_t sampler_lost(const struct sampler *sampler);

/* Records that could not be decoded. */
uint64_t sampler_n_undecodable(const struct sampler *sampler);

#endif /* RECORD_SAMPLER_H */
