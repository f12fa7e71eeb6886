/* SPDX-License-Identifier: GPL-2.0-only */
#include "debug_info.h"

#include <dwarf.h>

#include "base/intern.h"
#include "pointer_name.h"
#include "symbol/demangle.h"
#include "unit.h"

#define UNITS_MAX (1u << 20)

struct function { /* what all calls of one function share; ids of texts */
	uint32_t name;
	uint32_t linkage; /* 0: the same */
	uint32_t start_line;
};

struct debug_info {
	Dwarf *dwarf;
	struct code_filter filter;
	ARRAY(struct unit) units;
	struct spans spans; /* index into units */
	ARRAY(struct function) functions;
	struct map by_entry; /* address of a function's own entry in memory → index + 1 */
	struct intern texts;
	struct buf demangled;
};

/* The narrowest unit wins where several claim an address. */
static void add_unit(struct debug_info *info, Dwarf_Die *lines, Dwarf_Die *tree)
{
	struct span as = { .value = (uint32_t)info->units.n };
	size_t before = info->spans.list.n;
	struct unit *unit;

	if (!die_add_ranges(lines, &info->filter, &as, &info->spans))
		return;
	for (size_t i = before; i < info->spans.list.n; i++)
		info->spans.list.items[i].rank =
			~(info->spans.list.items[i].end - info->spans.list.items[i].start);
	unit = array_add(&info->units);
	unit->lines = *lines;
	unit->tree = *tree;
}

static void find_units(struct debug_info *info)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Half version;
	uint8_t type;
	Dwarf_Die die, sub;

	while (info->units.n < UNITS_MAX &&
	       !dwarf_get_units(info->dwarf, cu, &cu, &version, &type, &die, &sub)) {
		if (type == DW_UT_skeleton && dwarf_tag(&sub) == DW_TAG_compile_unit)
			add_unit(info, &die, &sub);
		else if (type == DW_UT_compile || type == DW_UT_skeleton)
			add_unit(info, &die, &die);
	}
	spans_flatten(&info->spans);
}

struct debug_info *debug_info_new(Dwarf *dwarf, bool (*is_code)(void *arg, uint64_t address),
				  void *arg)
{
	struct debug_info *info = xcalloc(1, sizeof(*info));

	info->dwarf = dwarf;
	info->filter = (struct code_filter){ is_code, arg };
	find_units(info);
	return info;
}

void debug_info_free(struct debug_info *info)
{
	struct unit *unit;

	if (!info)
		return;
	array_for_each(unit, &info->units)
		unit_release(unit);
	array_release(&info->units);
	spans_release(&info->spans);
	array_release(&info->functions);
	map_release(&info->by_entry);
	intern_release(&info->texts);
	buf_release(&info->demangled);
	free(info);
}

static const char *linkage_name(Dwarf_Die *die)
{
	Dwarf_Attribute attr;

	if (!dwarf_attr_integrate(die, DW_AT_linkage_name, &attr) &&
	    !dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attr))
		return NULL;
	return dwarf_formstring(&attr);
}

static void describe(struct debug_info *info, Dwarf_Die *die, struct function *function)
{
	const char *linkage = linkage_name(die), *name = dwarf_diename(die);
	int line;

	if (linkage && demangle(linkage, &info->demangled)) {
		function->name = intern_string(&info->texts, buf_str(&info->demangled));
		function->linkage = intern_string(&info->texts, linkage);
	} else if (name || linkage) {
		function->name = intern_string(&info->texts, name ? name : linkage);
		if (name && linkage && strcmp(name, linkage))
			function->linkage = intern_string(&info->texts, linkage);
	}
	if (!dwarf_decl_line(die, &line) && line > 0)
		function->start_line = (uint32_t)line;
}

/* Inlined calls refer to their function: it is described once for all of them. */
static uint32_t function_of(struct debug_info *info, Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Die origin = *die;
	uint64_t *index;

	if (dwarf_attr(die, DW_AT_abstract_origin, &attr) && !dwarf_formref_die(&attr, &origin))
		origin = *die;
	index = map_insert(&info->by_entry, (uintptr_t)origin.addr);
	if (!*index) {
		describe(info, &origin, array_add(&info->functions));
		*index = info->functions.n;
	}
	return (uint32_t)*index;
}

