/* SPDX-License-Identifier: GPL-2.0-only */
#include "member_path.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX   64   /* types on the way; hostile ones may contain themselves */
#define MEMBERS_MAX 4096 /* of one type */

enum step { STEP_ON, STEP_THERE, STEP_LOST };

/* The type behind names, const and the like; false: none, or not known. */
static bool peel(Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Attribute attr;

	return dwarf_attr_integrate(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, ret) &&
	       !dwarf_peel_type(ret, ret);
}

static bool size_of(Dwarf_Die *die, uint64_t *ret)
{
	Dwarf_Word size;

	if (dwarf_aggregate_size(die, &size))
		return false;
	*ret = size;
	return true;
}

/* What follows is a library's own business: nobody calls it by name. */
static bool is_reserved(const char *name)
{
	return name && name[0] == '_' &&
	       (name[1] == '_' || (name[1] >= 'A' && name[1] <= 'Z' && name[2] == '_'));
}

static bool is_library_space(const char *name)
{
	return name &&
	       (!strcmp(name, "std") || !strcmp(name, "core") || !strcmp(name, "alloc") ||
		!strcmp(name, "parking_lot") || !strcmp(name, "lock_api") || !strcmp(name, "absl"));
}

static bool is_of_library(Dwarf_Die *type)
{
	Dwarf_Die *scopes = NULL;
	int n = dwarf_getscopes_die(type, &scopes);
	bool is = false;

	for (int i = 1; i < n; i++)
		is |= dwarf_tag(&scopes[i]) == DW_TAG_namespace &&
		      is_library_space(dwarf_diename(&scopes[i]));
	if (n > 0)
		free(scopes);
	return is;
}

/* Where a member begins, a number or, in DWARF 2, an addition; false: only running code knows. */
static bool offset_of(Dwarf_Die *member, uint64_t *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Word value = 0;
	Dwarf_Op *ops;
	size_t n;

	*ret = 0;
	if (!dwarf_attr_integrate(member, DW_AT_data_member_location, &attr))
		return true;
	if (!dwarf_formudata(&attr, &value))
		*ret = value;
	else if (!dwarf_getlocation(&attr, &ops, &n) && n == 1 && ops->atom == DW_OP_plus_uconst)
		*ret = ops->number;
	else
		return false;
	return true;
}

/*
 * The only member, or base, of @type that holds @offset; or any that is reserved, as
 * all of glibc's unions are.
 */
static bool find_member(Dwarf_Die *type, uint64_t offset, Dwarf_Die *ret, uint64_t *ret_start)
{
	Dwarf_Die member, member_type;
	unsigned int n_found = 0, n = 0;
	int r = dwarf_child(type, &member);

	for (; !r && n++ < MEMBERS_MAX; r = dwarf_siblingof(&member, &member)) {
		int tag = dwarf_tag(&member);
		uint64_t start, size;

		if ((tag != DW_TAG_member && tag != DW_TAG_inheritance) ||
		    dwarf_hasattr(&member, DW_AT_external) || !offset_of(&member, &start) ||
		    !peel(&member, &member_type) || !size_of(&member_type, &size) ||
		    offset < start || offset - start >= size)
			continue;
		*ret = member;
		*ret_start = start;
		if (is_reserved(dwarf_diename(&member)))
			return true;
		n_found++;
	}
	return n_found == 1;
}

static enum step step_member(Dwarf_Die *type, uint64_t *offset, struct buf *out)
{
	Dwarf_Die member;
	const char *name;
	uint64_t start;

	if (is_of_library(type))
		return STEP_THERE;
	if (!find_member(type, *offset, &member, &start))
		return STEP_LOST;
	name = dwarf_diename(&member);
	if (is_reserved(name))
		return STEP_THERE;
	if (name && dwarf_tag(&member) == DW_TAG_member)
		buf_printf(out, ".%s", name);
	*offset -= start;
	return peel(&member, type) ? STEP_ON : STEP_LOST;
}

/* Elements in one dimension; 0: not known. */
static uint64_t count_of(Dwarf_Die *range)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;

	if (dwarf_attr_integrate(range, DW_AT_count, &attr) && !dwarf_formudata(&attr, &value))
		return value;
	if (dwarf_attr_integrate(range, DW_AT_upper_bound, &attr) &&
	    !dwarf_formudata(&attr, &value) && value < UINT64_MAX)
		return value + 1;
	return 0;
}

