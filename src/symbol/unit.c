/* SPDX-License-Identifier: GPL-2.0-only */
#include "unit.h"

#include <dwarf.h>

#define DEPTH_MAX  512        /* of entries; deeper ones are left out */
#define CALLS_MAX  (8u << 20) /* of one unit */
#define RANGES_MAX (1u << 20) /* of one entry */

struct walk {
	struct unit *unit;
	const struct code_filter *filter;
};

size_t die_add_ranges(Dwarf_Die *die, const struct code_filter *filter, const struct span *as,
		      struct spans *spans)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;
	size_t n = 0, before = spans->list.n;

	while (n++ < RANGES_MAX && (at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		if (start < end && filter->is_code(filter->arg, start))
			spans_add(spans, &(struct span){ start, end, as->rank, as->value });
	}
	return spans->list.n - before;
}

/* Entries that can have functions or inlined calls below them. */
static bool is_scope(int tag)
{
	switch (tag) {
	case DW_TAG_subprogram:
	case DW_TAG_inlined_subroutine:
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_entry_point:
	case DW_TAG_with_stmt:
		return true;
	default:
		return false;
	}
}

/*
 * Take @die as a call if it is one that has code.  Returns what the entries below
 * it are inlined into.
 */
static uint32_t take(struct walk *walk, Dwarf_Die *die, int tag, uint32_t parent,
		     unsigned int depth)
{
	struct unit *unit = walk->unit;
	struct span as = { .rank = depth, .value = (uint32_t)unit->calls.n };
	struct call *call;

	if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine)
		return parent;
	if (tag == DW_TAG_subprogram)
		parent = CALL_NONE;
	if (unit->calls.n >= CALLS_MAX || !die_add_ranges(die, walk->filter, &as, &unit->spans))
		return parent;
	call = array_add(&unit->calls);
	call->offset = dwarf_dieoffset(die);
	call->parent = parent;
	return as.value;
}

static void walk_below(struct walk *walk, Dwarf_Die *die, uint32_t parent, unsigned int depth)
{
	Dwarf_Die child;
	Dwarf_Off before = dwarf_dieoffset(die);

	if (depth >= DEPTH_MAX || dwarf_child(die, &child))
		return;
	do {
		int tag = dwarf_tag(&child);

		/* A damaged sibling reference can lead back. */
		if (dwarf_dieoffset(&child) <= before)
			return;
		before = dwarf_dieoffset(&child);
		if (is_scope(tag) && dwarf_haschildren(&child) > 0)
			walk_below(walk, &child, take(walk, &child, tag, parent, depth), depth + 1);
		else
			take(walk, &child, tag, parent, depth);
	} while (!dwarf_siblingof(&child, &child));
}

void unit_index(struct unit *unit, const struct code_filter *filter)
{
	struct walk walk = { unit, filter };

	if (unit->is_indexed)
		return;
	unit->is_indexed = true;
	walk_below(&walk, &unit->tree, CALL_NONE, 0);
	spans_flatten(&unit->spans);
}

void unit_release(struct unit *unit)
{
	array_release(&unit->calls);
	spans_release(&unit->spans);
}

uint32_t unit_find(const struct unit *unit, uint64_t address)
{
	const struct span *span = spans_find(&unit->spans, address);

	return span ? span->value : CALL_NONE;
}
