/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that a recording waits for: finds them in what targets run, has probes put where
 * they begin, and tells when a target's thread enters one.
 */
#ifndef RECORD_FUNCTIONS_H
#define RECORD_FUNCTIONS_H

#include <stdint.h>
#include <sys/types.h>

#include "proc/space.h"
#include "record/recorder.h"
#include "stacks.h"
#include "targets.h"
#include "uprobes.h"

struct functions_context { /* all borrowed */
	const struct recorder_options *options;
	struct spaces *spaces;
	struct stacks *stacks;
	struct targets *targets;
	struct uprobes *uprobes;
};

struct functions;

struct functions *functions_new(const struct functions_context *context);
void functions_free(struct functions *functions);

/* Look for them in @pid's program, before the recording begins. */
void functions_look_at_program(struct functions *functions, pid_t pid);

/* The same in what @program, looked for as exec does, will be. */
void functions_expect(struct functions *functions, const char *program);

/* Look for those of libraries in what @pid, a target, maps now. */
void functions_look(struct functions *functions, uint32_t pid);

/*
 * Once all that was found so far has its probes: 0, or, having said why, -ENOENT for a function
 * that cannot be entered, as it is not where it was said to be.  What is in libraries that
 * nobody maps yet may come.
 */
int functions_check(struct functions *functions);

/* At the end: say which libraries nobody ever mapped. */
void functions_say_missing(const struct functions *functions);

/* Tell of entries again, after recorder_options.on_entry said that one was enough. */
void functions_rearm(struct functions *functions);

#endif /* RECORD_FUNCTIONS_H */
