/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of CFI applied to registers and a stack, all made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dwarf.h>
#include <string.h>

#include "unwind/eval.h"

#define SP      0x7fff0000u
#define N_WORDS 16

struct scene {
	uint64_t words[N_WORDS]; /* from SP on: the word at SP + 8 i is 0x100 + i */
	struct unwind_sample sample;
	struct stack stack;
	struct regs regs;
	struct row row;
};

static void scene_init(struct scene *s)
{
	*s = (struct scene){
		.sample = { .stack = s->words, .stack_size = sizeof(s->words) },
		.regs = { .known = REGS_ALL },
		.row = { .cfa = { .kind = PLACE_REGISTER, .reg = UNWIND_RSP, .offset = 16 } },
	};
	for (uint64_t i = 0; i < N_WORDS; i++)
		s->words[i] = 0x100 + i;
	for (uint64_t reg = 0; reg < UNWIND_N_REGS; reg++)
		s->regs.values[reg] = 0x1000 * reg;
	s->regs.values[UNWIND_RSP] = SP;
	s->sample.regs[UNWIND_RSP] = SP;
	s->row.regs[UNWIND_RSP].kind = PLACE_VALUE;
	s->row.regs[UNWIND_RIP] = (struct place){ .kind = PLACE_MEMORY, .offset = -8 };
	stack_init(&s->stack, &s->sample, NULL);
}

static enum eval_result apply(struct scene *s)
{
	return row_apply(&s->row, &s->stack, &s->regs);
}

/* The CFA that an expression gives. */
static enum eval_result evaluate(struct scene *s, Dwarf_Op *ops, size_t n, uint64_t *ret)
{
	enum eval_result r;

	scene_init(s);
	s->row.cfa = (struct place){ .kind = PLACE_EXPR_VALUE, .n_ops = (uint16_t)n };
	s->row.ops = ops;
	s->row.n_ops = n;
	s->row.regs[UNWIND_RIP] = (struct place){ .kind = PLACE_VALUE };
	r = apply(s);
	*ret = s->regs.values[UNWIND_RIP];
	return r;
}

#define EVALUATE(s, ret, ...)                    \
	evaluate(s, (Dwarf_Op[]){ __VA_ARGS__ }, \
		 sizeof((Dwarf_Op[]){ __VA_ARGS__ }) / sizeof(Dwarf_Op), ret)

#define OP(operation, ...)                     \
	{                                      \
		.atom = operation, __VA_ARGS__ \
	}

static void a_simple_row_gives_the_caller(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	s.row.regs[UNWIND_RBP] = (struct place){ .kind = PLACE_MEMORY, .offset = -16 };
	assert_int_equal(apply(&s), EVAL_OK);
	assert_int_equal(s.regs.values[UNWIND_RSP], SP + 16);
	assert_int_equal(s.regs.values[UNWIND_RIP], 0x101);
	assert_int_equal(s.regs.values[UNWIND_RBP], 0x100);
	assert_int_equal(s.regs.values[UNWIND_RBX], 0x1000 * UNWIND_RBX);
}

static void registers_come_from_all_kinds_of_places(void **state)
{
	Dwarf_Op ops[] = {
		{ .atom = DW_OP_call_frame_cfa },
		{ .atom = DW_OP_plus_uconst, .number = 8 },
		{ .atom = DW_OP_breg3, .number = 5 },
	};
	struct scene s;

	(void)state;
	scene_init(&s);
	s.row.ops = ops;
	s.row.regs[UNWIND_RAX].kind = PLACE_UNDEFINED;
	s.row.regs[UNWIND_R12] = (struct place){ .kind = PLACE_REGISTER, .reg = UNWIND_R9 };
	s.row.regs[UNWIND_R13] = (struct place){ .kind = PLACE_VALUE, .offset = 64 };
	s.row.regs[UNWIND_R14] = (struct place){ .kind = PLACE_EXPR_MEMORY, .n_ops = 2 };
	s.row.regs[UNWIND_R15] = (struct place){ .kind = PLACE_EXPR_VALUE, .op = 2, .n_ops = 1 };
	assert_int_equal(apply(&s), EVAL_OK);
	assert_int_equal(s.regs.known & REG_BIT(UNWIND_RAX), 0);
	assert_int_equal(s.regs.values[UNWIND_R12], 0x1000 * UNWIND_R9);
	assert_int_equal(s.regs.values[UNWIND_R13], SP + 16 + 64);
	assert_int_equal(s.regs.values[UNWIND_R14], 0x103);
	assert_int_equal(s.regs.values[UNWIND_R15], 0x1000 * UNWIND_RBX + 5);
}

