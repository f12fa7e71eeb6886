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

#endif /* SYMBOL_MEMBER_PATH_H */
