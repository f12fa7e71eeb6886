/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One DWARF unit: where its functions and inlined calls lie.
 */
#ifndef SYMBOL_UNIT_H
#define SYMBOL_UNIT_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

#include "span.h"

#define CALL_NONE UINT32_MAX

struct call {             /* a function, or an inlined call of one */
	Dwarf_Off offset; /* of its entry in the unit's DWARF */
	uint32_t parent;  /* index of the call it is inlined into, or CALL_NONE */
	uint32_t name;    /* index + 1 in a table of the caller's; 0: not there yet */
};

struct unit {
	Dwarf_Die lines; /* whose line table holds: the unit, or the skeleton of a split one */
	Dwarf_Die tree;  /* whose entries hold */
	bool is_indexed;
	ARRAY(struct call) calls;
	struct spans spans; /* index into calls */
};

struct code_filter {
	bool (*is_code)(void *arg, uint64_t address);
	void *arg;
};

/* Walk the unit's entries.  Safe to call again: it walks once. */
void unit_index(struct unit *unit, const struct code_filter *filter);
void unit_release(struct unit *unit);

/* The innermost call at @address, or CALL_NONE. */
uint32_t unit_find(const struct unit *unit, uint64_t address);

/* Add the ranges of @die's code to @spans.  Returns how many there are. */
size_t die_add_ranges(Dwarf_Die *die, const struct code_filter *filter, const struct span *as,
		      struct spans *spans);

#endif /* SYMBOL_UNIT_H */
