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

bool member_path(Dwarf_Die *variable, uint64_t offset, struct buf *out)
{
	enum step step = STEP_ON;
	Dwarf_Die type;

	if (!peel(variable, &type))
		return false;
	for (unsigned int n = 0; step == STEP_ON && n < STEPS_MAX; n++) {
		switch (dwarf_tag(&type)) {
		case DW_TAG_structure_type:
		case DW_TAG_class_type:
		case DW_TAG_union_type:
			step = step_member(&type, &offset, out);
			break;
		case DW_TAG_array_type:
			step = step_array(&type, &offset, out);
			break;
		default:
			step = STEP_LOST;
			break;
		}
	}
	if (step != STEP_THERE && offset)
		buf_printf(out, "+0x%llx", (unsigned long long)offset);
	return true;
}
