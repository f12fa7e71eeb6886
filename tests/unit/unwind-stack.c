/* SPDX-License-Identifier: GPL-2.0-only */
/* Stacks of which only the first bytes are captured, in a process of pure imagination. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "unwind/stack.h"

#define START    0x7ffe00000000u
#define SIZE     ((size_t)256 << 10)
#define CAPTURED 1024

#define HANDLED (START + 64) /* a handler's frame: of a ucontext, 304 bytes */
#define MASK    296          /* in it */
#define OTHER   (START + SIZE / 2)

static unsigned char memory[SIZE]; /* the word at START + 8 i is i */
static unsigned char copy[SIZE];
static unsigned char chunk[STACK_CHUNK];
static size_t n_reads;
static uint64_t blocked;

static bool read_blocked(void *arg, uint64_t *ret)
{
	(void)arg;
	*ret = blocked;
	return true;
}

static bool read_memory(void *arg, uint64_t address, void *data, size_t size)
{
	(void)arg;
	n_reads++;
	if (address < START || address - START > SIZE || size > SIZE - (address - START))
		return false;
	memcpy(data, memory + (address - START), size);
	return true;
}

static int set_up(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < SIZE / 8; i++)
		memcpy(memory + 8 * i, &i, 8);
	n_reads = 0;
	blocked = 0;
	return 0;
}

static struct unwind_sample sample = {
	.regs = { [UNWIND_RSP] = START },
	.stack = memory,
	.stack_size = CAPTURED,
	.read_memory = read_memory,
	.read_blocked = read_blocked,
};

static struct stack begin(void)
{
	struct stack stack;

	stack_init(&stack, &sample, chunk);
	return stack;
}

static void change(uint64_t offset)
{
	memory[offset] ^= 1;
}

static void captured_words_are_read_at_any_address_in_them(void **state)
{
	struct stack stack = begin();
	uint64_t word;

	(void)state;
	assert_true(stack_read(&stack, START, &word));
	assert_int_equal(word, 0);
	assert_true(stack_read(&stack, START + CAPTURED - 8, &word));
	assert_int_equal(word, CAPTURED / 8 - 1);
	assert_true(stack_read(&stack, START + 1, &word));
	assert_int_equal(n_reads, 0);
}

static void every_word_behind_is_read_in_few_chunks(void **state)
{
	struct stack stack = begin();
	uint64_t word;

	(void)state;
	for (uint64_t i = 0; i < SIZE / 8; i++) {
		assert_true(stack_read(&stack, START + 8 * i, &word));
		assert_int_equal(word, i);
		stack_set_seam(&stack, START + 8 * i, word);
	}
	assert_true(n_reads < 2 * SIZE / STACK_CHUNK);
	assert_false(stack_read(&stack, START + SIZE - 4, &word));
	assert_false(stack_read(&stack, START + SIZE, &word));
}

static void a_word_across_the_edge_of_the_captured_bytes_is_read(void **state)
{
	struct stack stack = begin();
	uint64_t word;

	(void)state;
	assert_true(stack_read(&stack, START + CAPTURED - 4, &word));
	assert_int_equal(word, ((uint64_t)CAPTURED / 8) << 32);
}

static void a_changed_seam_refuses_all_behind_it(void **state)
{
	struct stack stack = begin();
	uint64_t word;

	(void)state;
	stack_set_seam(&stack, START + 512, 64);
	change(512);
	assert_false(stack_read(&stack, START + CAPTURED, &word));
	assert_false(stack_read(&stack, START + CAPTURED + (STACK_CHUNK << 1), &word));
	change(512);
	assert_true(stack_read(&stack, START + CAPTURED, &word));
	assert_true(stack_read(&stack, START + CAPTURED + (STACK_CHUNK << 1), &word));
}

static void a_changed_frame_pointer_at_the_seam_refuses_too(void **state)
{
	struct stack stack = begin();
	uint64_t word;

	(void)state;
	stack_set_frame_seam(&stack, START + 512, 64, 65);
	change(512);
	assert_false(stack_read(&stack, START + CAPTURED, &word));
	change(512);
	change(520);
	assert_false(stack_read(&stack, START + CAPTURED, &word));
	change(520);
	assert_true(stack_read(&stack, START + CAPTURED, &word));
}

static void before_any_return_address_the_last_captured_word_is_the_seam(void **state)
{
	struct stack stack = begin();
	uint64_t word;

	(void)state;
	change(CAPTURED - 8);
	stack = begin();
	change(CAPTURED - 8);
	assert_false(stack_read(&stack, START + CAPTURED, &word));
	stack = begin();
	assert_true(stack_read(&stack, START + CAPTURED, &word));
}

static void the_seam_moves_into_what_was_read(void **state)
{
	struct stack stack = begin();
	uint64_t word;

	(void)state;
	assert_true(stack_read(&stack, START + CAPTURED, &word));
	stack_set_seam(&stack, START + CAPTURED, word);
	change(CAPTURED);
	assert_true(stack_read(&stack, START + CAPTURED + 8, &word)); /* of the same chunk */
	assert_false(stack_read(&stack, START + CAPTURED + STACK_CHUNK, &word));
}

static void nothing_captured_is_nothing_to_go_on_from(void **state)
{
	struct unwind_sample empty = sample;
	struct stack stack;
	uint64_t word;

	(void)state;
	empty.stack_size = 7;
	stack_init(&stack, &empty, chunk);
	assert_false(stack_read(&stack, START, &word));
	assert_int_equal(n_reads, 0);
}

