/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exact stream: every switch, wake-up and, if asked for, detail (system calls, page
 * faults, signals; all interrupts and disk requests) of the targets, from an instance of
 * tracefs that is this recorder's own.  Each CPU's buffer is a stream of records among
 * others.
 *
 * The instance is called after the recorder's process.  One that a killed recorder
 * left behind, and that goes on costing, is removed when the next one opens its own.
 */
#ifndef RECORD_TRACE_H
#define RECORD_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "streams.h"
#include "trace_format.h"

typedef int trace_fn(void *arg, const struct trace_record *record); /* not 0: end the round */

struct trace_options {
	bool has_part[TRACE_N_PARTS]; /* of trace_events[]; TRACE_BASIC always is */
	bool is_all;         /* of everybody but us; else of the threads given to trace_follow() */
	size_t buffer_bytes; /* of each CPU; 0: as fits the machine */
	struct streams *streams; /* borrowed; the buffers are added to them */
	trace_fn *fn;            /* called for each record when the streams are drained */
	void *arg;
};

struct trace;

/* -errno, and in @ret_missing, a string constant, what could not be had. */
int trace_open(const struct trace_options *options, struct trace **ret, const char **ret_missing);
void trace_close(struct trace *trace);

/* What this kernel does not have though it was wanted, as a sentence; NULL: it has @kind. */
const char *trace_lacks(const struct trace *trace, enum trace_kind kind);

/*
 * Whom it is about: @tids, and all that is born after @last_id was the last thread id
 * given out.  A superset of them is traced.  Before trace_start(), and whenever the ids
 * are old.  0 or -errno.
 */
int trace_follow(struct trace *trace, const uint32_t *tids, size_t n_tids, uint32_t last_id);

/* The last thread id given out; 0: not known. */
uint32_t trace_last_id(void);

/* Enough ids were given out since trace_follow() that it should be called again. */
bool trace_is_stale(const struct trace *trace);

int trace_prepare(struct trace *trace); /* all but to start: that takes no time then */

/* This process has all the threads it will have: none is traced.  0 or -errno. */
int trace_settle(struct trace *trace);

int trace_start(struct trace *trace, uint64_t start_ns);
void trace_stop(struct trace *trace); /* no new records from here on */

/* Tell of losses that no record told of yet: after the last drain, up to @end_ns. */
void trace_tell_lost(struct trace *trace, uint64_t end_ns);

struct trace_facts {
	uint64_t n_events;
	uint64_t n_lost;        /* events; at least */
	uint64_t n_undecodable; /* pages with bytes that are no events */
	size_t buffer_bytes;    /* of each CPU */
};
struct trace_facts trace_facts(const struct trace *trace);

#endif /* RECORD_TRACE_H */
