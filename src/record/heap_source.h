/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations of a command and what it starts: puts ALLOC, FREE and HEAP_TOTALS events.
 *
 * The command is started with a library before its allocator (src/shim) that samples
 * and calls a function that does nothing; a uprobe there, on every CPU, has the stack.  Into
 * processes that run already it is brought (inject/inject.h).
 * Counts of all allocations come through shared memory (shim/heap_page.h).
 */
#ifndef RECORD_HEAP_SOURCE_H
#define RECORD_HEAP_SOURCE_H

#include <stdint.h>
#include <sys/types.h>

#include "event/definer.h"
#include "event/sink.h"
#include "life.h"
#include "record/perf_record.h"
#include "stacks.h"
#include "targets.h"
#include "uprobes.h"

struct heap_context { /* all borrowed */
	struct uprobes *uprobes;
	struct stacks *stacks;
	struct definer *definer;
	struct event_sink *sink;
	struct targets *targets;
	struct life *life;
};

struct heap_source; /* NULL: none, of which nothing becomes */

/* For @command, sampling one in @rate bytes.  0, or -errno having said why not. */
int heap_source_new(const char *command, uint64_t rate, struct heap_source **ret);

/*
 * Of the processes @pids: the library is loaded into each, and waits there.  0, or -errno having
 * said why not; then it is in none of them in use.
 */
int heap_source_inject(const pid_t *pids, size_t n, uint64_t rate, struct heap_source **ret);
void heap_source_free(struct heap_source *source);

/* What the command needs in its environment: NAME=VALUE, and NULL at the end.  Borrowed. */
char **heap_source_environment(const struct heap_source *source);

/* Before the command runs.  0, or -errno having said why not. */
int heap_source_open(struct heap_source *source, const struct heap_context *context);

/* The window is open: of processes that ran before, what they allocate counts from here on. */
void heap_source_start(struct heap_source *source);

/* A sample of SAMPLER_ALLOCS or SAMPLER_FREES. */
void heap_source_take(struct heap_source *source, const struct perf_record *record);

/* Put what changed of the counts. */
void heap_source_put_totals(struct heap_source *source, uint64_t time_ns);

/* The processes go on without being sampled.  Notes what could not be seen of them. */
void heap_source_stop(struct heap_source *source);

#endif /* RECORD_HEAP_SOURCE_H */
