/* SPDX-License-Identifier: GPL-2.0-only */
/* The unwinder on this very process: real CFI, real registers, known callers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <alloca.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/mem.h"
#include "proc/task.h"
#include "unwind/unwind.h"

#define NOINLINE  __attribute__((noinline, noclone, noipa))
#define COPY_SIZE ((size_t)8 << 20)
#define TRAP_FLAG 0x100

extern void *__libc_stack_end; /* above all frames of the main thread */

static struct {
	struct modules *modules;
	struct spaces *spaces;
	struct unwinder *unwinder;
	unsigned char *copy_end; /* behind it no page is mapped: reading on would crash */
} self;

static int set_up(void **state)
{
	unsigned char *copy = mmap(NULL, COPY_SIZE + 4096, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	munmap(copy + COPY_SIZE, 4096);
	self.copy_end = copy + COPY_SIZE;
	self.modules = modules_new();
	self.spaces = spaces_new(self.modules);
	self.unwinder = unwinder_new();
	return spaces_scan(self.spaces, getpid(), 1);
}

static int tear_down(void **state)
{
	(void)state;
	unwinder_free(self.unwinder);
	spaces_free(self.spaces);
	modules_free(self.modules);
	munmap(self.copy_end - COPY_SIZE, COPY_SIZE);
	return 0;
}

/* As the kernel copies a stack: past all that a sanitizer guards. */
static bool read_self(void *arg, uint64_t address, void *data, size_t size)
{
	struct iovec local = { data, size }, remote = { (void *)(uintptr_t)address, size };

	(void)arg;
	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static bool read_blocked(void *arg, uint64_t *ret)
{
	(void)arg;
	return !task_blocked_signals(gettid(), ret);
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

/* Whether a sample says that it knows the callers of where its near bytes end. */
static struct {
	bool is_on;
	enum unwind_callers answer;
	unsigned int n_asked;
	uint64_t pc;
} callers;

static enum unwind_callers know_callers(void *arg, uint64_t pc, uint64_t sp)
{
	(void)arg;
	(void)sp;
	callers.n_asked++;
	callers.pc = pc;
	return callers.answer;
}

/* Unwind from @context with @size bytes captured, or with the main stack's rest if that is less. */
static struct unwind_result run(const ucontext_t *context, size_t size,
				bool (*read_memory)(void *, uint64_t, void *, size_t))
{
	struct unwind_sample sample = {
		.space = spaces_get(self.spaces, getpid()),
		.read_memory = read_memory,
		.read_blocked = read_blocked,
		.knows_callers = callers.is_on ? know_callers : NULL,
		.near_size = 1024,
	};
	struct unwind_result result;
	uint64_t sp, rest;

	regs_from(context, sample.regs);
	sp = sample.regs[UNWIND_RSP];
	rest = (uint64_t)(uintptr_t)__libc_stack_end - sp;
	sample.stack_size = size < rest ? size : rest;
	sample.stack = self.copy_end - sample.stack_size;
	assert_true(sample.stack_size <= COPY_SIZE);
	assert_true(read_self(NULL, sp, (void *)(uintptr_t)sample.stack, sample.stack_size));
	unwinder_run(self.unwinder, &sample, &result);
	return result;
}

/* How much of a stack is near depends on the sizes of frames: not those of a sanitizer. */
#define PLAIN __attribute__((no_sanitize_address))

static NOINLINE PLAIN struct unwind_result
run_here(size_t size, bool (*read_memory)(void *, uint64_t, void *, size_t))
{
	static ucontext_t context; /* near bytes are few */

	getcontext(&context);
	return run(&context, size, read_memory);
}

static size_t n_at(const struct unwind_result *result, uint64_t address)
{
	size_t n = 0;

	for (size_t i = 0; i < result->n_frames; i++)
		n += result->frames[i].address == address;
	return n;
}

static size_t n_returns_to(const struct unwind_result *result, const void *return_address)
{
	return n_at(result, (uint64_t)(uintptr_t)return_address - 1);
}

/* What is looked at after the frames it was found in have returned. */
static struct {
	struct unwind_result result;
	const void *returns_to;
	uint64_t interrupted;
} seen;

static int compare(const void *a, const void *b)
{
	seen.returns_to = __builtin_return_address(0);
	seen.result = run_here(SIZE_MAX, NULL);
	return *(const int *)a - *(const int *)b;
}

static void a_stack_through_libc_is_walked_to_its_end(void **state)
{
	int values[2] = { 1, 2 };

	(void)state;
	qsort(values, 2, sizeof(int), compare);
	assert_int_equal(seen.result.stop, UNWIND_DONE);
	assert_int_equal(n_returns_to(&seen.result, seen.returns_to), 1);
	assert_int_equal(n_returns_to(&seen.result, __builtin_return_address(0)), 1);
	for (size_t i = 0; i < seen.result.n_frames; i++)
		assert_non_null(seen.result.frames[i].mapping);
}

/* Callers that are known */

static NOINLINE PLAIN struct unwind_result run_deep(int depth, size_t size)
{
	struct unwind_result result;
	volatile char frame[512];

	frame[0] = 0;
	result = depth ? run_deep(depth - 1, size) : run_here(size, NULL);
	(void)frame[0];
	return result;
}

/* What unwinding a stack of some 4 KiB, @size bytes of them captured, comes to. */
static struct unwind_result run_with(enum unwind_callers answer, size_t size)
{
	struct unwind_result result;

	callers.is_on = true;
	callers.answer = answer;
	callers.n_asked = 0;
	result = run_deep(8, size);
	callers.is_on = false;
	return result;
}

static void a_stack_ends_where_its_near_bytes_do_if_callers_are_known(void **state)
{
	struct unwind_result result = run_with(UNWIND_CALLERS_KNOWN, SIZE_MAX);

	(void)state;
	assert_int_equal(callers.n_asked, 1);
	assert_true(result.is_joined);
	assert_int_equal(result.stop, UNWIND_DONE);
	assert_int_equal(result.n_frames, result.n_near);
	assert_in_range(result.n_frames, 2, 6);
	assert_int_equal(result.frames[result.n_frames - 1].address, callers.pc - 1);
}

static void callers_that_are_not_known_are_found_in_the_other_bytes(void **state)
{
	for (int i = UNWIND_CALLERS_UNKNOWN; i <= UNWIND_CALLERS_OLD; i++) {
		struct unwind_result result = run_with((enum unwind_callers)i, SIZE_MAX);

		assert_int_equal(callers.n_asked, 1);
		assert_false(result.is_joined);
		assert_int_equal(result.stop, UNWIND_DONE);
		assert_true(result.n_frames > result.n_near + 5);
		assert_int_equal(result.frames[result.n_near - 1].address, callers.pc - 1);
	}
	(void)state;
}

static void callers_known_of_old_serve_where_none_can_be_found(void **state)
{
	struct unwind_result result = run_with(UNWIND_CALLERS_UNKNOWN, 2048);
	size_t n_near = result.n_near;

	(void)state;
	assert_int_equal(result.stop, UNWIND_STACK_END);
	assert_true(result.n_frames > n_near);
	result = run_with(UNWIND_CALLERS_OLD, 2048);
	assert_true(result.is_joined);
	assert_int_equal(result.stop, UNWIND_DONE);
	assert_int_equal(result.n_frames, n_near);
}

static void a_warm_stack_needs_neither_libdw_nor_memory(void **state)
{
	const struct unwind_stats *stats = unwinder_stats(self.unwinder);
	size_t n_bytes;
	uint64_t n_compiled, n_hits;

	(void)state;
	for (volatile int i = 0; i < 2; i++) { /* the second time from the same call */
		n_compiled = stats->n_compiled;
		n_hits = stats->n_pc_hits;
		n_bytes = mallinfo2().uordblks;
		seen.result = run_here(SIZE_MAX, NULL);
	}
	assert_int_equal(mallinfo2().uordblks, n_bytes);
	assert_int_equal(stats->n_compiled, n_compiled);
	assert_int_equal(stats->n_pc_hits, n_hits + seen.result.n_frames);
}

static void a_changed_space_asks_the_modules_but_not_libdw(void **state)
{
	const struct unwind_stats *stats = unwinder_stats(self.unwinder);
	struct space *space = spaces_get(self.spaces, getpid());
	uint64_t n_compiled, n_module_hits;

	(void)state;
	for (volatile int i = 0; i < 2; i++) {
		n_compiled = stats->n_compiled;
		n_module_hits = stats->n_module_hits;
		space->generation += 1000;
		seen.result = run_here(SIZE_MAX, NULL);
	}
	assert_int_equal(stats->n_compiled, n_compiled);
	assert_int_equal(stats->n_module_hits, n_module_hits + seen.result.n_frames);
}

/* Signals */

static size_t captured; /* by the handler */
static bool (*reader)(void *, uint64_t, void *, size_t);

static void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	seen.interrupted = (uint64_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
	seen.result = run_here(captured, reader);
}

static NOINLINE void interrupt(int flags)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | flags };

	seen.returns_to = __builtin_return_address(0);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
}

static void a_signal_frame_leads_to_the_exact_pc_it_interrupted(void **state)
{
	(void)state;
	captured = SIZE_MAX;
	reader = NULL;
	interrupt(0);
	assert_int_equal(seen.result.stop, UNWIND_DONE);
	assert_int_equal(n_at(&seen.result, seen.interrupted), 1);
	assert_int_equal(n_returns_to(&seen.result, seen.returns_to), 1);
}

static void a_handler_on_its_own_stack_leads_back_to_the_other(void **state)
{
	static unsigned char stack[65536];
	stack_t alternative = { .ss_sp = stack, .ss_size = sizeof(stack) - 16384 };
	uint64_t n_completed = unwinder_stats(self.unwinder)->n_completed;

	(void)state;
	captured = 16384; /* of the signal stack */
	sigaltstack(&alternative, NULL);
	reader = NULL;
	interrupt(SA_ONSTACK);
	assert_int_equal(seen.result.stop, UNWIND_STACK_END);
	reader = read_self;
	interrupt(SA_ONSTACK);
	assert_int_equal(seen.result.stop, UNWIND_DONE);
	assert_int_equal(n_at(&seen.result, seen.interrupted), 1);
	assert_int_equal(n_returns_to(&seen.result, seen.returns_to), 1);
	assert_int_equal(unwinder_stats(self.unwinder)->n_completed, n_completed + 1);
	interrupt(SA_ONSTACK | SA_NODEFER); /* it might have returned, for all that can be seen */
	assert_int_equal(seen.result.stop, UNWIND_STACK_END);
	alternative.ss_flags = SS_DISABLE;
	sigaltstack(&alternative, NULL);
}

/* The first bytes of a page, without CFI: mov $15,%rax; syscall */
static const unsigned char restorer_code[] = { 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05 };

struct kernel_sigaction {
	void (*handler)(int, siginfo_t *, void *);
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

static void a_handler_may_return_to_the_first_byte_of_a_mapping(void **state)
{
	unsigned char *page = mmap(NULL, 4096 * 3, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kernel_sigaction action = {
		.handler = on_signal,
		.flags = SA_SIGINFO | 0x04000000, /* SA_RESTORER */
		.restorer = page + 4096,
	};

	(void)state;
	mprotect(page + 4096, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
	memcpy(page + 4096, restorer_code, sizeof(restorer_code));
	spaces_scan(self.spaces, getpid(), 3);
	captured = SIZE_MAX;
	reader = read_self;
	assert_int_equal(syscall(SYS_rt_sigaction, SIGUSR2, &action, NULL, 8), 0);
	raise(SIGUSR2);
	assert_int_equal(seen.result.stop, UNWIND_DONE);
	assert_int_equal(n_at(&seen.result, (uint64_t)(uintptr_t)page + 4096), 1);
	assert_int_equal(n_at(&seen.result, seen.interrupted), 1);
	assert_int_equal(n_returns_to(&seen.result, __builtin_return_address(0)), 1);
}

/* Deep recursion */

static const void *recursion_returns_to;

static NOINLINE int recurse(int depth, int (*at_bottom)(void))
{
	volatile char frame[200];
	int r;

	frame[0] = 1;
	recursion_returns_to = depth ? recursion_returns_to : __builtin_return_address(0);
	r = depth ? recurse(depth - 1, at_bottom) : at_bottom();
	return r + frame[0];
}

static NOINLINE int unwind_captured(void)
{
	seen.result = run_here(captured, reader);
	return 0;
}

static void recursion_beyond_the_captured_bytes_is_completed(void **state)
{
	(void)state;
	captured = 4096;
	reader = read_self;
	recurse(1000, unwind_captured); /* more than 200,000 bytes */
	assert_int_equal(seen.result.stop, UNWIND_DONE);
	assert_int_equal(n_returns_to(&seen.result, recursion_returns_to), 1000);
	assert_int_equal(n_returns_to(&seen.result, __builtin_return_address(0)), 1);
}

static void without_a_way_to_read_on_the_stack_ends_where_the_bytes_do(void **state)
{
	(void)state;
	captured = 4096;
	reader = NULL;
	recurse(1000, unwind_captured);
	assert_int_equal(seen.result.stop, UNWIND_STACK_END);
	assert_in_range(n_returns_to(&seen.result, recursion_returns_to), 5, 4096 / 200);
}

/* The process as it would be if it had returned since, and called something else. */
static bool read_changed(void *arg, uint64_t address, void *data, size_t size)
{
	if (!read_self(arg, address, data, size))
		return false;
	for (size_t i = 0; i + 8 <= size; i += 8)
		((unsigned char *)data)[i] ^= 1;
	return true;
}

static void what_is_read_is_refused_when_the_seam_has_changed(void **state)
{
	uint64_t n_completed = unwinder_stats(self.unwinder)->n_completed;

	(void)state;
	captured = 4096;
	reader = read_changed;
	recurse(1000, unwind_captured);
	assert_int_equal(seen.result.stop, UNWIND_STACK_END);
	assert_in_range(n_returns_to(&seen.result, recursion_returns_to), 5, 4096 / 200);
	assert_int_equal(unwinder_stats(self.unwinder)->n_completed, n_completed);
}

static void a_stack_of_more_frames_than_the_limit_says_so(void **state)
{
	(void)state;
	captured = SIZE_MAX;
	reader = NULL;
	recurse(2 * UNWIND_MAX_FRAMES, unwind_captured);
	assert_int_equal(seen.result.stop, UNWIND_TOO_DEEP);
	assert_int_equal(seen.result.n_frames, UNWIND_MAX_FRAMES);
}

static void every_length_of_captured_bytes_is_survived(void **state)
{
	(void)state;
	reader = NULL;
	for (captured = 0; captured < 1200; captured++) {
		recurse(20, unwind_captured);
		assert_int_equal(seen.result.stop, UNWIND_STACK_END);
		assert_true(seen.result.n_frames >= 1);
	}
}

/* Frames of other shapes */

/* Its CFA is found through memory: the frame is aligned at run time, and of no fixed size. */
static NOINLINE int realigned(size_t n)
{
	volatile char big __attribute__((aligned(128)));
	volatile char *more = alloca(n);

	seen.returns_to = __builtin_return_address(0);
	big = more[0] = 1;
	unwind_captured();
	return big + more[0];
}

static void a_realigned_frame_with_alloca_is_evaluated(void **state)
{
	uint64_t n = unwinder_stats(self.unwinder)->n_evaluated;

	(void)state;
	captured = SIZE_MAX;
	reader = NULL;
	realigned(100);
	assert_int_equal(seen.result.stop, UNWIND_DONE);
	assert_int_equal(n_returns_to(&seen.result, seen.returns_to), 1);
	assert_true(unwinder_stats(self.unwinder)->n_evaluated > n);
}

/* Its CFA hangs on rbx, which its callees save: only all their rows tell what it was. */
int call_with_rbx_frame(int (*callee)(void));
__asm__(".text\n"
	".type call_with_rbx_frame, @function\n"
	"call_with_rbx_frame:\n"
	"	.cfi_startproc\n"
	"	push %rbx\n"
	"	.cfi_def_cfa_offset 16\n"
	"	.cfi_offset rbx, -16\n"
	"	mov %rsp, %rbx\n"
	"	.cfi_def_cfa_register rbx\n"
	"	sub $200, %rsp\n"
	"	and $-64, %rsp\n"
	"	call *%rdi\n"
	"	mov %rbx, %rsp\n"
	"	.cfi_def_cfa_register rsp\n"
	"	pop %rbx\n"
	"	.cfi_def_cfa_offset 8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size call_with_rbx_frame, . - call_with_rbx_frame\n");

static NOINLINE int clobber_rbx(void)
{
	__asm__ volatile("mov $1, %%ebx" ::: "rbx");
	unwind_captured();
	__asm__ volatile("mov $2, %%ebx" ::: "rbx");
	return 0;
}

static void a_frame_on_another_register_makes_the_stack_be_walked_in_full(void **state)
{
	uint64_t n_full = unwinder_stats(self.unwinder)->n_full;

	(void)state;
	captured = SIZE_MAX;
	reader = NULL;
	call_with_rbx_frame(clobber_rbx);
	assert_int_equal(seen.result.stop, UNWIND_DONE);
	assert_int_equal(n_returns_to(&seen.result, __builtin_return_address(0)), 1);
	assert_int_equal(unwinder_stats(self.unwinder)->n_full, n_full + 1);
}

/* As a JIT writes it: push %rbp; mov %rsp,%rbp; call *%rdi; pop %rbp; ret */
static const unsigned char jit_code[] = { 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3 };

static int (*jit_make(void))(int (*callee)(void))
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(page, 0xcc, 4096);
	memcpy((char *)page + 64, jit_code, sizeof(jit_code));
	spaces_scan(self.spaces, getpid(), 2);
	return (int (*)(int (*)(void)))(uintptr_t)((char *)page + 64);
}

static void code_of_a_jit_is_walked_by_frame_pointer(void **state)
{
	int (*jit)(int (*callee)(void)) = jit_make();
	uint64_t n = unwinder_stats(self.unwinder)->n_frame_pointer;

	(void)state;
	captured = SIZE_MAX;
	reader = NULL;
	jit(unwind_captured);
	assert_int_equal(seen.result.stop, UNWIND_DONE);
	assert_int_equal(n_at(&seen.result, (uint64_t)(uintptr_t)jit + 5), 1);
	assert_int_equal(n_returns_to(&seen.result, __builtin_return_address(0)), 1);
	assert_int_equal(unwinder_stats(self.unwinder)->n_frame_pointer, n + 1);
}

/* Every instruction */

static struct {
	bool is_on, is_done;
	const void *returns_to;
	uint64_t n, n_wrong, wrong_pc;
	enum unwind_stop wrong_stop;
} steps;

static void on_step(int signal, siginfo_t *info, void *arg)
{
	ucontext_t *context = arg;
	struct unwind_result result;

	(void)signal;
	(void)info;
	if (!steps.is_on || steps.is_done) {
		context->uc_mcontext.gregs[REG_EFL] ^= TRAP_FLAG;
		steps.is_on = !steps.is_on;
		return;
	}
	result = run(context, SIZE_MAX, read_self);
	steps.n++;
	if (result.stop == UNWIND_DONE && n_returns_to(&result, steps.returns_to) == 1)
		return;
	if (!steps.n_wrong++) {
		steps.wrong_pc = (uint64_t)context->uc_mcontext.gregs[REG_RIP];
		steps.wrong_stop = result.stop;
	}
}

static int compare_ints(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static NOINLINE int step_back(void)
{
	return 7;
}

/* Functions of libc that nothing has called yet: their first call goes through the linker. */
static NOINLINE void work(int (*jit)(int (*callee)(void)), char *ret, size_t size)
{
	int values[] = { 3, 1, 2 };
	struct timespec now;
	char *end;

	qsort(values, 3, sizeof(int), compare_ints);
	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(ret, size, "%d %.3Lf %g", values[0], strtold("1.5", &end), strtof("2.5", NULL));
	jit(step_back);
	call_with_rbx_frame(step_back);
	free(strndup(strpbrk(ret, " "), 3));
}

static NOINLINE void step_through(int (*jit)(int (*callee)(void)), char *ret, size_t size)
{
	steps.returns_to = __builtin_return_address(0);
	raise(SIGTRAP);
	work(jit, ret, size);
	steps.is_done = true;
	__asm__ volatile("nop");
}

static void every_single_instruction_can_be_unwound_from(void **state)
{
	struct sigaction action = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };
	int (*jit)(int (*callee)(void)) = jit_make();
	char text[64];

	(void)state;
	sigaction(SIGTRAP, &action, NULL);
	step_through(jit, text, sizeof(text));
	assert_string_equal(text, "1 1.500 2.5");
	if (steps.n_wrong)
		print_message("wrong at pc %#lx: %s\n", (unsigned long)steps.wrong_pc,
			      unwind_stop_text(steps.wrong_stop));
	assert_true(steps.n > 1000);
	assert_int_equal(steps.n_wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stack_through_libc_is_walked_to_its_end),
		cmocka_unit_test(a_stack_ends_where_its_near_bytes_do_if_callers_are_known),
		cmocka_unit_test(callers_that_are_not_known_are_found_in_the_other_bytes),
		cmocka_unit_test(callers_known_of_old_serve_where_none_can_be_found),
		cmocka_unit_test(a_warm_stack_needs_neither_libdw_nor_memory),
		cmocka_unit_test(a_changed_space_asks_the_modules_but_not_libdw),
		cmocka_unit_test(a_signal_frame_leads_to_the_exact_pc_it_interrupted),
		cmocka_unit_test(a_handler_on_its_own_stack_leads_back_to_the_other),
		cmocka_unit_test(a_handler_may_return_to_the_first_byte_of_a_mapping),
		cmocka_unit_test(recursion_beyond_the_captured_bytes_is_completed),
		cmocka_unit_test(without_a_way_to_read_on_the_stack_ends_where_the_bytes_do),
		cmocka_unit_test(what_is_read_is_refused_when_the_seam_has_changed),
		cmocka_unit_test(a_stack_of_more_frames_than_the_limit_says_so),
		cmocka_unit_test(every_length_of_captured_bytes_is_survived),
		cmocka_unit_test(a_realigned_frame_with_alloca_is_evaluated),
		cmocka_unit_test(a_frame_on_another_register_makes_the_stack_be_walked_in_full),
		cmocka_unit_test(code_of_a_jit_is_walked_by_frame_pointer),
		cmocka_unit_test(every_single_instruction_can_be_unwound_from),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
