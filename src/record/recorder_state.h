/* SPDX-License-Identifier: GPL-2.0-only */
/* What a recorder is made of: recorder_open.c opens it, recorder.c runs it. */
#ifndef RECORD_RECORDER_STATE_H
#define RECORD_RECORDER_STATE_H

#include "audit.h"
#include "exact.h"
#include "functions.h"
#include "heap_source.h"
#include "launch.h"
#include "life.h"
#include "pauses.h"
#include "record/recorder.h"
#include "resident.h"
#include "sampler.h"
#include "stacks.h"
#include "streams.h"
#include "targets.h"
#include "uprobes.h"
#include "wait_source.h"

struct recorder {
	struct event_sink outlet;               /* what all events pass */
	const struct recorder_options *options; /* borrowed */
	struct event_sink *sink;                /* borrowed */
	struct definer *definer;
	struct modules *modules;
	struct spaces *spaces;
	struct stacks *stacks;
	struct streams streams;
	struct sampler *sampler;
	enum sampler_scope scope;
	struct targets targets;
	struct life life;
	struct exact exact;
	struct wait_source *waits;   /* NULL: no stacks of waits */
	struct uprobes *uprobes;     /* NULL: none */
	struct pauses *pauses;       /* NULL: not recorded */
	struct functions *functions; /* NULL: none is waited for */
	struct heap_source *heap;    /* NULL: no allocations */
	struct resident *resident;   /* NULL: not recorded */
	struct launch command;
	int usual_priority; /* a nice value, outside the window */
	uint32_t hz;
	bool waits_for_exec; /* of the command: nothing before it is of interest */
	uint64_t start_ns, end_ns;
	uint64_t checked_ns; /* when the once-a-second work was last done */
	struct audit audit;
	int error; /* first -errno of the sink */
};

/* The outlet: remembers the first failure of the sink that the events go on to. */
int recorder_put_through(struct event_sink *outlet, const struct event *event);

/* Every record of the sampler. */
int recorder_take(void *recorder, const struct perf_record *record);

#endif /* RECORD_RECORDER_STATE_H */