/* @file as the compiler saw it; libdw leaves some relative to where the compiler ran. */
static const char *full_path(struct debug_info *info, Dwarf_Die *unit, const char *file)
{
	const char *directory;
	Dwarf_Attribute attr;
	char *path;

	if (!file || !strcmp(file, "???")) /* libdw's name for none */
		return NULL;
	directory = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attr));
	if (file[0] == '/' || !directory || directory[0] != '/')
		return file;
	path = xasprintf("%s/%s", directory, file);
	file = intern_text(&info->texts, intern_string(&info->texts, path));
	free(path);
	return file;
}

/* Line 0, of code that the compiler made up, still has a file. */
static void set_line(struct debug_info *info, struct unit *unit, uint64_t address,
		     struct symbol_name *name)
{
	Dwarf_Line *line = dwarf_getsrc_die(&unit->lines, address);
	int number;

	if (!line || dwarf_lineno(line, &number) || number < 0)
		return;
	name->file = full_path(info, &unit->lines, dwarf_linesrc(line, NULL, NULL));
	name->line = name->file ? (uint32_t)number : 0;
}

/* Where @die, an inlined call, was called: the line of the level around it. */
static void set_call_line(struct debug_info *info, struct unit *unit, Dwarf_Die *die,
			  struct symbol_name *name)
{
	Dwarf_Attribute attr;
	Dwarf_Word file, line = 0;
	Dwarf_Files *files;
	Dwarf_Die of;
	size_t n;

	if (dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attr), &file) ||
	    !dwarf_diecu(die, &of, NULL, NULL) || dwarf_getsrcfiles(&of, &files, &n) || file >= n)
		return;
	dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attr), &line);
	name->file = full_path(info, &unit->lines, dwarf_filesrc(files, file, NULL, NULL));
	name->line = name->file && line <= UINT32_MAX ? (uint32_t)line : 0;
}

static bool call_die(struct unit *unit, uint32_t call, Dwarf_Die *ret)
{
	return dwarf_offdie(dwarf_cu_getdwarf(unit->tree.cu), unit->calls.items[call].offset, ret);
}

static void set_function(struct debug_info *info, struct call *call, Dwarf_Die *die,
			 struct symbol_name *name)
{
	const struct function *function;

	if (!call->name)
		call->name = function_of(info, die);
	function = &info->functions.items[call->name - 1];
	name->function = intern_text(&info->texts, function->name);
	name->linkage = function->linkage ? intern_text(&info->texts, function->linkage) : NULL;
	name->start_line = function->start_line;
}

/* A function in several pieces begins with the first. */
static uint64_t entry_of(Dwarf_Die *die)
{
	Dwarf_Addr base, start = 0, end;

	if (dwarf_entrypc(die, &start) && dwarf_ranges(die, 0, &base, &start, &end) <= 0)
		return 0;
	return start;
}

size_t debug_info_find(struct debug_info *info, uint64_t address, struct symbol_name *ret,
		       uint64_t *ret_entry)
{
	const struct span *span = spans_find(&info->spans, address);
	struct unit *unit;
	size_t n = 0;
	uint32_t at;

	if (!span)
		return 0;
	unit = &info->units.items[span->value];
	unit_index(unit, &info->filter);
	at = unit_find(unit, address);
	*ret_entry = 0;
	*ret = (struct symbol_name){ .function = "" };
	set_line(info, unit, address, ret);
	if (at == CALL_NONE) /* assembly can have lines but no functions */
		return ret->file ? 1 : 0;
	for (;;) {
		struct call *call = &unit->calls.items[at];
		Dwarf_Die die;

		if (!call_die(unit, at, &die))
			return 0;
		set_function(info, call, &die, &ret[n++]);
		at = call->parent;
		if (at == CALL_NONE || n == SYMBOL_LEVELS_MAX) {
			*ret_entry = entry_of(&die);
			return n;
		}
		memset(&ret[n], 0, sizeof(*ret));
		set_call_line(info, unit, &die, &ret[n]);
	}
}

bool debug_info_find_pointer(struct debug_info *info, uint64_t address,
			     const struct event_pointer *pointer, struct buf *out,
			     uint64_t *ret_rank)
{
	const struct span *span = spans_find(&info->spans, address);
	struct unit *unit;
	Dwarf_Die die;
	uint32_t at;

	if (!span)
		return false;
	unit = &info->units.items[span->value];
	unit_index(unit, &info->filter);
	at = unit_find(unit, address);
	if (at == CALL_NONE)
		return false;
	while (unit->calls.items[at].parent != CALL_NONE)
		at = unit->calls.items[at].parent;
	return call_die(unit, at, &die) && pointer_name_find(&die, address, pointer, out, ret_rank);
}
