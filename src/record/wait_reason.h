/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a thread blocks, from the registers it blocked with.
 *
 * It is in a system call exactly if ax is -ENOSYS, which Linux puts there before it
 * runs a call; the arguments stand in their registers.  The number does not: it is read
 * off the code before the call, or else learned from /proc once for each stack.  A
 * thread that blocks outside of a system call waits for a page.
 */
#ifndef RECORD_WAIT_REASON_H
#define RECORD_WAIT_REASON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/definer.h"
#include "proc/space.h"
#include "record/perf_record.h"

struct wait_call { /* what a thread did when it blocked */
	uint32_t pid, tid;
	uint64_t now_ns;
	bool in_syscall;
	int nr; /* -1: not known */
	uint64_t args[6];
	uint64_t ip, sp;
	const void *stack; /* the bytes at sp, as they were then; NULL: none */
	size_t stack_size;
};

struct wait_reason {
	enum wait_class why;
	uint32_t nr;      /* + 1; 0: none, or not known */
	uint32_t object;  /* the id of a string; 0: none */
	uint64_t address; /* of a futex, or of a page fault; 0: none */
	uint64_t offset;  /* in the file */
};

struct wait_reason_stats {
	uint64_t n_decoded, n_learned; /* numbers, once for each place in code or stack */
	uint64_t n_unknown;            /* waits in a system call whose number was not found */
};

struct wait_reasons;
struct wait_faults;

/* Borrowed, all. */
struct wait_reasons *wait_reasons_new(struct spaces *spaces, struct definer *definer,
				      struct wait_faults *faults);
void wait_reasons_free(struct wait_reasons *reasons);
void wait_reasons_forget_ids(struct wait_reasons *reasons);

/* Of a sample at a switch, that has registers; @stack: its interned one. */
struct wait_reason wait_reasons_find(struct wait_reasons *reasons, const struct perf_record *record,
				     uint32_t stack);

/* The address of the futex that the sampled thread has to do with just now, or 0. */
uint64_t wait_reasons_futex(struct wait_reasons *reasons, const struct perf_record *record,
			    uint32_t stack);

/*
 * Of a thread that is blocked now, by /proc/PID/task/TID/syscall: fill in where @call's
 * thread stands, and why.  0; -EAGAIN: it runs; -ENXIO: it is the kernel's, and stands
 * nowhere; -errno: /proc does not tell.
 */
int wait_reasons_ask(struct wait_reasons *reasons, struct wait_call *call, struct wait_reason *ret);

const struct wait_reason_stats *wait_reasons_stats(const struct wait_reasons *reasons);

/*
 * Parse the text of /proc/PID/task/TID/syscall into @ret's nr, args, ip, sp and in_syscall.
 * 0; -EAGAIN: "running"; -EBADMSG.
 */
int wait_call_parse(const char *text, struct wait_call *ret);

/*
 * What the thread that makes @call has at @address: from the copy of its stack, if that has
 * it; where there is none, as the thread is blocked now, from its memory.
 */
bool wait_call_read(const struct wait_call *call, uint64_t address, void *data, size_t size);

#endif /* RECORD_WAIT_REASON_H */
