/* SPDX-License-Identifier: GPL-2.0-only */
/* What instructions tell where CFI is silent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <ucontext.h>

#include "unwind/code.h"

/* @bytes with the address after the first @before of them. */
static __attribute__((noinline)) const unsigned char *code(const char *bytes, size_t size,
							   size_t before)
{
	static unsigned char buffer[CODE_SIZE];

	assert_true(before <= CODE_BEFORE && CODE_BEFORE - before + size <= CODE_SIZE);
	memset(buffer, 0x90, sizeof(buffer));
	memcpy(buffer + CODE_BEFORE - before, bytes, size);
	return buffer;
}

#define CODE(bytes, before) code(bytes, sizeof(bytes) - 1, before)

static void assert_prologue(const unsigned char *at, int offset)
{
	struct rule rule;

	if (!offset) {
		assert_false(code_prologue(at, &rule));
		return;
	}
	assert_true(code_prologue(at, &rule));
	assert_int_equal(rule.kind, RULE_SP);
	assert_int_equal(rule.offset, offset);
	assert_int_equal(rule.has_fp, offset == 16);
	assert_int_equal(rule.fp_offset, offset == 16 ? -16 : 0);
}

static void a_c_function_is_known_until_its_frame_stands_and_after(void **state)
{
	static const char function[] = "\xf3\x0f\x1e\xfa"     /* endbr64 */
				       "\x55"                 /* push %rbp */
				       "\x48\x89\xe5"         /* mov %rsp,%rbp */
				       "\x48\x83\xec\x10";    /* sub $16,%rsp */
	static const char end[] = "\x48\x83\xc4\x10\x5d\xc3"; /* add $16,%rsp; pop %rbp; ret */

	(void)state;
	assert_prologue(CODE(function, 0), 8);
	assert_prologue(CODE(function, 4), 8);
	assert_prologue(CODE(function, 5), 16);
	assert_prologue(CODE(function, 8), 0);
	assert_prologue(CODE(end, 0), 0);
	assert_prologue(CODE(end, 4), 16);
	assert_prologue(CODE(end, 5), 8);
}

static void a_go_function_is_known_from_its_stack_check_on(void **state)
{
	static const char small[] = "\x49\x3b\x66\x10" /* cmp 16(%r14),%rsp */
				    "\x76\x20"         /* jbe */
				    "\x55\x48\x89\xe5";
	static const char large[] = "\x4c\x8d\x64\x24\x80"      /* lea -128(%rsp),%r12 */
				    "\x4d\x3b\x66\x10"          /* cmp 16(%r14),%r12 */
				    "\x0f\x86\x00\x01\x00\x00"; /* jbe */

	(void)state;
	assert_prologue(CODE(small, 0), 8);
	assert_prologue(CODE(small, 4), 8);
	assert_prologue(CODE(small, 6), 8);
	assert_prologue(CODE(small, 7), 16);
	assert_prologue(CODE(large, 0), 8);
	assert_prologue(CODE(large, 5), 8);
	assert_prologue(CODE(large, 9), 8);
}

static void the_return_from_a_signal_handler_is_known_at_each_instruction(void **state)
{
	static const char glibc[] = "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05";
	static const char small[] = "\xb8\x0f\x00\x00\x00\x0f\x05";
	struct row row;

	(void)state;
	assert_true(code_sigreturn(CODE(glibc, 0), &row));
	assert_true(row.is_signal);
	assert_int_equal(row.regs[UNWIND_RIP].kind, PLACE_MEMORY);
	assert_int_equal(row.regs[UNWIND_RIP].offset,
			 offsetof(ucontext_t, uc_mcontext.gregs) + 8 * REG_RIP);
	assert_true(code_sigreturn(CODE(glibc, 7), &row));
	assert_true(code_sigreturn(CODE(glibc, 9), &row));
	assert_true(code_sigreturn(CODE(small, 0), &row));
	assert_true(code_sigreturn(CODE(small, 5), &row));
	assert_true(code_sigreturn(CODE(small, 7), &row));
}

static void assert_end(const unsigned char *at)
{
	struct rule rule;

	assert_true(code_go_caller(at, &rule));
	assert_int_equal(rule.kind, RULE_END);
	assert_int_equal(rule.offset, 0);
	assert_false(rule.has_fp);
}

/* @fp_offset: 0, if rbp is not popped */
static void assert_epilogue(const unsigned char *at, int offset, int fp_offset)
{
	struct rule rule;

	assert_true(code_epilogue(at, &rule));
	assert_int_equal(rule.kind, RULE_SP);
	assert_int_equal(rule.offset, offset);
	assert_int_equal(rule.has_fp, fp_offset != 0);
	assert_int_equal(rule.fp_offset, fp_offset);
}

static void assert_no_epilogue(const unsigned char *at)
{
	struct rule rule;

	assert_false(code_epilogue(at, &rule));
}

static void a_go_thread_ends_where_nothing_returns_to(void **state)
{
	static const char clone[] = "\x41\xff\xd4"         /* call *%r12 */
				    "\xbf\x6f\x00\x00\x00" /* mov $111,%edi */
				    "\xb8\x3c\x00\x00\x00" /* mov $60,%eax */
				    "\x0f\x05";            /* syscall */
	static const char mcall[] = "\x50\x4c\x8b\x22\x41\xff\xd4\x58\xe9";
	static const char morestack[] = "\x48\x8b\x63\x38\xe8\x75\x45\x00\x00\xe8";

	(void)state;
	assert_end(CODE(clone, 3));
	assert_end(CODE(mcall, 7));
	assert_end(CODE(morestack, 9));
}

