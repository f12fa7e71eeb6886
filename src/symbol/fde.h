/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the functions of a file without symbols begin: its unwind tables have an
 * entry (FDE) for each.  What the compiler splits (.cold) has entries of its own.
 */
#ifndef SYMBOL_FDE_H
#define SYMBOL_FDE_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

struct fdes;

/* NULL: @elf has no table of them that can be searched.  @elf must stand as long. */
struct fdes *fdes_new(Elf *elf);
void fdes_free(struct fdes *fdes);

/* The start of the function that @address is in.  False: in none that is known. */
bool fdes_find(const struct fdes *fdes, uint64_t address, uint64_t *ret_start);

#endif /* SYMBOL_FDE_H */
