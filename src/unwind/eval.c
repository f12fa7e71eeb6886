/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind/eval.h"

#include <dwarf.h>

#define MAX_DEPTH 32
#define MAX_STEPS 256 /* an expression can loop */

struct machine {
	uint64_t values[MAX_DEPTH];
	size_t n;
	const struct regs *regs;
	struct stack *stack;
	uint64_t cfa;
	enum eval_result result;
};

static uint64_t fail(struct machine *m, enum eval_result why)
{
	if (m->result == EVAL_OK)
		m->result = why;
	return 0;
}

static void push(struct machine *m, uint64_t value)
{
	if (m->n == MAX_DEPTH)
		fail(m, EVAL_BAD);
	else
		m->values[m->n++] = value;
}

static uint64_t pop(struct machine *m)
{
	return m->n ? m->values[--m->n] : fail(m, EVAL_BAD);
}

static uint64_t pick(struct machine *m, uint64_t depth)
{
	return depth < m->n ? m->values[m->n - 1 - depth] : fail(m, EVAL_BAD);
}

static uint64_t reg_value(struct machine *m, uint64_t reg)
{
	if (reg >= UNWIND_N_REGS)
		return fail(m, EVAL_BAD);
	if (!(m->regs->known & REG_BIT(reg)))
		return fail(m, EVAL_NO_REGISTER);
	return m->regs->values[reg];
}

static uint64_t load(struct machine *m, uint64_t address, uint64_t size)
{
	uint64_t value;

	if (!size || size > 8)
		return fail(m, EVAL_BAD);
	if (!stack_read(m->stack, address, &value))
		return fail(m, EVAL_NO_MEMORY);
	return size == 8 ? value : value & ((1ull << 8 * size) - 1);
}

static uint64_t divide(struct machine *m, uint64_t a, uint64_t b, bool is_signed)
{
	if (!b || (is_signed && (int64_t)a == INT64_MIN && (int64_t)b == -1))
		return fail(m, EVAL_BAD);
	return is_signed ? (uint64_t)((int64_t)a / (int64_t)b) : a % b;
}

static uint64_t shift(uint8_t atom, uint64_t a, uint64_t n)
{
	if (atom == DW_OP_shra)
		return (uint64_t)((int64_t)a >> (n > 63 ? 63 : n));
	if (n > 63)
		return 0;
	return atom == DW_OP_shl ? a << n : a >> n;
}

static uint64_t compare(uint8_t atom, int64_t a, int64_t b)
{
	switch (atom) {
	case DW_OP_eq:
		return a == b;
	case DW_OP_ge:
		return a >= b;
	case DW_OP_gt:
		return a > b;
	case DW_OP_le:
		return a <= b;
	case DW_OP_lt:
		return a < b;
	default:
		return a != b;
	}
}

static uint64_t calculate(struct machine *m, uint8_t atom, uint64_t a, uint64_t b)
{
	switch (atom) {
	case DW_OP_and:
		return a & b;
	case DW_OP_or:
		return a | b;
	case DW_OP_xor:
		return a ^ b;
	case DW_OP_plus:
		return a + b;
	case DW_OP_minus:
		return a - b;
	case DW_OP_mul:
		return a * b;
	case DW_OP_div:
	case DW_OP_mod:
		return divide(m, a, b, atom == DW_OP_div);
	case DW_OP_shl:
	case DW_OP_shr:
	case DW_OP_shra:
		return shift(atom, a, b);
	default:
		return compare(atom, (int64_t)a, (int64_t)b);
	}
}

static bool is_binary(uint8_t atom)
{
	switch (atom) {
	case DW_OP_and:
	case DW_OP_div ... DW_OP_mul:
	case DW_OP_or:
	case DW_OP_plus:
	case DW_OP_shl ... DW_OP_xor:
	case DW_OP_eq ... DW_OP_ne:
		return true;
	default:
		return false;
	}
}

static uint64_t unary(uint8_t atom, uint64_t a)
{
	switch (atom) {
	case DW_OP_abs:
		return (int64_t)a < 0 ? -a : a;
	case DW_OP_neg:
		return -a;
	default:
		return ~a;
	}
}

static void swap_top(struct machine *m)
{
	uint64_t top = pop(m), second = pop(m);

	push(m, top);
	push(m, second);
}

static void rotate(struct machine *m)
{
	uint64_t top = pop(m), second = pop(m), third = pop(m);

	push(m, top);
	push(m, third);
	push(m, second);
}

/* What only moves words on the machine's stack; false if @op is something else. */
static bool shuffle(struct machine *m, const Dwarf_Op *op)
{
	switch (op->atom) {
	case DW_OP_nop:
		break;
	case DW_OP_dup:
		push(m, pick(m, 0));
		break;
	case DW_OP_drop:
		pop(m);
		break;
	case DW_OP_over:
		push(m, pick(m, 1));
		break;
	case DW_OP_pick:
		push(m, pick(m, op->number));
		break;
	case DW_OP_swap:
		swap_top(m);
		break;
	case DW_OP_rot:
		rotate(m);
		break;
	default:
		return false;
	}
	return true;
}

