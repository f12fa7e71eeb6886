/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind/rule.h"

#include "unwind/row.h"

_Static_assert(sizeof(struct rule) == 8, "a rule is one word");

static bool is_at(const struct place *place, enum place_kind kind, int64_t offset)
{
	return place->kind == kind && place->offset == offset;
}

static bool set_cfa(const struct place *cfa, struct rule *rule)
{
	if (cfa->kind != PLACE_REGISTER || cfa->offset != (int32_t)cfa->offset)
		return false;
	if (cfa->reg != UNWIND_RSP && cfa->reg != UNWIND_RBP)
		return false;
	rule->kind = cfa->reg == UNWIND_RSP ? RULE_SP : RULE_FP;
	rule->offset = (int32_t)cfa->offset;
	return true;
}

static bool set_fp(const struct place *fp, struct rule *rule)
{
	rule->has_fp = fp->kind == PLACE_MEMORY;
	rule->fp_offset = (int16_t)fp->offset;
	return fp->kind == PLACE_SAME ||
	       (fp->kind == PLACE_MEMORY && fp->offset == (int16_t)fp->offset);
}

bool rule_from_row(const struct row *row, struct rule *ret)
{
	struct rule rule = { .kind = RULE_END };

	if (row->regs[UNWIND_RIP].kind != PLACE_UNDEFINED) {
		if (row->is_signal || !is_at(&row->regs[UNWIND_RIP], PLACE_MEMORY, -8) ||
		    !is_at(&row->regs[UNWIND_RSP], PLACE_VALUE, 0) || !set_cfa(&row->cfa, &rule) ||
		    !set_fp(&row->regs[UNWIND_RBP], &rule))
			return false;
	}
	*ret = rule;
	return true;
}
