/* SPDX-License-Identifier: GPL-2.0-only */
#include "data_names.h"

#include <dwarf.h>
#include <gelf.h>
#include <string.h>

#include "base/array.h"
#include "member_path.h"
#include "symbol/demangle.h"

#define SYMBOLS_MAX (16 << 20)
#define DIES_MAX    (4 << 20) /* looked at in all; what comes behind has no paths */
#define DEPTH_MAX   8         /* of namespaces and the like */

struct object {
	const char *name; /* borrowed from the file */
	uint64_t start, size;
};

struct variable {
	uint64_t start; /* of the DWARF */
	Dwarf_Die die;
};

struct data_names {
	Dwfl_Module *module;
	Dwarf *dwarf;
	uint64_t dwarf_bias;
	bool has_objects, has_variables; /* were read: when they are first asked for */
	ARRAY(struct object) objects;
	ARRAY(struct variable) variables;
	uint32_t n_dies;
};

struct data_names *data_names_new(Dwfl_Module *module, Dwarf *dwarf, uint64_t dwarf_bias)
{
	struct data_names *names = xcalloc(1, sizeof(*names));

	names->module = module;
	names->dwarf = dwarf;
	names->dwarf_bias = dwarf_bias;
	return names;
}

void data_names_free(struct data_names *names)
{
	if (!names)
		return;
	array_release(&names->objects);
	array_release(&names->variables);
	free(names);
}

static void read_objects(struct data_names *names)
{
	GElf_Addr bias = 0;
	int n = dwfl_module_getsymtab(names->module);

	names->has_objects = true;
	dwfl_module_getelf(names->module, &bias);
	for (int i = 1; i < n && i < SYMBOLS_MAX; i++) {
		GElf_Sym sym;
		GElf_Addr address;
		const char *name =
			dwfl_module_getsym_info(names->module, i, &sym, &address, NULL, NULL, NULL);

		if (name && *name && sym.st_size && sym.st_shndx != SHN_UNDEF &&
		    GELF_ST_TYPE(sym.st_info) == STT_OBJECT)
			*array_add(&names->objects) =
				(struct object){ name, address - bias, sym.st_size };
	}
}

/* The smallest that holds @address; of aliases the one with fewer underscores ahead. */
static const struct object *find_object(struct data_names *names, uint64_t address)
{
	const struct object *object, *best = NULL;

	if (!names->has_objects)
		read_objects(names);
	array_for_each(object, &names->objects) {
		if (address < object->start || address - object->start >= object->size)
			continue;
		if (!best || object->size < best->size ||
		    (object->size == best->size &&
		     strspn(object->name, "_") < strspn(best->name, "_")))
			best = object;
	}
	return best;
}

/* Where a variable lies, if that is a constant. */
static bool address_of(Dwarf_Die *die, uint64_t *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	size_t n;

	if (!dwarf_attr_integrate(die, DW_AT_location, &attr) ||
	    dwarf_getlocation(&attr, &ops, &n) || n != 1 ||
	    (ops->atom != DW_OP_addr && ops->atom != DW_OP_addrx))
		return false;
	if (ops->atom == DW_OP_addr) {
		*ret = ops->number;
		return true;
	}
	return !dwarf_getlocation_attr(&attr, ops, &attr) && !dwarf_formaddr(&attr, ret);
}

/* Variables may stand in namespaces, in types, and, static ones, in functions and their blocks. */
static void walk(struct data_names *names, Dwarf_Die *parent, unsigned int depth)
{
	struct variable variable;
	Dwarf_Die die;
	int r = dwarf_child(parent, &die);

	for (; !r && names->n_dies < DIES_MAX; r = dwarf_siblingof(&die, &die)) {
		names->n_dies++;
		switch (dwarf_tag(&die)) {
		case DW_TAG_variable:
			variable.die = die;
			if (address_of(&die, &variable.start))
				*array_add(&names->variables) = variable;
			break;
		case DW_TAG_namespace:
		case DW_TAG_subprogram:
		case DW_TAG_lexical_block:
		case DW_TAG_structure_type:
		case DW_TAG_class_type:
			if (depth < DEPTH_MAX)
				walk(names, &die, depth + 1);
			break;
		default:
			break;
		}
	}
}

static void read_variables(struct data_names *names)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die, split;
	uint8_t type;

	names->has_variables = true;
	while (names->n_dies < DIES_MAX &&
	       !dwarf_get_units(names->dwarf, unit, &unit, NULL, &type, &die, &split))
		walk(names, type == DW_UT_skeleton && dwarf_tag(&split) ? &split : &die, 0);
}

static bool find_path(struct data_names *names, uint64_t start, uint64_t offset, struct buf *out)
{
	struct variable *variable;

	if (!names->dwarf)
		return false;
	if (!names->has_variables)
		read_variables(names);
	array_for_each(variable, &names->variables) {
		if (variable->start == start - names->dwarf_bias)
			return member_path(&variable->die, offset, out);
	}
	return false;
}

bool data_names_find(struct data_names *names, uint64_t address, struct buf *out)
{
	const struct object *object = find_object(names, address);
	struct buf path = { 0 };
	bool has_path;

	if (!object)
		return false;
	buf_clear(out);
	if (!demangle(object->name, out))
		buf_add(out, object->name, strcspn(object->name, "@")); /* no version */
	has_path = find_path(names, object->start, address - object->start, &path);
	buf_puts(out, buf_str(&path));
	if (!has_path && address > object->start)
		buf_printf(out, "+0x%llx", (unsigned long long)(address - object->start));
	buf_release(&path);
	return true;
}
