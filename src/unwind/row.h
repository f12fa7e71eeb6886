/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One row of call frame information in full: where a frame's caller finds each of
 * its registers.  Compiled once from what libdw says of an address; owns copies of
 * its DWARF expressions, so that it outlives libdw's frame.
 */
#ifndef UNWIND_ROW_H
#define UNWIND_ROW_H

#include <elfutils/libdw.h>

#include "unwind/unwind.h"

#define ROW_MAX_OPS 64 /* of one expression; a longer one is a lie */

enum place_kind {
	PLACE_SAME,        /* the frame did not touch it */
	PLACE_UNDEFINED,   /* lost; of the return address: the stack ends here */
	PLACE_MEMORY,      /* at CFA + offset */
	PLACE_VALUE,       /* is CFA + offset */
	PLACE_REGISTER,    /* is register reg + offset, as this frame has them */
	PLACE_EXPR_MEMORY, /* at the address that the expression gives */
	PLACE_EXPR_VALUE,  /* is what the expression gives */
};

struct place {
	uint8_t kind;   /* enum place_kind */
	uint8_t reg;    /* of PLACE_REGISTER: enum unwind_reg */
	uint16_t n_ops; /* of an expression */
	uint32_t op;    /* its first in the row's ops */
	int64_t offset;
};

struct row {
	struct place cfa;                 /* PLACE_REGISTER or PLACE_EXPR_VALUE */
	struct place regs[UNWIND_N_REGS]; /* of the caller; UNWIND_RIP is the return address */
	Dwarf_Op *ops;                    /* owned; NULL: no expressions */
	size_t n_ops;
	bool is_signal; /* the caller was interrupted: its PC is exact */
	bool is_go;     /* of Go code */
};

/* Returns 0, or -EINVAL for a row that cannot be used. */
int row_compile(Dwarf_Frame *frame, struct row *ret);
void row_release(struct row *row);

#endif /* UNWIND_ROW_H */