static enum step step_array(Dwarf_Die *type, uint64_t *offset, struct buf *out)
{
	Dwarf_Die element, range;
	uint64_t size, all;
	int r = dwarf_child(type, &range);

	if (!size_of(type, &all) || !peel(type, &element) || !size_of(&element, &size) || !size)
		return STEP_LOST;
	for (; !r; r = dwarf_siblingof(&range, &range)) {
		uint64_t count = dwarf_tag(&range) == DW_TAG_subrange_type ? count_of(&range) : 0;

		if (!count || all / count < size)
			return STEP_LOST;
		all /= count; /* of what one step in this dimension passes */
		buf_printf(out, "[%llu]", (unsigned long long)(*offset / all));
		*offset %= all;
	}
	*type = element;
	return STEP_ON;
}

static enum step step_into(Dwarf_Die *type, uint64_t *offset, struct buf *out)
{
	switch (dwarf_tag(type)) {
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
		return step_member(type, offset, out);
	case DW_TAG_array_type:
		return step_array(type, offset, out);
	default:
		return STEP_LOST;
	}
}

/* A word of the program's own that threads wait for: no byte of some buffer. */
static bool is_word(Dwarf_Die *type, uint64_t offset)
{
	uint64_t size;

	switch (dwarf_tag(type)) {
	case DW_TAG_base_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_pointer_type:
		return !offset && size_of(type, &size) && size >= 4;
	default:
		return false;
	}
}

bool member_path_in(const Dwarf_Die *whole, uint64_t offset, struct buf *out)
{
	Dwarf_Die type = *whole;
	enum step step = STEP_ON;

	for (unsigned int n = 0; step == STEP_ON && n < STEPS_MAX; n++)
		step = step_into(&type, &offset, out);
	if (step == STEP_THERE)
		return true;
	if (offset)
		buf_printf(out, "+0x%llx", (unsigned long long)offset);
	return is_word(&type, offset);
}

bool member_path(Dwarf_Die *variable, uint64_t offset, struct buf *out)
{
	Dwarf_Die type;

	if (!peel(variable, &type))
		return false;
	member_path_in(&type, offset, out);
	return true;
}

static bool is_pointer(Dwarf_Die *type)
{
	int tag = dwarf_tag(type);

	return tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type ||
	       tag == DW_TAG_rvalue_reference_type;
}

bool member_path_to_lock(Dwarf_Die *variable, uint64_t offset, struct buf *out)
{
	Dwarf_Die type;
	uint64_t size;

	return peel(variable, &type) && !is_pointer(&type) && size_of(&type, &size) &&
	       offset < size && member_path_in(&type, offset, out);
}

/* The first of a type's names: its own, else that of a typedef of it. */
static void set_name(Dwarf_Die *named, Dwarf_Die *type, Dwarf_Die *ret_named)
{
	Dwarf_Attribute attr;
	Dwarf_Die die = *named;

	*ret_named = *type;
	for (unsigned int n = 0; !dwarf_diename(ret_named) && n < STEPS_MAX; n++) {
		if (!dwarf_attr_integrate(&die, DW_AT_type, &attr) ||
		    !dwarf_formref_die(&attr, &die))
			return;
		*ret_named = die;
	}
}

bool member_path_pointee(Dwarf_Die *variable, uint64_t offset, Dwarf_Die *ret, Dwarf_Die *ret_named)
{
	Dwarf_Die type, member;
	uint64_t start;

	if (!peel(variable, &type))
		return false;
	for (unsigned int n = 0; !is_pointer(&type); n++) {
		int tag = dwarf_tag(&type);

		if ((tag != DW_TAG_structure_type && tag != DW_TAG_class_type) || n == STEPS_MAX ||
		    !find_member(&type, offset, &member, &start) || !peel(&member, &type))
			return false;
		offset -= start;
	}
	if (offset || !peel(&type, ret))
		return false;
	set_name(&type, ret, ret_named);
	return true;
}

bool member_path_is_library(Dwarf_Die *type)
{
	return is_of_library(type) || is_reserved(dwarf_diename(type));
}
