/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page faults that threads wait in: where, and what is mapped there.
 *
 * A thread's registers do not tell the address.  What does, exactly: an event of perf when
 * a fault that had to wait is over, which costs other faults nothing; and, with --trace,
 * the exact stream before the wait, also of faults that wait for anything else.
 */
#ifndef RECORD_WAIT_FAULT_H
#define RECORD_WAIT_FAULT_H

#include <stdint.h>

#include "event/definer.h"
#include "record/perf_record.h"
#include "wait_reason.h"

struct wait_faults;

struct wait_faults *wait_faults_new(struct definer *definer); /* borrowed */
void wait_faults_free(struct wait_faults *faults);
void wait_faults_forget_ids(struct wait_faults *faults);

/* The exact stream tells that @tid touches @address by the instruction at @ip. */
void wait_faults_see(struct wait_faults *faults, uint32_t tid, uint64_t ip, uint64_t address);

/* Fill in @reason's address, object and offset where @call's thread waits in a fault seen. */
void wait_faults_explain(struct wait_faults *faults, const struct wait_call *call,
			 struct wait_reason *reason);

/* The event that tells of a sample of SAMPLER_FAULTS. */
struct event wait_faults_event(struct wait_faults *faults, const struct perf_record *record,
			       uint32_t stack);

#endif /* RECORD_WAIT_FAULT_H */
