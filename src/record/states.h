/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What threads do while no switch tells of them: their states at the two ends of the
 * window, from /proc.  Where a switch says otherwise, the switch is right: /proc is
 * read a moment later.
 */
#ifndef RECORD_STATES_H
#define RECORD_STATES_H

#include "base/map.h"
#include "event/event.h"
#include "event/sink.h"

struct states {
	struct event_sink *sink; /* borrowed */

	/* Fill in stack, why, nr and object of a thread that is blocked; NULL: not known. */
	void (*explain)(void *arg, struct event_task_state *state, uint64_t time_ns);
	void *arg;
	struct map ran_ns; /* threads that could run at the start: their run time by then */
};

/* Put how the thread is found now.  False: it is gone. */
bool states_at_start(struct states *states, uint32_t pid, uint32_t tid, uint64_t start_ns);

/*
 * The same when the window closes, @window_ns after it opened: for a thread that no
 * switch told of.  One that could run all the while did, if its run time says so.
 */
bool states_at_end(struct states *states, uint32_t pid, uint32_t tid, uint64_t end_ns,
		   uint64_t window_ns);
void states_release(struct states *states);

enum task_state states_of_letter(char letter); /* as in /proc/PID/stat */

#endif /* RECORD_STATES_H */
