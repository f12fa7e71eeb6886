/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names for procedure linkage stubs, which have no symbols: `puts@plt`.  A stub
 * jumps through a slot of the global offset table, and the relocation of that
 * slot names the function.
 */
#ifndef SYMBOL_PLT_H
#define SYMBOL_PLT_H

#include <libelf.h>

#include "symtab.h"

/* Add what is found in @elf.  Machines other than x86-64 and AArch64: nothing. */
void plt_add_stubs(Elf *elf, struct symtab *symtab);

#endif /* SYMBOL_PLT_H */
