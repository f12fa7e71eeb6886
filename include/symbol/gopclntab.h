/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Go's own table of functions and lines, which its programs keep when they are
 * stripped: versions since 1.18, 64-bit little-endian.  Where a call was inlined
 * the table gives the function around it, and its file, but no line.
 */
#ifndef SYMBOL_GOPCLNTAB_H
#define SYMBOL_GOPCLNTAB_H

#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>

#include "symbol/symbolizer.h"

struct gopclntab;

/* NULL: @elf has none that can be read.  @elf must stand as long. */
struct gopclntab *gopclntab_new(Elf *elf);
void gopclntab_free(struct gopclntab *table);

/* Strings in @ret are borrowed from the file. */
bool gopclntab_find(const struct gopclntab *table, uint64_t address, struct symbol_name *ret);

/* Where the function called @name begins and ends.  Looks at all of them. */
bool gopclntab_find_function(const struct gopclntab *table, const char *name, uint64_t *ret_start,
			     uint64_t *ret_end);

#endif /* SYMBOL_GOPCLNTAB_H */
