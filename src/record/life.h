/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is born, gets a name and ends: keeps the targets and the address spaces up to
 * date, and puts the events that tell of it.  A thread is told of by name before or
 * at the time of the first event that is about it.
 */
#ifndef RECORD_LIFE_H
#define RECORD_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "event/definer.h"
#include "event/sink.h"
#include "proc/space.h"
#include "record/perf_record.h"
#include "targets.h"

struct life {
	struct event_sink *sink; /* borrowed, as all of these */
	struct definer *definer;
	struct spaces *spaces;
	struct targets *targets;
	bool has_switches;  /* life_left() will be called */
	struct map threads; /* tid → its pid, and whether its name was told */
	struct map dying;   /* threads that exited and are to leave their CPU yet */
};

/* What records of perf say. */
void life_comm(struct life *life, const struct perf_record *record);
void life_fork(struct life *life, const struct perf_record *record);
void life_exit(struct life *life, const struct perf_record *record);

/*
 * What tracefs says, in the same order of time, where a record of perf was lost: a
 * birth that perf would have told of before, and a thread's last switch.
 */
void life_born(struct life *life, uint32_t parent_tid, uint32_t tid, uint64_t time_ns);
void life_left(struct life *life, uint32_t tid, uint64_t time_ns);

/* Tells the name that /proc knows a thread by, if nobody told it yet. */
void life_meet(struct life *life, uint32_t pid, uint32_t tid, uint64_t time_ns);

/* A switch shows the thread, and its name in up to @size bytes. */
void life_see(struct life *life, uint32_t tid, const char *name, size_t size, uint64_t time_ns);

/* The process of a thread, as far as it has been told of, or 0. */
uint32_t life_pid(const struct life *life, uint32_t tid);

/* Whether a switch has shown the thread. */
bool life_is_seen(const struct life *life, uint32_t tid);

/* Whether the thread belongs to a target, until it has left its CPU for the last time. */
bool life_concerns(const struct life *life, uint32_t tid);
void life_release(struct life *life);

#endif /* RECORD_LIFE_H */
