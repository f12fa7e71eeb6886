/* SPDX-License-Identifier: GPL-2.0-only */
/* A row of CFI in 8 bytes: what nearly every row can be cut down to. */
#ifndef UNWIND_RULE_H
#define UNWIND_RULE_H

#include <stdbool.h>
#include <stdint.h>

struct row;

enum rule_kind {
	RULE_NO_CFI, /* nothing known: follow the frame pointer */
	RULE_GO,     /* follow the frame pointer, onto another stack if need be */
	RULE_SP,     /* CFA = rsp + offset; the return address is at CFA - 8 */
	RULE_FP,     /* CFA = rbp + offset; the same */
	RULE_ROW,    /* too much for 8 bytes: row number offset */
	RULE_END,    /* the outermost frame */
	RULE_BAD,    /* CFI that cannot be used */
};

struct rule {
	uint8_t kind; /* enum rule_kind */
	bool has_fp;  /* the caller's rbp is at CFA + fp_offset; else rbp is unchanged */
	int16_t fp_offset;
	int32_t offset;
};

/* Cut @row down to a rule; false if it does not fit one. */
bool rule_from_row(const struct row *row, struct rule *ret);

#endif /* UNWIND_RULE_H */
