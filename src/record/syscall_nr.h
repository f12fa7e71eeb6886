/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls of x86-64: the number of one from its code, and what each may wait for. */
#ifndef RECORD_SYSCALL_NR_H
#define RECORD_SYSCALL_NR_H

#include <linux/futex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "event/event.h"

/*
 * The number in the register at the system call instruction that ends the @size bytes at
 * @code, where the code before it loads a constant; else -1.  Only instructions that are
 * understood may stand in between: what is returned is certain, but for jumps that lead
 * into the middle.
 */
int syscall_nr_decode(const unsigned char *code, size_t size);

enum syscall_object { /* what an argument of a call says about the wait */
		      OBJECT_NONE,
		      OBJECT_FD,       /* a file descriptor: class and object are the file's */
		      OBJECT_FUTEX,    /* the address of a futex */
		      OBJECT_FUTEXES,  /* the address of an array of struct futex_waitv */
		      OBJECT_CHILD,    /* the id of a child */
		      OBJECT_CHILD_BY, /* the same, after an argument with the kind of id */
		      OBJECT_TIME,     /* the address of a timespec to sleep */
		      OBJECT_POLL,     /* the address of pollfds, their number behind it */
		      OBJECT_SELECT,   /* a number of descriptors */
		      OBJECT_EPOLL,    /* an epoll descriptor */
};

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#define NR_FUTEX_WAKE    454 /* Linux 6.7 */
#define NR_FUTEX_WAIT    455
#define NR_FUTEX_REQUEUE 456

struct syscall_row {
	uint16_t nr;
	uint8_t why;    /* enum wait_class; of an fd: where its file is not known */
	uint8_t object; /* enum syscall_object */
	uint8_t arg;    /* which argument, from 0 */
};

/* NULL: nothing is known of @nr. */
const struct syscall_row *syscall_row_find(int nr);

/* What a futex call with @args waits for. */
enum wait_class syscall_futex_class(int nr, const uint64_t args[6]);

/*
 * Of a call whose number is not known, since it was made through syscall(): what number it
 * has if @args are such as a futex call has for waiting, and hardly another call that blocks,
 * else -1; whether they are such as one has for waking.
 */
int syscall_waits_futex(const uint64_t args[6]);

/*
 * Whether a thread that blocks with these arguments is in futex_waitv(), where @word, the first
 * that it waits for, was read off its memory.
 */
bool syscall_waits_words(const uint64_t args[6], const struct futex_waitv *word);
bool syscall_wakes_futex(const uint64_t args[6]);

#endif /* RECORD_SYSCALL_NR_H */
