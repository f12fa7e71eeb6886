/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whom a recording is about: some processes with all their threads and all that
 * they start, or everybody.  Kept up to date by fork and exit records.
 */
#ifndef RECORD_TARGETS_H
#define RECORD_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/map.h"

struct targets { /* all-zero: nobody */
	bool is_all;
	struct map pids; /* every process that ever was a target → its threads alive */
	struct map tids; /* every thread alive → its pid */
	struct map gone; /* threads that the last targets_check() did not find */
	size_t n_live;   /* processes with a thread alive */
};

bool targets_has(const struct targets *targets, uint32_t pid);

/* Its threads are yet to be found. */
void targets_add_process(struct targets *targets, uint32_t pid);
void targets_add_thread(struct targets *targets, uint32_t pid, uint32_t tid);
/* Whether its one thread is that with its own id, or it is no named process. */
bool targets_is_single(const struct targets *targets, uint32_t pid);
void targets_remove_thread(struct targets *targets, uint32_t tid);

/* All named processes and what they started are gone.  Never so for everybody. */
bool targets_are_gone(const struct targets *targets);

/*
 * Forget threads that /proc no longer knows or that are zombies, now and at the call
 * before: for when exit records were lost.  Not at once: /proc is ahead of the stream
 * of records, in which such a thread may still have things to do.
 */
void targets_check(struct targets *targets);
void targets_release(struct targets *targets);

/* Thread ids here are those of the first pid namespace, which tracepoints tell. */
bool targets_have_first_ids(void);

/* Call @fn for every thread of @pid there is now.  -ESRCH: no such process. */
int threads_of(pid_t pid, void (*fn)(void *arg, pid_t pid, pid_t tid), void *arg);

/* Call @fn for every process there is now. */
int processes_now(void (*fn)(void *arg, pid_t pid), void *arg);

/* The state letter of /proc/PID/stat ('Z': zombie), or 0 where there is no such task. */
char task_state(pid_t pid);

#endif /* RECORD_TARGETS_H */
