/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lies at an address in a file's static data: the symbol, and, where there is
 * debug information, the path of members that leads there, "g_server.pool[3].lock".
 *
 * The path ends where a library's own types begin: who uses a mutex calls it by the
 * name of the mutex, not of the word in it.  Of a union's members none is chosen.
 */
#ifndef SYMBOL_DATA_NAMES_H
#define SYMBOL_DATA_NAMES_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct data_names;

/* @dwarf may be NULL; @dwarf_bias: to subtract from an address of the file. */
struct data_names *data_names_new(Dwfl_Module *module, Dwarf *dwarf, uint64_t dwarf_bias);
void data_names_free(struct data_names *names);

/* Put the name of what lies at @address of the file into @out; false: nobody knows. */
bool data_names_find(struct data_names *names, uint64_t address, struct buf *out);

#endif /* SYMBOL_DATA_NAMES_H */
