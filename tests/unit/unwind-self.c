/* SPDX-License-Identifier: GPL-2.0-only */
/* The unwinder on this very process: real CFI, real registers, a known chain of callers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/ucontext.h>
#include <ucontext.h>
#include <unistd.h>

#include "unwind/unwind.h"

static struct {
	struct modules *modules;
	struct spaces *spaces;
	struct unwinder *unwinder;
} fixture;

static int set_up(void **state)
{
	(void)state;
	fixture.modules = modules_new();
	fixture.spaces = spaces_new(fixture.modules);
	fixture.unwinder = unwinder_new();
	return spaces_scan(fixture.spaces, getpid(), 1);
}

static int tear_down(void **state)
{
	(void)state;
	unwinder_free(fixture.unwinder);
	spaces_free(fixture.spaces);
	modules_free(fixture.modules);
	return 0;
}

static void regs_from(const ucontext_t *context, uint64_t *regs)
{
	static const int order[UNWIND_N_REGS] = {
		REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
		REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP,
	};

	for (int i = 0; i < UNWIND_N_REGS; i++)
		regs[i] = (uint64_t)context->uc_mcontext.gregs[order[i]];
}

extern void *__libc_stack_end; /* above all frames of the main thread */

/* Unwind from here, with @stack_size bytes captured, or the whole stack if it is less. */
static struct unwind_result run_here(size_t stack_size)
{
	struct unwind_sample sample = { .space = spaces_get(fixture.spaces, getpid()) };
	struct unwind_result result;
	ucontext_t context;

	getcontext(&context);
	regs_from(&context, sample.regs);
	sample.stack = (const void *)(uintptr_t)sample.regs[UNWIND_RSP];
	sample.stack_size = (uint64_t)(uintptr_t)__libc_stack_end - sample.regs[UNWIND_RSP];
	if (sample.stack_size > stack_size)
		sample.stack_size = stack_size;
	unwinder_run(fixture.unwinder, &sample, &result);
	return result;
}

static size_t n_returns_into(const struct unwind_result *result, const void *return_address)
{
	size_t n = 0;

	for (size_t i = 0; i < result->n_frames; i++)
		n += result->frames[i].address == (uint64_t)(uintptr_t)return_address - 1;
	return n;
}

static struct unwind_result qsort_result;
static const void *compare_returns_to;

static int compare(const void *a, const void *b)
{
	(void)a;
	(void)b;
	compare_returns_to = __builtin_return_address(0);
	qsort_result = run_here(SIZE_MAX);
	return 0;
}

static void a_stack_through_libc_is_walked_to_its_end(void **state)
{
	int values[2] = { 1, 2 };

	(void)state;
	qsort(values, 2, sizeof(int), compare);
	assert_int_equal(qsort_result.stop, UNWIND_DONE);
	assert_int_equal(n_returns_into(&qsort_result, compare_returns_to), 1);
	assert_int_equal(n_returns_into(&qsort_result, __builtin_return_address(0)), 1);
	for (size_t i = 0; i < qsort_result.n_frames; i++)
		assert_non_null(qsort_result.frames[i].mapping);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stack_through_libc_is_walked_to_its_end),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
