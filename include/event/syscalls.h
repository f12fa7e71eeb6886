/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls of x86-64: their names, and what their arguments mean.
 *
 * Arguments that are addresses of the caller's own data say nothing to a reader and are
 * not recorded: only what they would lead to could be of use, and that may have changed
 * before it is read.
 */
#ifndef EVENT_SYSCALLS_H
#define EVENT_SYSCALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "event/event.h"

#define SYSCALL_ARGS 6

struct syscall_form {
	const char *name;
	/*
	 * A letter for each argument that is recorded, or stands before one: p, s an address,
	 * of a text; f a descriptor; d one that files are looked up from; i, u numbers of 32 bits,
	 * signed or not; l, U of 64; z a size; o an offset; a an address in its own right; m a
	 * file's mode; g a signal; x flags without names.  Others have names: syscall_words.c.
	 * NULL: none.
	 */
	const char *types;
	const char *args; /* what they are called, with blanks between */
	char result;      /* f: a new descriptor; A: an address; 0: a number */
};

/* NULL: no call is known by this number. */
const struct syscall_form *syscall_form(uint32_t nr);

static inline void syscall_args(const struct event_syscall *call, uint64_t ret[SYSCALL_ARGS])
{
	const uint64_t args[SYSCALL_ARGS] = { call->arg0, call->arg1, call->arg2,
					      call->arg3, call->arg4, call->arg5 };

	memcpy(ret, args, sizeof(args));
}

/* Of the @args of call @nr what is to be recorded; 0 for the others. */
void syscall_keep_args(uint32_t nr, const uint64_t args[SYSCALL_ARGS], uint64_t ret[SYSCALL_ARGS]);

/* What argument @i of a call of @form is called; 0: it is not recorded. */
char syscall_arg_type(const struct syscall_form *form, unsigned int i);
void syscall_arg_name(const struct syscall_form *form, unsigned int i, struct buf *out);

/* Append @value as people read it: "O_RDONLY|O_CLOEXEC", "AT_FDCWD", "-1", "0644". */
void syscall_arg_text(char type, uint64_t value, struct buf *out);

/* Whether @value of @type is best shown as a number. */
bool syscall_arg_is_number(char type, uint64_t value);

/*
 * What a call that came back with @result failed with: "ENOENT", or "error" where its
 * number has no name; NULL: it did not fail.
 */
const char *syscall_error(uint64_t result);

/*
 * Of a call that was on when the window opened, and counts from there, nobody saw the
 * arguments.
 */
static inline bool syscall_has_args(const struct event *event, uint64_t window_start_ns)
{
	return event->time_ns > window_start_ns + event->syscall.duration_ns;
}

/* Append the call as a line of a program: "read(fd=3, count=4096) = 5". */
void syscall_call_text(const struct event_syscall *call, bool has_args, struct buf *out);

#endif /* EVENT_SYSCALLS_H */
