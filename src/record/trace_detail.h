/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What --trace adds to the exact stream beside system calls, as events: page faults,
 * disk requests, signals, interrupts.
 */
#ifndef RECORD_TRACE_DETAIL_H
#define RECORD_TRACE_DETAIL_H

#include <stdint.h>

#include "base/array.h"
#include "event/definer.h"
#include "event/sink.h"
#include "life.h"
#include "trace_disk.h"
#include "trace_format.h"

struct trace_handler {     /* of an interrupt, or a softirq, that runs */
	uint64_t start_ns; /* 0: none runs, as far as is known */
	uint64_t nested_ns;
	uint32_t nr, tid, name;
};

struct trace_cpu_irqs {
	struct trace_handler hard, soft;
};

struct trace_detail { /* what it points to is borrowed */
	struct event_sink *sink;
	struct definer *definer;
	const struct life *life;
	struct trace_disk disk;
	ARRAY(struct trace_cpu_irqs) cpus;
	struct map devices; /* number → name */
};

/* Take a record of a kind that is a detail and no system call. */
void trace_detail_take(struct trace_detail *detail, const struct trace_record *record);

void trace_detail_gap(struct trace_detail *detail, uint32_t cpu); /* events of @cpu were lost */
void trace_detail_forget_ids(struct trace_detail *detail); /* the definer gives out new ones */
void trace_detail_release(struct trace_detail *detail);

#endif /* RECORD_TRACE_DETAIL_H */
