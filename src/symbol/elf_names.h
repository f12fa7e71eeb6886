/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The names in one ELF file and in the separate debug files that belong to it.
 */
#ifndef SYMBOL_ELF_NAMES_H
#define SYMBOL_ELF_NAMES_H

#include "symbol/symbolizer.h"

struct elf_names;

/* Results as of symbolizer_open(). */
int elf_names_open(const struct symbol_module *module, const struct symbolizer_options *options,
		   struct elf_names **ret);
void elf_names_free(struct elf_names *names);

/* As debug_info_find(); every level has a function. */
size_t elf_names_find(struct elf_names *names, uint64_t address, struct symbol_name *ret);

/* As symbolizer_find_pointer(). */
bool elf_names_find_pointer(struct elf_names *names, uint64_t address,
			    const struct event_pointer *pointer, struct buf *out,
			    uint64_t *ret_rank);

#endif /* SYMBOL_ELF_NAMES_H */