/* GNU ld's: rsp + 8 before its push at byte 11 of 16, rsp + 16 behind it. */
static void the_plt_is_right_on_both_sides_of_its_push(void **state)
{
	for (uint64_t byte = 0; byte < 16; byte++) {
		struct scene s;
		uint64_t cfa;
		Dwarf_Op ops[] = {
			{ .atom = DW_OP_breg7, .number = 8 },
			{ .atom = DW_OP_breg16 },
			{ .atom = DW_OP_lit15 },
			{ .atom = DW_OP_and },
			{ .atom = DW_OP_lit11 },
			{ .atom = DW_OP_ge },
			{ .atom = DW_OP_lit3 },
			{ .atom = DW_OP_shl },
			{ .atom = DW_OP_plus },
		};

		(void)state;
		scene_init(&s);
		s.regs.values[UNWIND_RIP] = 0x401020 + byte;
		s.row.cfa = (struct place){ .kind = PLACE_EXPR_VALUE, .n_ops = 9 };
		s.row.ops = ops;
		assert_int_equal(apply(&s), EVAL_OK);
		cfa = s.regs.values[UNWIND_RSP];
		assert_int_equal(cfa, SP + (byte < 11 ? 8 : 16));
		assert_int_equal(s.regs.values[UNWIND_RIP], byte < 11 ? 0x100 : 0x101);
	}
}

static void every_operation_computes_what_dwarf_says(void **state)
{
	static const struct {
		uint8_t atom;
		int64_t a, b, result;
	} cases[] = {
		{ DW_OP_and, 12, 10, 8 },   { DW_OP_or, 12, 10, 14 },     { DW_OP_xor, 12, 10, 6 },
		{ DW_OP_plus, -1, 3, 2 },   { DW_OP_minus, 1, 3, -2 },    { DW_OP_mul, -2, 3, -6 },
		{ DW_OP_div, -7, 2, -3 },   { DW_OP_mod, 7, 4, 3 },       { DW_OP_shl, 1, 4, 16 },
		{ DW_OP_shl, 1, 64, 0 },    { DW_OP_shr, -1, 60, 15 },    { DW_OP_shr, -1, 100, 0 },
		{ DW_OP_shra, -16, 2, -4 }, { DW_OP_shra, -16, 200, -1 }, { DW_OP_eq, 1, 1, 1 },
		{ DW_OP_ne, 1, 1, 0 },      { DW_OP_lt, -1, 1, 1 },       { DW_OP_le, 1, 1, 1 },
		{ DW_OP_gt, -1, 1, 0 },     { DW_OP_ge, 1, 1, 1 },        { DW_OP_over, 5, 6, 5 },
		{ DW_OP_swap, 5, 6, 5 },    { DW_OP_dup, 5, 6, 6 },       { DW_OP_drop, 5, 6, 5 },
		{ DW_OP_nop, 5, 6, 6 },     { DW_OP_neg, 5, 6, -6 },      { DW_OP_not, 5, 0, -1 },
		{ DW_OP_abs, 5, -6, 6 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct scene s;
		uint64_t got;

		assert_int_equal(EVALUATE(&s, &got,
					  OP(DW_OP_const8s, .number = (uint64_t)cases[i].a),
					  OP(DW_OP_consts, .number = (uint64_t)cases[i].b),
					  OP(cases[i].atom)),
				 EVAL_OK);
		assert_int_equal(got, cases[i].result);
	}
}

static void words_of_the_stack_are_loaded_in_every_size(void **state)
{
	struct scene s;
	uint64_t got;

	(void)state;
	assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_breg7, .number = 24), OP(DW_OP_deref)),
			 EVAL_OK);
	assert_int_equal(got, 0x103);
	assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_bregx, .number = 7, .number2 = 24),
				  OP(DW_OP_deref_size, .number = 1)),
			 EVAL_OK);
	assert_int_equal(got, 3);
	assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_breg7), OP(DW_OP_deref_size, .number = 9)),
			 EVAL_BAD);
	assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_lit8), OP(DW_OP_deref)), EVAL_NO_MEMORY);
	assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_lit1), OP(DW_OP_lit2), OP(DW_OP_lit3),
				  OP(DW_OP_rot), OP(DW_OP_pick, .number = 2)),
			 EVAL_OK);
	assert_int_equal(got, 3);
}

