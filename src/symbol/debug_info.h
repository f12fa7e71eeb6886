/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DWARF: the function at an address, what is inlined there, and the lines.
 *
 * A unit (one compiled file) is walked once, when an address in it is first asked
 * for; its functions and inlined calls become disjoint spans, each of which knows
 * the call it stands in.  A look-up is then a binary search, however many there
 * are.  Addresses are those of the DWARF.
 */
#ifndef SYMBOL_DEBUG_INFO_H
#define SYMBOL_DEBUG_INFO_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

#include "symbol/symbolizer.h"

struct debug_info;

/*
 * @is_code tells addresses that can be code from what the linker left of functions
 * it dropped.
 */
struct debug_info *debug_info_new(Dwarf *dwarf, bool (*is_code)(void *arg, uint64_t address),
				  void *arg);
void debug_info_free(struct debug_info *info);

/*
 * The levels at @address, innermost first, into @ret, which has room for
 * SYMBOL_LEVELS_MAX.  Returns how many; 0: unknown.  A function without a name has
 * "".  *@ret_entry is where the outermost function begins, or 0.
 */
size_t debug_info_find(struct debug_info *info, uint64_t address, struct symbol_name *ret,
		       uint64_t *ret_entry);

/* As pointer_name_find(), of the function at @address. */
bool debug_info_find_pointer(struct debug_info *info, uint64_t address,
			     const struct event_pointer *pointer, struct buf *out,
			     uint64_t *ret_rank);

#endif /* SYMBOL_DEBUG_INFO_H */
