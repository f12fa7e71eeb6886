/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bytes of a sampled stack: those captured with the sample, and behind them
 * those read from the process as it is now.
 *
 * The process has run on since.  What is read now is believed only while the
 * outermost return address found so far (the seam) still stands where it stood:
 * then the frames around it have not returned.
 *
 * What a signal interrupted may be on another stack than its handler, of which
 * nothing was captured and where nothing is a seam.  It stands still while the
 * handler runs, and is believed only then.
 */
#ifndef UNWIND_STACK_H
#define UNWIND_STACK_H

#include <string.h>

#include "unwind/unwind.h"

#define STACK_CHUNK 16384 /* bytes read at once */

struct stack {
	const struct unwind_sample *sample;
	const unsigned char *bytes; /* captured */
	uint64_t start, size;
	uint64_t seam;          /* where the outermost return address stands; 0: none yet */
	uint64_t seam_words[2]; /* what stands there: it, or the frame pointer and it */
	size_t seam_size;       /* in bytes */
	uint64_t handled;       /* where the kernel saved what a signal interrupted; 0: nowhere */
	unsigned char *chunk;   /* borrowed: STACK_CHUNK bytes, the last read */
	uint64_t chunk_start, chunk_size;
	unsigned int n_reads; /* through read_memory */
	uint64_t full_size;   /* of what was captured: `size` may be less of it, for now */
	bool is_live;         /* read_memory may be used */
	bool wants_more;      /* than is at hand for now */
};

void stack_init(struct stack *stack, const struct unwind_sample *sample, unsigned char *chunk);

/* More is at hand from now on: all that was captured, and then what is read. */
void stack_widen(struct stack *stack);

/* As stack_read(), where the captured bytes do not reach. */
bool stack_read_now(struct stack *stack, uint64_t address, uint64_t *ret);

/* The word at @address, or false where it cannot be had. */
static inline bool stack_read(struct stack *stack, uint64_t address, uint64_t *ret)
{
	uint64_t offset = address - stack->start;

	if (__builtin_expect(stack->size < 8 || offset > stack->size - 8, 0))
		return stack_read_now(stack, address, ret);
	memcpy(ret, stack->bytes + offset, 8);
	return true;
}

static inline bool stack_is_captured(const struct stack *stack, uint64_t address, uint64_t size)
{
	return size <= stack->size && address - stack->start <= stack->size - size;
}

static inline void stack_set_seam(struct stack *stack, uint64_t address, uint64_t value)
{
	stack->seam = address;
	stack->seam_words[0] = value;
	stack->seam_size = 8;
}

/* With the frame pointer saved below: all that tells apart what Go calls on its system stacks. */
static inline void stack_set_frame_seam(struct stack *stack, uint64_t address, uint64_t fp,
					uint64_t ra)
{
	stack->seam = address;
	stack->seam_words[0] = fp;
	stack->seam_words[1] = ra;
	stack->seam_size = 16;
}

/* What is outside of @address, where a handler's frame keeps a ucontext, a signal interrupted. */
static inline void stack_set_handled(struct stack *stack, uint64_t address)
{
	stack->handled = address;
}

#endif /* UNWIND_STACK_H */
