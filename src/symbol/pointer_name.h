/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From where a frame held a pointer to the variable or parameter that it was, and from that
 * one's type to what the pointer leads to: `cache`, a Cache *, 0x48 in front of a lock, is
 * "(Cache).lru.lock".
 *
 * A variable counts only where DWARF says that it lay there at that instruction.  A type counts
 * only if its members lead to a lock: a buffer around it tells nothing.
 */
#ifndef SYMBOL_POINTER_NAME_H
#define SYMBOL_POINTER_NAME_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "event/event.h"

/*
 * @function: the entry of one with code, not of an inlined call; @pc: in it, by the DWARF.
 * Puts the name into @out.  @ret_rank: an object that has others in it is higher than these;
 * 0: a library's own type, of interest for what it is made of, "(Mutex<app::Cache>)".
 */
bool pointer_name_find(Dwarf_Die *function, uint64_t pc, const struct event_pointer *pointer,
		       struct buf *out, uint64_t *ret_rank);

#endif /* SYMBOL_POINTER_NAME_H */