/* A handler that blocks signal 2 too, captured whole; what it interrupted was at OTHER. */
static struct stack begin_in_handler(void)
{
	struct stack stack = begin();
	uint64_t before;

	memcpy(&before, memory + (HANDLED - START) + MASK, sizeof(before));
	blocked = before | 1 << 1;
	stack_set_handled(&stack, HANDLED);
	stack_set_seam(&stack, HANDLED + 168, (HANDLED - START + 168) / 8); /* the saved PC */
	return stack;
}

static void what_a_signal_interrupted_is_believed_while_its_handler_runs(void **state)
{
	struct stack stack = begin_in_handler();
	uint64_t word;

	(void)state;
	assert_true(stack_read(&stack, OTHER, &word));
	assert_int_equal(word, SIZE / 16);
	stack_set_seam(&stack, OTHER, word);
	change(SIZE / 2); /* a handler may write there: it is no seam */
	assert_true(stack_read(&stack, OTHER + STACK_CHUNK, &word));
	blocked &= ~(uint64_t)(1 << 1);
	assert_false(stack_read(&stack, OTHER + (STACK_CHUNK << 1), &word));
}

static void a_handler_that_blocks_nothing_may_have_returned(void **state)
{
	struct unwind_sample silent = sample;
	struct stack stack = begin_in_handler();
	uint64_t word, handling = blocked;

	(void)state;
	blocked &= ~(uint64_t)(1 << 1);
	assert_false(stack_read(&stack, OTHER, &word));
	blocked = 1 << 1; /* and no longer what was blocked before */
	assert_false(stack_read(&stack, OTHER, &word));
	silent.read_blocked = NULL;
	stack.sample = &silent;
	assert_false(stack_read(&stack, OTHER, &word));
	blocked = handling;
	stack.sample = &sample;
	assert_true(stack_read(&stack, OTHER, &word));
}

static void a_handler_that_runs_anew_has_another_frame(void **state)
{
	uint64_t word;

	(void)state;
	for (uint64_t i = 0; i < MASK + 8; i++) {
		struct stack stack = begin_in_handler();

		change(HANDLED - START + i);
		stack.bytes = memcpy(copy, memory, SIZE);
		change(HANDLED - START + i);
		assert_false(stack_read(&stack, OTHER, &word));
	}
}

static void a_frame_that_was_not_captured_whole_is_not_compared(void **state)
{
	struct unwind_sample less = sample;
	struct stack stack = begin_in_handler();
	uint64_t word;

	(void)state;
	less.stack_size = HANDLED - START + MASK;
	stack_init(&stack, &less, chunk);
	stack_set_handled(&stack, HANDLED);
	stack_set_seam(&stack, HANDLED + 168, (HANDLED - START + 168) / 8);
	assert_false(stack_read(&stack, OTHER, &word));
}

static void what_was_captured_of_the_interrupted_stack_is_a_seam(void **state)
{
	struct stack stack = begin_in_handler();
	uint64_t word;

	(void)state;
	blocked = 0;
	stack_set_seam(&stack, START + 512, 64);
	assert_true(stack_read(&stack, START + CAPTURED, &word));
	change(512);
	assert_false(stack_read(&stack, START + CAPTURED + STACK_CHUNK, &word));
}

static void reading_ends_at_some_time(void **state)
{
	struct stack stack = begin();
	uint64_t word, n = 0;

	(void)state;
	while (n < 100000 && stack_read(&stack, START + (n % 2 ? 0x8000 : 0x20000), &word))
		n++;
	assert_in_range(n, 100, 10000);
}

static void addresses_that_wrap_around_are_refused(void **state)
{
	struct stack stack = begin();
	uint64_t word;

	(void)state;
	for (uint64_t i = 0; i < 16; i++) {
		assert_false(stack_read(&stack, UINT64_MAX - i, &word));
		assert_false(stack_read(&stack, i, &word));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(captured_words_are_read_at_any_address_in_them, set_up),
		cmocka_unit_test_setup(every_word_behind_is_read_in_few_chunks, set_up),
		cmocka_unit_test_setup(a_word_across_the_edge_of_the_captured_bytes_is_read,
				       set_up),
		cmocka_unit_test_setup(a_changed_seam_refuses_all_behind_it, set_up),
		cmocka_unit_test_setup(a_changed_frame_pointer_at_the_seam_refuses_too, set_up),
		cmocka_unit_test_setup(before_any_return_address_the_last_captured_word_is_the_seam,
				       set_up),
		cmocka_unit_test_setup(the_seam_moves_into_what_was_read, set_up),
		cmocka_unit_test_setup(nothing_captured_is_nothing_to_go_on_from, set_up),
		cmocka_unit_test_setup(what_a_signal_interrupted_is_believed_while_its_handler_runs,
				       set_up),
		cmocka_unit_test_setup(a_handler_that_blocks_nothing_may_have_returned, set_up),
		cmocka_unit_test_setup(a_handler_that_runs_anew_has_another_frame, set_up),
		cmocka_unit_test_setup(a_frame_that_was_not_captured_whole_is_not_compared, set_up),
		cmocka_unit_test_setup(what_was_captured_of_the_interrupted_stack_is_a_seam,
				       set_up),
		cmocka_unit_test_setup(reading_ends_at_some_time, set_up),
		cmocka_unit_test_setup(addresses_that_wrap_around_are_refused, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
