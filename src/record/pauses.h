/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pauses of garbage collectors: looks for language runtimes among the files that targets
 * map, has probes put into them, and puts an EVENT_PAUSE for each step that a thread takes.
 */
#ifndef RECORD_PAUSES_H
#define RECORD_PAUSES_H

#include <stdbool.h>
#include <stdint.h>

#include "event/definer.h"
#include "event/sink.h"
#include "proc/space.h"
#include "record/perf_record.h"
#include "stacks.h"
#include "targets.h"
#include "uprobes.h"

struct pauses_context { /* all borrowed */
	struct spaces *spaces;
	struct stacks *stacks;
	struct targets *targets;
	struct definer *definer;
	struct event_sink *sink;
	struct uprobes *uprobes;
};

struct pauses;

struct pauses *pauses_new(const struct pauses_context *context);
void pauses_free(struct pauses *pauses);

/* @pid is a target, or maps something new at @time_ns of the stream: look for runtimes in it. */
void pauses_look(struct pauses *pauses, uint32_t pid, uint64_t time_ns);

/* The same for what @program, looked for as exec does, will be. */
void pauses_expect(struct pauses *pauses, const char *program);

/*
 * What was found is told of once the stream of events has reached @stream_ns, when the probes
 * were in place: no pause after that is missed.
 */
void pauses_step(struct pauses *pauses, uint64_t stream_ns);

/* Records of a ring of probes were lost before @time_ns. */
void pauses_lost(struct pauses *pauses, uint64_t time_ns);

#endif /* RECORD_PAUSES_H */
