/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind/row.h"

#include <dwarf.h>
#include <errno.h>

#include "base/mem.h"

static int add_expression(struct row *row, struct place *place, const Dwarf_Op *ops, size_t n)
{
	if (!n || n > ROW_MAX_OPS)
		return -EINVAL;
	row->ops = xrealloc(row->ops, row->n_ops + n, sizeof(*ops));
	memcpy(row->ops + row->n_ops, ops, n * sizeof(*ops));
	place->op = (uint32_t)row->n_ops;
	place->n_ops = (uint16_t)n;
	row->n_ops += n;
	return 0;
}

static int compile_cfa(struct row *row, Dwarf_Frame *frame)
{
	struct place *cfa = &row->cfa;
	Dwarf_Op *ops;
	size_t n;

	if (dwarf_frame_cfa(frame, &ops, &n) || !n)
		return -EINVAL;
	cfa->kind = PLACE_REGISTER;
	if (n == 1 && ops[0].atom == DW_OP_bregx && ops[0].number < UNWIND_N_REGS) {
		cfa->reg = (uint8_t)ops[0].number;
		cfa->offset = (int64_t)ops[0].number2;
		return 0;
	}
	if (n == 1 && ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg16) {
		cfa->reg = ops[0].atom - DW_OP_breg0;
		cfa->offset = (int64_t)ops[0].number;
		return 0;
	}
	cfa->kind = PLACE_EXPR_VALUE;
	return add_expression(row, cfa, ops, n);
}

/* Is it what libdw makes of an offset from the CFA: call_frame_cfa [plus_uconst] [stack_value]? */
static bool is_cfa_offset(const Dwarf_Op *ops, size_t n, struct place *ret)
{
	size_t i = 1;

	if (ops[0].atom != DW_OP_call_frame_cfa)
		return false;
	if (i < n && ops[i].atom == DW_OP_plus_uconst)
		ret->offset = (int64_t)ops[i++].number;
	if (i < n && ops[i].atom == DW_OP_stack_value) {
		ret->kind = PLACE_VALUE;
		i++;
	} else {
		ret->kind = PLACE_MEMORY;
	}
	return i == n;
}

static int compile_place(struct row *row, struct place *place, const Dwarf_Op *ops, size_t n)
{
	struct place simple = { 0 };

	if (is_cfa_offset(ops, n, &simple)) {
		*place = simple;
		return 0;
	}
	if (n == 1 && ops[0].atom == DW_OP_regx) {
		place->kind = PLACE_REGISTER;
		place->reg = (uint8_t)ops[0].number;
		return ops[0].number < UNWIND_N_REGS ? 0 : -EINVAL;
	}
	place->kind = PLACE_EXPR_MEMORY;
	if (ops[n - 1].atom == DW_OP_stack_value) {
		place->kind = PLACE_EXPR_VALUE;
		n--;
	}
	return add_expression(row, place, ops, n);
}

static int compile_register(struct row *row, Dwarf_Frame *frame, int column, struct place *place)
{
	Dwarf_Op memory[3], *ops;
	size_t n;

	if (dwarf_frame_register(frame, column, memory, &ops, &n))
		return -EINVAL;
	if (!n) {
		place->kind = ops ? PLACE_UNDEFINED : PLACE_SAME;
		return 0;
	}
	return compile_place(row, place, ops, n);
}

/*
 * What CFI does not mention a callee leaves as it was, if the ABI says so.  Of rbx
 * libdw (0.188) does not know: its table of the ABI has rax in the place of rbx.
 */
static void mend_default(struct row *row)
{
	struct place *rbx = &row->regs[UNWIND_RBX];

	if (rbx->kind == PLACE_UNDEFINED)
		rbx->kind = PLACE_SAME;
}

static int compile(Dwarf_Frame *frame, struct row *row)
{
	int ra = dwarf_frame_info(frame, NULL, NULL, &row->is_signal);
	int r = compile_cfa(row, frame);

	for (int reg = 0; !r && reg < UNWIND_N_REGS; reg++)
		r = compile_register(row, frame, reg == UNWIND_RIP ? ra : reg, &row->regs[reg]);
	mend_default(row);
	return r;
}

/* A frame whose caller is undefined needs no CFA. */
static bool is_outermost(Dwarf_Frame *frame)
{
	struct row row = { 0 };
	int ra = dwarf_frame_info(frame, NULL, NULL, NULL);
	bool is_end = !compile_register(&row, frame, ra, &row.regs[UNWIND_RIP]) &&
		      row.regs[UNWIND_RIP].kind == PLACE_UNDEFINED;

	row_release(&row);
	return is_end;
}

int row_compile(Dwarf_Frame *frame, struct row *ret)
{
	struct row row = { 0 };
	int r;

	if (is_outermost(frame)) {
		row.regs[UNWIND_RIP].kind = PLACE_UNDEFINED;
		*ret = row;
		return 0;
	}
	r = compile(frame, &row);
	if (r)
		row_release(&row);
	else
		*ret = row;
	return r;
}

void row_release(struct row *row)
{
	free(row->ops);
	*row = (struct row){ 0 };
}
