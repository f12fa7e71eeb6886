/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a flight recorder waits for: a thread that waits for a CPU or blocks, or a runtime
 * that stops a process's threads, for too long; a function that is entered; a signal.
 * A sink that passes everything on, and puts a TRIGGER behind the event that shows it.
 *
 * All are told when they are over: a wait at its wake-up (where wake-ups are not recorded,
 * when the thread runs again), a latency when the thread gets its CPU.
 */
#ifndef RECORD_TRIGGER_H
#define RECORD_TRIGGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "event/definer.h"
#include "event/sink.h"
#include "record/recorder.h"

enum trigger_kind {
	TRIGGER_LATENCY = 1, /* from when it could run until it did */
	TRIGGER_WAIT,
	TRIGGER_PAUSE,    /* of a garbage collector or the like */
	TRIGGER_FUNCTION, /* was entered: whoever sees that tells by trigger_enter() */
	TRIGGER_SIGNAL,   /* to the recorder: whoever takes that tells by trigger_fire() */
};

#define TRIGGER_ANY_CLASS UINT32_MAX

struct trigger_condition {
	enum trigger_kind kind;
	uint32_t why;                  /* of waits: enum wait_class, or TRIGGER_ANY_CLASS */
	uint64_t limit_ns;             /* what lasts longer */
	struct function_name function; /* in text */
	const char *text;              /* as given; borrowed */
};

/*
 * "latency>20ms", "wait>1s", "wait:lock>50ms", "pause>10ms", "function:f", "signal".  0, or
 * -EINVAL with a sentence in @message: what is wrong, and what is right.
 */
int trigger_parse(const char *text, struct trigger_condition *ret, struct buf *message);

struct trigger;

struct trigger_hit {
	const struct trigger_condition *condition;
	uint64_t time_ns;
	uint64_t duration_ns; /* 0: of what has none */
	uint32_t pid, tid;    /* 0: nobody */
	uint32_t stack;       /* id; 0: none */
};

/* @conditions, @next, where everything goes: borrowed. */
struct trigger *trigger_new(const struct trigger_condition *conditions, size_t n,
			    struct event_sink *next);
void trigger_free(struct trigger *trigger);
void trigger_set_definer(struct trigger *trigger, struct definer *definer); /* borrowed */
struct event_sink *trigger_sink(struct trigger *trigger);

/* The first condition that was met, since trigger_rearm() if that was called; NULL: none. */
const struct trigger_hit *trigger_hit(const struct trigger *trigger);
void trigger_rearm(struct trigger *trigger);

/* The condition of that kind, if it was asked for, is met at @time_ns. */
void trigger_fire(struct trigger *trigger, enum trigger_kind kind, uint64_t time_ns);

/* A target's thread entered what a condition names (its function is compared by address). */
void trigger_enter(struct trigger *trigger, const struct function_name *name,
		   const struct function_entry *entry);

#endif /* RECORD_TRIGGER_H */
