/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions in a file's symbol tables (.symtab, wherever libdwfl finds one,
 * with what .gnu_debugdata adds; else .dynsym) and its linkage stubs, one name an
 * address.  Addresses are the file's own (ELF virtual addresses).
 *
 * Of several names for one place the one people use wins: one with a size before
 * one without, then visible before local, with fewer leading underscores (write,
 * not __write), global before weak, and the shorter.  Nested symbols: the
 * innermost.  One without a size reaches to the next symbol, not across a gap.
 */
#ifndef SYMBOL_SYMTAB_H
#define SYMBOL_SYMTAB_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdint.h>

#include "span.h"

struct symbol {
	const char *name; /* borrowed from the file or owned by the table's plt names */
	uint64_t start;
	uint64_t size; /* 0: none was given */
	uint8_t rank;  /* of the kind; higher is better */
};

struct symtab { /* all-zero is a valid empty one */
	ARRAY(struct symbol) symbols;
	ARRAY(char *) owned;
	struct spans code;  /* sections that hold code; their number */
	struct spans spans; /* index into symbols */
};

void symtab_init(struct symtab *symtab, Dwfl_Module *module);
void symtab_release(struct symtab *symtab);

/* The symbol at @address, borrowed, or NULL. */
const struct symbol *symtab_find(const struct symtab *symtab, uint64_t address);

bool symtab_is_code(const struct symtab *symtab, uint64_t address);

/* For plt.c: one more; @name is copied. */
void symtab_add_stub(struct symtab *symtab, uint64_t start, uint64_t size, const char *name);

#endif /* SYMBOL_SYMTAB_H */
