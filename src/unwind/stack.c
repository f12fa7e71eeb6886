/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind/stack.h"

#define MAX_READS 512 /* a stack: what a lying one can cost */
#define PAGE      4096u

/* Until a return address is found, the outermost captured word stands for one. */
void stack_init(struct stack *stack, const struct unwind_sample *sample, unsigned char *chunk)
{
	uint64_t last, value;

	*stack = (struct stack){
		.sample = sample,
		.bytes = sample->stack,
		.start = sample->regs[UNWIND_RSP],
		.size = sample->stack_size,
		.full_size = sample->stack_size,
		.chunk = chunk,
		.is_live = !sample->knows_callers,
	};
	if (sample->knows_callers && sample->near_size < stack->size)
		stack->size = sample->near_size;
	if (stack->size < 8)
		return;
	last = (stack->size & ~7u) - 8;
	memcpy(&value, stack->bytes + last, 8);
	stack_set_seam(stack, stack->start + last, value);
}

void stack_widen(struct stack *stack)
{
	stack->wants_more = false;
	if (stack->size < stack->full_size)
		stack->size = stack->full_size;
	else
		stack->is_live = true;
}

static bool read_now(struct stack *stack, uint64_t address, void *data, size_t size)
{
	const struct unwind_sample *sample = stack->sample;

	if (stack->n_reads++ >= MAX_READS)
		return false;
	return sample->read_memory(sample->arg, address, data, size);
}

/* What is at the seam comes with the chunk where it can: then the two are of one moment. */
static bool holds_seam(struct stack *stack)
{
	uint64_t offset = stack->seam - stack->chunk_start, words[2];

	if (stack->chunk_size >= stack->seam_size && offset <= stack->chunk_size - stack->seam_size)
		memcpy(words, stack->chunk + offset, stack->seam_size);
	else if (!read_now(stack, stack->seam, words, stack->seam_size))
		return false;
	return !memcmp(words, stack->seam_words, stack->seam_size);
}

/* A ucontext as the kernel puts it on the stack, with a mask of 8 bytes at its end. */
enum { HANDLED_MASK = 296, HANDLED_SIZE = 304 };

/* Is all that is further out on a stack that a signal interrupted? */
static bool is_interrupted(const struct stack *stack)
{
	return stack->handled && (stack->seam - stack->handled < HANDLED_SIZE ||
				  !stack_is_captured(stack, stack->seam, 8));
}

/*
 * A handler that returned leaves its frame behind, but no longer blocks its signal.  The
 * mask first: had the handler run again since, the next one's frame would be seen.
 */
static bool is_handling(struct stack *stack)
{
	const struct unwind_sample *sample = stack->sample;
	const unsigned char *then = stack->bytes + (stack->handled - stack->start);
	unsigned char now[HANDLED_SIZE];
	uint64_t before, blocked;

	if (!stack_is_captured(stack, stack->handled, HANDLED_SIZE))
		return false;
	memcpy(&before, then + HANDLED_MASK, sizeof(before));
	if (!sample->read_blocked || !sample->read_blocked(sample->arg, &blocked) ||
	    before & ~blocked || before == blocked)
		return false;
	return read_now(stack, stack->handled, now, sizeof(now)) && !memcmp(then, now, sizeof(now));
}

static bool read_chunk(struct stack *stack, uint64_t start, uint64_t size)
{
	if (!read_now(stack, start, stack->chunk, size))
		return false;
	stack->chunk_start = start;
	stack->chunk_size = size;
	return true;
}

/*
 * Read a chunk that holds the word at @address.  It begins at the seam if that is
 * near.  Where a whole chunk is not mapped, what is left of the word's page is.
 */
static bool fill(struct stack *stack, uint64_t address)
{
	uint64_t start = address - stack->seam <= STACK_CHUNK - 8 ? stack->seam : address;
	uint64_t page_end = ((address + 7) | (PAGE - 1)) + 1;

	stack->chunk_size = 0;
	if (!read_chunk(stack, start, STACK_CHUNK) &&
	    (page_end - start > STACK_CHUNK || !read_chunk(stack, start, page_end - start)))
		return false;
	if (is_interrupted(stack) ? is_handling(stack) : holds_seam(stack))
		return true;
	stack->chunk_size = 0;
	return false;
}

bool stack_read_now(struct stack *stack, uint64_t address, uint64_t *ret)
{
	uint64_t offset = address - stack->chunk_start;

	stack->wants_more |= !stack->is_live;
	if (!stack->is_live)
		return false;
	if (stack->chunk_size < 8 || offset > stack->chunk_size - 8) {
		if (!stack->sample->read_memory || !stack->seam || address + 8 < 8 ||
		    !fill(stack, address))
			return false;
		offset = address - stack->chunk_start;
	}
	memcpy(ret, stack->chunk + offset, 8);
	return true;
}
