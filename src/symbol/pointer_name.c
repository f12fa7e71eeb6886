/* SPDX-License-Identifier: GPL-2.0-only */
#include "pointer_name.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "member_path.h"

#define DEPTH_MAX 64         /* of blocks and inlined calls */
#define DIES_MAX  (1u << 16) /* of one function */
#define FP        6          /* DWARF's numbers of registers */
#define SP        7
#define RANK_HERE UINT64_MAX

enum base { BASE_REGISTER, BASE_CFA };

struct location { /* of a variable */
	enum base base;
	uint32_t reg;
	int64_t offset;
	bool is_register; /* the variable is what the register holds */
	bool is_value;    /* or is base + offset; neither: it lies there */
};

struct search {
	Dwarf_Die *function;
	uint64_t pc;
	const struct event_pointer *pointer;
	struct buf *out; /* the best until now; empty: none */
	uint64_t rank;
	uint32_t n_dies;
};

static bool get_location(Dwarf_Die *die, unsigned int name, uint64_t pc, Dwarf_Op **ret,
			 size_t *ret_n)
{
	Dwarf_Attribute attr;

	return dwarf_attr_integrate(die, name, &attr) &&
	       dwarf_getlocation_addr(&attr, pc, ret, ret_n, 1) == 1 && *ret_n;
}

/* Where a single operation that needs nothing from a stack leads. */
static bool start_location(const struct search *search, const Dwarf_Op *op, struct location *ret)
{
	*ret = (struct location){ .base = BASE_REGISTER };
	if (op->atom >= DW_OP_reg0 && op->atom <= DW_OP_reg31) {
		ret->reg = op->atom - DW_OP_reg0;
		ret->is_register = true;
	} else if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31) {
		ret->reg = op->atom - DW_OP_breg0;
		ret->offset = (int64_t)op->number;
	} else if (op->atom == DW_OP_call_frame_cfa) {
		ret->base = BASE_CFA;
	} else if (op->atom == DW_OP_fbreg) {
		Dwarf_Op *ops;
		size_t n;

		if (!get_location(search->function, DW_AT_frame_base, search->pc, &ops, &n) ||
		    n != 1 || ops->atom == DW_OP_fbreg || !start_location(search, ops, ret))
			return false;
		ret->is_register = false;
		ret->offset += (int64_t)op->number;
	} else {
		return false;
	}
	return true;
}

static bool find_location(const struct search *search, Dwarf_Die *die, struct location *ret)
{
	Dwarf_Op *ops;
	size_t n;

	if (!get_location(die, DW_AT_location, search->pc, &ops, &n) ||
	    !start_location(search, ops, ret))
		return false;
	for (size_t i = 1; i < n; i++) {
		if (ret->is_register || ret->is_value)
			return false;
		if (ops[i].atom == DW_OP_plus_uconst)
			ret->offset += (int64_t)ops[i].number;
		else if (ops[i].atom == DW_OP_stack_value)
			ret->is_value = true;
		else
			return false;
	}
	return true;
}

/* So far below the CFA; false: that is not known. */
static bool find_below(const struct search *search, const struct location *location, uint64_t *ret)
{
	const struct event_pointer *pointer = search->pointer;
	uint64_t base = 0;

	if (location->is_register || location->is_value)
		return false;
	if (location->base == BASE_REGISTER) {
		base = location->reg == SP ? pointer->sp : location->reg == FP ? pointer->fp : 0;
		if (!base)
			return false;
	}
	*ret = base - (uint64_t)location->offset;
	return true;
}

/*
 * Whether a variable there holds the pointer: @ret_offset, where in it; @ret_distance, from what
 * it points to, to the lock.
 */
static bool holds_pointer(const struct search *search, const struct location *location,
			  uint64_t *ret_offset, uint64_t *ret_distance)
{
	const struct event_pointer *pointer = search->pointer;
	uint64_t below;

	*ret_offset = 0;
	*ret_distance = pointer->distance;
	if (pointer->where == POINTER_REGISTER) {
		if (location->base != BASE_REGISTER || location->reg != pointer->reg ||
		    !(location->is_register || location->is_value))
			return false;
		*ret_distance -= (uint64_t)location->offset;
		return true;
	}
	if (!find_below(search, location, &below))
		return false;
	*ret_offset = below - pointer->below;
	return true;
}

