/* SPDX-License-Identifier: GPL-2.0-only */
/* What the recorder tells of itself: facts about the set-up, and counters. */
#ifndef RECORD_AUDIT_H
#define RECORD_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "event/definer.h"
#include "event/sink.h"
#include "unwind/unwind.h"

struct audit {
	uint64_t time_ns; /* of the stream: that of the last event */
	uint64_t n_samples;
	uint64_t n_lost;
	uint64_t n_lost_waits;  /* stacks of waits and wakers; not in n_lost */
	uint64_t n_lost_allocs; /* neither are in n_lost */
	uint64_t n_lost_frees;
	uint64_t n_throttled;
	uint64_t n_undecodable;
	uint64_t n_without_fd; /* threads that could not be followed */
	uint64_t n_exact;      /* switches, wake-ups and calls */
	uint64_t n_exact_lost;
	uint64_t n_exact_undecodable; /* pages */
	uint64_t n_unpaired;          /* returns of calls whose beginning was lost */
	uint64_t n_states_left;       /* threads whose state there was no time to read */
};

struct audit_meta {
	uint32_t hz;
	bool is_hardware, has_kernel;
	bool lacks_wakeups; /* there are switches without them */
	uint32_t stack_bytes;
	size_t ring_bytes;
	const pid_t *pids;
	size_t n_pids;
	bool is_all;
	char **command; /* or NULL */
};

/* Put META events: what was recorded, where, and how. */
void audit_put_meta(struct definer *definer, const struct audit_meta *meta);

/* Put a COUNTER event for each count. */
void audit_put_counters(const struct audit *audit, struct definer *definer, struct event_sink *sink,
			uint64_t elapsed_ns, const struct unwind_stats *unwind);

#endif /* RECORD_AUDIT_H */
