/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../src/runtime/argument.h"

#define R12 13 /* as a sample numbers them */
#define RSP 7

static void each_kind_of_operand_is_read(void **state)
{
	struct argument argument;

	(void)state;
	assert_true(argument_parse("8@%r12 -4@112(%rsp) 1@$-3 2@(%rax)", 1, &argument));
	assert_int_equal(argument.kind, ARGUMENT_REGISTER);
	assert_int_equal(argument.reg, R12);
	assert_int_equal(argument.bytes, 8);
	assert_false(argument.is_signed);
	assert_true(argument_parse("8@%r12 -4@112(%rsp) 1@$-3 2@(%rax)", 2, &argument));
	assert_int_equal(argument.kind, ARGUMENT_MEMORY);
	assert_int_equal(argument.reg, RSP);
	assert_int_equal(argument.value, 112);
	assert_int_equal(argument.bytes, 4);
	assert_true(argument.is_signed);
	assert_true(argument_parse("8@%r12 -4@112(%rsp) 1@$-3 2@(%rax)", 3, &argument));
	assert_int_equal(argument.kind, ARGUMENT_CONSTANT);
	assert_int_equal(argument.value, -3);
	assert_true(argument_parse("8@%r12 -4@112(%rsp) 1@$-3 2@(%rax)", 4, &argument));
	assert_int_equal(argument.kind, ARGUMENT_MEMORY);
	assert_int_equal(argument.value, 0);
}

static void parts_of_registers_are_the_registers(void **state)
{
	struct argument argument;

	(void)state;
	assert_true(argument_parse("1@%dil", 1, &argument));
	assert_int_equal(argument.reg, 5);
	assert_true(argument_parse("4@%r12d", 1, &argument));
	assert_int_equal(argument.reg, R12);
}

static void what_is_written_otherwise_is_no_argument(void **state)
{
	static const char *const texts[] = {
		"",           "8@",         "8",           "@%rax",
		"3@%rax",     "8@%xyz",     "8@$",         "8@4(%rax,%rbx,8)",
		"8@sym(%rip", "8@4(%rax)x", "8@foo(%rip)", "9999999999999999999@%rax",
	};
	struct argument argument;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(
			argument_parse(texts[i], texts[i][0] == '8' && i == 6 ? 2 : 1, &argument));
	assert_false(argument_parse("8@%rax", 0, &argument));
	assert_false(argument_parse("8@%rax", 2, &argument));
}

static void calls_pass_arguments_in_registers(void **state)
{
	struct argument argument;

	(void)state;
	assert_true(argument_of_call(true, 1, &argument));
	assert_int_equal(argument.reg, 0);
	assert_true(argument_of_call(false, 2, &argument));
	assert_int_equal(argument.reg, 4);
	assert_false(argument_of_call(false, 7, &argument));
	assert_false(argument_of_call(false, 0, &argument));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_operand_is_read),
		cmocka_unit_test(parts_of_registers_are_the_registers),
		cmocka_unit_test(what_is_written_otherwise_is_no_argument),
		cmocka_unit_test(calls_pass_arguments_in_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