static void branches_are_taken_by_byte_offset(void **state)
{
	struct scene s;
	uint64_t got;

	for (uint64_t condition = 0; condition < 2; condition++) {
		assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_constu, .number = condition),
					  OP(DW_OP_bra, .number = 4, .offset = 2),
					  OP(DW_OP_lit5, .offset = 5),
					  OP(DW_OP_skip, .number = 1, .offset = 6),
					  OP(DW_OP_lit6, .offset = 9), OP(DW_OP_nop, .offset = 10)),
				 EVAL_OK);
		assert_int_equal(got, condition ? 6 : 5);
	}
	(void)state;
	assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_lit1), OP(DW_OP_skip, .number = 100)),
			 EVAL_BAD);
}

static void what_lies_is_refused(void **state)
{
	struct scene s;
	uint64_t got;

	(void)state;
	/* a loop */
	assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_skip, .number = (uint64_t)-3)), EVAL_BAD);
	/* a stack that overflows, in a loop, or underflows */
	assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_lit1),
				  OP(DW_OP_skip, .number = (uint64_t)-4, .offset = 1)),
			 EVAL_BAD);
	assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_plus)), EVAL_BAD);
	assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_drop)), EVAL_BAD);
	assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_lit1), OP(DW_OP_pick, .number = 1)), EVAL_BAD);
	/* division */
	assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_lit1), OP(DW_OP_lit0), OP(DW_OP_div)),
			 EVAL_BAD);
	assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_lit1), OP(DW_OP_lit0), OP(DW_OP_mod)),
			 EVAL_BAD);
	assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_const8s, .number = 1ull << 63),
				  OP(DW_OP_consts, .number = (uint64_t)-1), OP(DW_OP_div)),
			 EVAL_BAD);
	/* registers that there are not, operations that CFI cannot have */
	assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_breg31)), EVAL_BAD);
	assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_bregx, .number = 1ull << 60)), EVAL_BAD);
	assert_int_equal(EVALUATE(&s, &got, OP(DW_OP_form_tls_address)), EVAL_BAD);
}

static void an_unknown_register_is_told_from_bad_rules(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	s.regs.known = REG_BIT(UNWIND_RSP) | REG_BIT(UNWIND_RIP);
	s.row.cfa.reg = UNWIND_R10;
	assert_int_equal(apply(&s), EVAL_NO_REGISTER);
	assert_int_equal(s.regs.values[UNWIND_RSP], SP);
}

static void a_register_popped_already_is_kept(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	s.row.cfa.offset = 8; /* at ret, CFI still places rbp below the return address */
	s.row.regs[UNWIND_RBP] = (struct place){ .kind = PLACE_MEMORY, .offset = -16 };
	assert_int_equal(apply(&s), EVAL_OK);
	assert_int_equal(s.regs.values[UNWIND_RBP], 0x1000 * UNWIND_RBP);
	assert_int_equal(s.regs.known & REG_BIT(UNWIND_RBP), REG_BIT(UNWIND_RBP));
}

static void without_a_return_address_nothing_is_changed(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	s.row.cfa.offset = 8 * N_WORDS + 16;
	assert_int_equal(apply(&s), EVAL_NO_MEMORY);
	assert_int_equal(s.regs.values[UNWIND_RSP], SP);
	assert_int_equal(s.regs.known, REGS_ALL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_simple_row_gives_the_caller),
		cmocka_unit_test(registers_come_from_all_kinds_of_places),
		cmocka_unit_test(the_plt_is_right_on_both_sides_of_its_push),
		cmocka_unit_test(every_operation_computes_what_dwarf_says),
		cmocka_unit_test(words_of_the_stack_are_loaded_in_every_size),
		cmocka_unit_test(branches_are_taken_by_byte_offset),
		cmocka_unit_test(what_lies_is_refused),
		cmocka_unit_test(an_unknown_register_is_told_from_bad_rules),
		cmocka_unit_test(a_register_popped_already_is_kept),
		cmocka_unit_test(without_a_return_address_nothing_is_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
