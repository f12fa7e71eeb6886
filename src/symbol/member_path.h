/* SPDX-License-Identifier: GPL-2.0-only */
/* From an offset in a variable to the members that lead there. */
#ifndef SYMBOL_MEMBER_PATH_H
#define SYMBOL_MEMBER_PATH_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Append ".pool[3].lock", the path of what lies at @offset of @variable, which may be
 * empty; "+0x8" at its end where it does not lead all the way.  False, and nothing
 * appended: the type is not known.
 */
bool member_path(Dwarf_Die *variable, uint64_t offset, struct buf *out);

/* The same of an object of @type.  Returns whether it leads to a lock, or a word of its own. */
bool member_path_in(const Dwarf_Die *type, uint64_t offset, struct buf *out);

/* The same of a variable that is, or has as a member, a lock or word; not of a pointer to one. */
bool member_path_to_lock(Dwarf_Die *variable, uint64_t offset, struct buf *out);

/*
 * What the pointer at @offset of @variable points to: a pointer that the variable is, or has as a
 * member.  @ret: its type; @ret_named: that, or a typedef of it where it has no name.  false: there
 * is no pointer, or of no known type.
 */
bool member_path_pointee(Dwarf_Die *variable, uint64_t offset, Dwarf_Die *ret,
			 Dwarf_Die *ret_named);

/* Whether @type is of the language's or system's own library. */
bool member_path_is_library(Dwarf_Die *type);

#endif /* SYMBOL_MEMBER_PATH_H */
