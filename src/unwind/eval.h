/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a frame's registers to its caller's, by a whole row of CFI: what rules of 8
 * bytes cannot hold, such as PLT stubs, signal frames and realigned stacks.
 */
#ifndef UNWIND_EVAL_H
#define UNWIND_EVAL_H

#include "unwind/row.h"
#include "unwind/stack.h"

struct regs {
	uint64_t values[UNWIND_N_REGS];
	uint32_t known; /* a bit a register */
};

#define REG_BIT(reg) (1u << (reg))
#define REGS_ALL     (REG_BIT(UNWIND_N_REGS) - 1)

enum eval_result {
	EVAL_OK,
	EVAL_NO_REGISTER, /* a register is wanted that is not known */
	EVAL_NO_MEMORY,   /* memory is wanted that cannot be had */
	EVAL_BAD,         /* not an expression, or it does not end */
};

/*
 * Replace @regs by the caller's.  Registers whose place cannot be read are not
 * known afterwards; without CFA or return address, @regs stays as it was.
 */
enum eval_result row_apply(const struct row *row, struct stack *stack, struct regs *regs);

#endif /* UNWIND_EVAL_H */
