/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of processes that run already: who touched first what is resident.  Puts RESIDENT and
 * RESIDENT_TOTALS events.
 *
 * One page fault in so many is sampled on every CPU, with its stack and address, those that
 * the kernel takes for a process included.  About every second, and at the end, the page
 * tables are looked at (page_scan.h); resident_pages.h divides what is there.
 */
#ifndef RECORD_RESIDENT_H
#define RECORD_RESIDENT_H

#include <stdint.h>

#include "event/definer.h"
#include "event/sink.h"
#include "life.h"
#include "record/perf_record.h"
#include "sampler.h"
#include "stacks.h"
#include "targets.h"

struct resident_context { /* all borrowed */
	struct sampler *sampler;
	struct stacks *stacks;
	struct definer *definer;
	struct event_sink *sink;
	struct targets *targets;
	struct life *life;
};

struct resident; /* NULL: not recorded, of which nothing becomes */

/* One fault is sampled in about @rate bytes. */
struct resident *resident_new(const struct resident_context *context, uint64_t rate);
void resident_free(struct resident *resident);

/* Once the targets are known: begin, with a first look.  0, or -errno having said why not. */
int resident_start(struct resident *resident);

/* A sample of SAMPLER_PAGES or SAMPLER_MOVES. */
void resident_take(struct resident *resident, const struct perf_record *record);

/* Another record of a target, in the order of time: exec and exit end what was. */
void resident_take_other(struct resident *resident, const struct perf_record *record);

/* Look, when it is time; put what was found, when all until @told_ns has been told. */
void resident_step(struct resident *resident, uint64_t now_ns, uint64_t told_ns);

/* The last look, before the sampler is stopped; resident_step() with UINT64_MAX ends it. */
void resident_stop(struct resident *resident);

#endif /* RECORD_RESIDENT_H */