/* "app::Cache". */
static void add_type_name(Dwarf_Die *type, struct buf *out)
{
	Dwarf_Die *scopes = NULL;
	int n = dwarf_getscopes_die(type, &scopes);

	for (int i = n - 1; i > 0; i--) {
		int tag = dwarf_tag(&scopes[i]);
		const char *name = dwarf_diename(&scopes[i]);

		if (name && (tag == DW_TAG_namespace || tag == DW_TAG_structure_type ||
			     tag == DW_TAG_class_type))
			buf_printf(out, "%s::", name);
	}
	if (n > 0)
		free(scopes);
	buf_puts(out, dwarf_diename(type));
}

static void take(struct search *search, const struct buf *name, uint64_t rank)
{
	if (search->out->size && rank <= search->rank)
		return;
	buf_clear(search->out);
	buf_add(search->out, name->data, name->size);
	search->rank = rank;
}

/* A pointer of which @type is what it points to, the lock so far behind its beginning. */
static void take_type(struct search *search, Dwarf_Die *type, Dwarf_Die *named, uint64_t distance)
{
	const char *name = dwarf_diename(named);
	struct buf text = { 0 }, path = { 0 };
	bool is_library = member_path_is_library(type);
	Dwarf_Word size;

	if (!name || dwarf_aggregate_size(type, &size) || distance >= size)
		return;
	if (is_library ? strchr(name, '<') != NULL :
			 member_path_in(type, distance, &path) && path.size) {
		buf_puts(&text, "(");
		add_type_name(named, &text);
		buf_printf(&text, ")%s", buf_str(&path));
		take(search, &text, is_library ? 0 : size);
	}
	buf_release(&path);
	buf_release(&text);
}

/* A variable in which the lock itself lies. */
static void take_variable(struct search *search, Dwarf_Die *die, uint64_t below)
{
	uint64_t offset = below - search->pointer->below;
	const char *name = dwarf_diename(die), *function = dwarf_diename(search->function);
	struct buf text = { 0 };

	if (!name || !function)
		return;
	buf_puts(&text, name);
	if (member_path_to_lock(die, offset, &text)) {
		buf_printf(&text, " of %s (stack of ", function);
		if (search->pointer->tid == search->pointer->pid)
			buf_puts(&text, "the main thread)");
		else
			buf_printf(&text, "thread %u)", search->pointer->tid);
		take(search, &text, RANK_HERE);
	}
	buf_release(&text);
}

static void look_at_variable(struct search *search, Dwarf_Die *die)
{
	struct location location;
	uint64_t offset, distance, below;
	Dwarf_Die type, named;

	if (!find_location(search, die, &location))
		return;
	if (search->pointer->where == POINTER_HERE) {
		if (find_below(search, &location, &below))
			take_variable(search, die, below);
	} else if (holds_pointer(search, &location, &offset, &distance) &&
		   member_path_pointee(die, offset, &type, &named)) {
		take_type(search, &type, &named, distance);
	}
}

static void walk(struct search *search, Dwarf_Die *parent, unsigned int depth)
{
	Dwarf_Die die;
	int r = dwarf_child(parent, &die);

	for (; !r && search->n_dies++ < DIES_MAX; r = dwarf_siblingof(&die, &die)) {
		switch (dwarf_tag(&die)) {
		case DW_TAG_variable:
		case DW_TAG_formal_parameter:
			look_at_variable(search, &die);
			break;
		case DW_TAG_lexical_block:
		case DW_TAG_inlined_subroutine:
		case DW_TAG_try_block:
		case DW_TAG_catch_block:
			if (depth < DEPTH_MAX && dwarf_haspc(&die, search->pc) > 0)
				walk(search, &die, depth + 1);
			break;
		default:
			break;
		}
	}
}

bool pointer_name_find(Dwarf_Die *function, uint64_t pc, const struct event_pointer *pointer,
		       struct buf *out, uint64_t *ret_rank)
{
	struct search search = { function, pc, pointer, out, 0, 0 };

	buf_clear(out);
	walk(&search, function, 0);
	*ret_rank = search.rank;
	return out->size;
}
