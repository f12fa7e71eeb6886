/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One thread of another process, stopped, and made to call functions.
 *
 * From hijack_begin() to hijack_end(), whatever happens to us, the thread goes on by itself:
 * what it calls returns to rt_sigreturn(), to registers that lie on its stack.  Only a
 * timed wait that was cut short is then EINTR, as after a signal.
 */
#ifndef INJECT_HIJACK_H
#define INJECT_HIJACK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "target.h"

#define HIJACK_XSTATE_BYTES 16384
#define HIJACK_TEXT_BYTES   64

struct hijack {
	const struct target *target;
	pid_t tid;
	enum {
		HIJACK_STOPPED,  /* nothing was called yet */
		HIJACK_RETURNED, /* all that was called: it is about to go on */
		HIJACK_LOST,     /* it goes on by itself when it can: not to be touched */
	} state;
	struct user_regs_struct regs; /* where it was stopped */
	uint64_t mask;                /* of signals */
	int error_number;             /* its errno */
	size_t xstate_size;
	unsigned char xstate[HIJACK_XSTATE_BYTES];
	uint64_t area_start, area_end; /* the mapping of its stack: to be filled in before */
	bool is_main;                  /* that grows by itself */
	uint64_t frame;                /* the stack pointer of what is called */
	uint64_t texts;                /* HIJACK_TEXT_BYTES there for arguments, twice */
	int64_t result;                /* of the last system call that ended */
	int ignored_signal;            /* that it neither catches nor blocks; 0: it has none */
	int due_signal;                /* came meanwhile: it is to have it when it goes on */
	uint64_t stopped_ns;
};

/* Stop @tid.  0; -errno: it is not stopped.  What is told of its stack and its signals stays. */
int hijack_stop(struct hijack *ret, const struct target *target, pid_t tid);

/* Let go a thread that was stopped, and nothing else. */
void hijack_let_go(struct hijack *hijack);

/* Whether it was in a system call when it was stopped. */
bool hijack_is_in_syscall(const struct hijack *hijack);

/* Prepare what is said above.  0 or -errno: nothing was changed. */
int hijack_begin(struct hijack *hijack);

/*
 * Call @function with @arguments, and wait until it has returned.  0; -errno: it crashed, or the
 * thread is gone, or time is up, and it is no longer ours: this does nothing from here on.  The
 * result is to be looked for elsewhere.
 */
int hijack_call(struct hijack *hijack, uint64_t function, const uint64_t arguments[4]);

/*
 * The same, but it is not stopped at each system call on the way, if that can be; so there is no
 * result.
 */
int hijack_run(struct hijack *hijack, uint64_t function, const uint64_t arguments[4]);

/* Go on where it was. */
void hijack_end(struct hijack *hijack);

#endif /* INJECT_HIJACK_H */