static void who_returns_at_once_has_no_frame(void **state)
{
	static const char mstart[] = "\xe8\x7b\x46\x00\x00\xc3"; /* call mstart0; ret */

	(void)state;
	assert_epilogue(CODE(mstart, 5), 8, 0);
}

static void a_frame_is_known_by_what_it_pops(void **state)
{
	static const char crosscall[] = "\xff\xd3" /* call *%rbx */
					"\x41\x5f\x41\x5e\x41\x5d\x41\x5c\x5d\x5b\xc3";
	static const char threadentry[] = "\x48\x83\xc4\x08"       /* add $8,%rsp */
					  "\x31\xc0"               /* xor %eax,%eax */
					  "\x5b\x5d\xc3";          /* pop %rbx; pop %rbp; ret */
	static const char large[] = "\x48\x81\xc4\x28\x10\x00\x00" /* add $0x1028,%rsp */
				    "\x48\x89\xd8"                 /* mov %rbx,%rax */
				    "\x5d\x5b\x41\x5c\xc3"; /* pop %rbp; pop %rbx; pop %r12; ret */

	(void)state;
	assert_epilogue(CODE(crosscall, 2), 56, -24);
	assert_epilogue(CODE(threadentry, 0), 32, -16);
	assert_epilogue(CODE(large, 0), 0x1028 + 32, -32);
}

static void of_go_programs_only_what_c_wrote_is_known_by_what_it_pops(void **state)
{
	struct rule rule;

	(void)state;
	assert_true(code_go_caller(CODE("\x48\x83\xc4\x08\x31\xc0\x5b\x5d\xc3", 0), &rule));
	assert_int_equal(rule.kind, RULE_SP);
	assert_int_equal(rule.offset, 32);
	assert_true(code_go_caller(CODE("\xc3", 0), &rule));
	assert_int_equal(rule.offset, 8);
	rule.kind = RULE_GO;
	assert_false(code_go_caller(CODE("\x48\x83\xc4\x08\x5d\xc3", 0), &rule));
	assert_int_equal(rule.kind, RULE_GO);
}

static void what_does_more_than_to_return_tells_nothing(void **state)
{
	static const char full[] = "\x48\x83\xc4\x08\x48\x83\xc4\x08"
				   "\x48\x83\xc4\x08\x48\x83\xc4\x08";

	(void)state;
	assert_no_epilogue(CODE("\x48\x83\xc4\xf8\xc3", 0));             /* add $-8,%rsp */
	assert_no_epilogue(CODE("\x48\x81\xc4\x00\x40\x00\x00\xc3", 0)); /* no frame is so large */
	assert_no_epilogue(CODE("\x5c\xc3", 0));                         /* pop %rsp */
	assert_no_epilogue(CODE("\x48\x89\xc4\xc3", 0));                 /* mov %rax,%rsp */
	assert_no_epilogue(CODE("\x89\xc5\xc3", 0));                     /* mov %eax,%ebp */
	assert_no_epilogue(CODE("\x48\x89\x04\x24\xc3", 0));             /* mov %rax,(%rsp) */
	assert_no_epilogue(CODE("\xe8\x7b\x46\x00\x00\xc3", 0));         /* another call */
	assert_no_epilogue(CODE("\x5b\xeb\x02\xc3", 0));                 /* a jump */
	assert_no_epilogue(CODE(full, 0));          /* the return is out of sight */
	assert_no_epilogue(code("\x5b\x41", 2, 0)); /* half an instruction */
}

static void a_goroutine_ends_where_it_seems_to_have_been_called(void **state)
{
	static const char goexit[] = "\x90\xe8\x3a\x23\x00\x00\x90"; /* nop; call goexit1; nop */
	struct rule rule;

	(void)state;
	assert_end(CODE(goexit, 1));
	assert_false(code_go_caller(CODE(goexit, 6), &rule));
}

static void a_frame_pointer_is_saved_by_one_instruction(void **state)
{
	/* mov %rbp,0x100(%rsp); lea 0x100(%rsp),%rbp */
	static const char large[] = "\x48\x89\xac\x24\x00\x01\x00\x00"
				    "\x48\x8d\xac\x24\x00\x01\x00\x00";

	(void)state;
	assert_true(code_saves_frame_pointer(CODE(large, 0)));
	assert_false(code_saves_frame_pointer(CODE(large, 8)));
	assert_true(code_saves_frame_pointer(CODE("\x48\x89\x6c\x24\x28", 0)));
	assert_true(code_saves_frame_pointer(CODE("\x48\x89\x2c\x24", 0)));
}

static void other_system_calls_are_no_signal_handlers(void **state)
{
	struct row row;

	(void)state;
	assert_false(code_sigreturn(CODE("\x48\xc7\xc0\x0e\x00\x00\x00\x0f\x05", 0), &row));
	assert_false(code_sigreturn(CODE("\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05", 1), &row));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_c_function_is_known_until_its_frame_stands_and_after),
		cmocka_unit_test(a_go_function_is_known_from_its_stack_check_on),
		cmocka_unit_test(the_return_from_a_signal_handler_is_known_at_each_instruction),
		cmocka_unit_test(a_go_thread_ends_where_nothing_returns_to),
		cmocka_unit_test(who_returns_at_once_has_no_frame),
		cmocka_unit_test(a_frame_is_known_by_what_it_pops),
		cmocka_unit_test(of_go_programs_only_what_c_wrote_is_known_by_what_it_pops),
		cmocka_unit_test(what_does_more_than_to_return_tells_nothing),
		cmocka_unit_test(a_goroutine_ends_where_it_seems_to_have_been_called),
		cmocka_unit_test(a_frame_pointer_is_saved_by_one_instruction),
		cmocka_unit_test(other_system_calls_are_no_signal_handlers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