/* What pushes a word known without looking at the stack; false if @op is something else. */
static bool constant(struct machine *m, const Dwarf_Op *op)
{
	switch (op->atom) {
	case DW_OP_lit0 ... DW_OP_lit31:
		push(m, op->atom - DW_OP_lit0);
		break;
	case DW_OP_const1u ... DW_OP_consts:
		push(m, op->number);
		break;
	case DW_OP_breg0 ... DW_OP_breg31:
		push(m, reg_value(m, op->atom - DW_OP_breg0) + op->number);
		break;
	case DW_OP_bregx:
		push(m, reg_value(m, op->number) + op->number2);
		break;
	case DW_OP_call_frame_cfa:
		push(m, m->cfa);
		break;
	default:
		return false;
	}
	return true;
}

static void operate(struct machine *m, const Dwarf_Op *op)
{
	uint64_t b;

	if (shuffle(m, op) || constant(m, op))
		return;
	if (is_binary(op->atom)) {
		b = pop(m);
		push(m, calculate(m, op->atom, pop(m), b));
		return;
	}
	switch (op->atom) {
	case DW_OP_deref:
		push(m, load(m, pop(m), 8));
		break;
	case DW_OP_deref_size:
		push(m, load(m, pop(m), op->number));
		break;
	case DW_OP_plus_uconst:
		push(m, pop(m) + op->number);
		break;
	case DW_OP_abs:
	case DW_OP_neg:
	case DW_OP_not:
		push(m, unary(op->atom, pop(m)));
		break;
	default:
		fail(m, EVAL_BAD);
	}
}

/* Jumps count bytes from behind their operand; libdw keeps each operation's byte offset. */
static size_t jump(struct machine *m, const Dwarf_Op *ops, size_t n, size_t from)
{
	uint64_t target = ops[from].offset + 3 + ops[from].number;

	for (size_t i = 0; i < n; i++)
		if (ops[i].offset == target)
			return i;
	fail(m, EVAL_BAD);
	return n;
}

static uint64_t run(struct machine *m, const struct row *row, const struct place *place)
{
	const Dwarf_Op *ops = row->ops + place->op;
	size_t i = 0, steps = 0;

	m->n = 0;
	while (i < place->n_ops && m->result == EVAL_OK) {
		if (++steps > MAX_STEPS)
			fail(m, EVAL_BAD);
		else if (ops[i].atom == DW_OP_skip || (ops[i].atom == DW_OP_bra && pop(m)))
			i = jump(m, ops, place->n_ops, i);
		else if (ops[i].atom == DW_OP_bra)
			i++;
		else
			operate(m, &ops[i++]);
	}
	return pop(m);
}

static uint64_t place_address(struct machine *m, const struct row *row, const struct place *place)
{
	return place->kind == PLACE_EXPR_MEMORY ? run(m, row, place) :
						  m->cfa + (uint64_t)place->offset;
}

static uint64_t place_value(struct machine *m, const struct row *row, const struct place *place)
{
	switch ((enum place_kind)place->kind) {
	case PLACE_MEMORY:
	case PLACE_EXPR_MEMORY:
		return load(m, place_address(m, row, place), 8);
	case PLACE_VALUE:
		return m->cfa + (uint64_t)place->offset;
	case PLACE_REGISTER:
		return reg_value(m, place->reg) + (uint64_t)place->offset;
	case PLACE_EXPR_VALUE:
		return run(m, row, place);
	default:
		return fail(m, EVAL_NO_REGISTER);
	}
}

/*
 * After `pop %rbp` CFI goes on placing the saved register, but below the stack
 * pointer: it has its value back already.
 */
static bool is_popped(const struct machine *m, const struct place *place)
{
	return place->kind == PLACE_MEMORY && (m->regs->known & REG_BIT(UNWIND_RSP)) &&
	       m->cfa + (uint64_t)place->offset < m->regs->values[UNWIND_RSP];
}

static void restore(struct machine *m, const struct row *row, int reg, struct regs *caller)
{
	const struct place *place = &row->regs[reg];
	uint64_t value;

	if (place->kind == PLACE_SAME || is_popped(m, place))
		return;
	m->result = EVAL_OK;
	value = place_value(m, row, place);
	if (m->result == EVAL_OK) {
		caller->values[reg] = value;
		caller->known |= REG_BIT(reg);
	} else {
		caller->known &= ~REG_BIT(reg);
	}
}

/* The return address moves the seam outward. */
static enum eval_result restore_pc(struct machine *m, const struct row *row, struct regs *caller)
{
	const struct place *place = &row->regs[UNWIND_RIP];
	bool is_memory = place->kind == PLACE_MEMORY || place->kind == PLACE_EXPR_MEMORY;
	uint64_t address = is_memory ? place_address(m, row, place) : 0;

	caller->values[UNWIND_RIP] = is_memory ? load(m, address, 8) : place_value(m, row, place);
	caller->known |= REG_BIT(UNWIND_RIP);
	if (is_memory && m->result == EVAL_OK)
		stack_set_seam(m->stack, address, caller->values[UNWIND_RIP]);
	return m->result;
}

enum eval_result row_apply(const struct row *row, struct stack *stack, struct regs *regs)
{
	struct machine m = { .regs = regs, .stack = stack };
	struct regs caller = *regs;
	enum eval_result r;

	m.cfa = place_value(&m, row, &row->cfa);
	if (m.result != EVAL_OK)
		return m.result;
	for (int reg = 0; reg < UNWIND_RIP; reg++)
		restore(&m, row, reg, &caller);
	m.result = EVAL_OK;
	r = restore_pc(&m, row, &caller);
	if (r == EVAL_OK)
		*regs = caller;
	return r;
}
