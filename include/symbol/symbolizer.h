/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From an address in a module to names: the function, what is inlined there, file
 * and line.  The sources, best first: DWARF (in the file, or a separate debug file
 * by build-id, debuglink, .gnu_debugdata or debuginfod, all through libdwfl),
 * .symtab, .dynsym; kallsyms for the kernel; /tmp/perf-PID.map for JITs.
 *
 * It parses files that targets made: run it in a process without privilege
 * (resolver.h does).
 */
#ifndef SYMBOL_SYMBOLIZER_H
#define SYMBOL_SYMBOLIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/event.h"

struct symbol_module {
	enum module_kind kind;
	const char *path;
	const char *build_id; /* hex or "" */
	uint32_t pid;         /* MODULE_JIT */
	int fd;               /* the file, or -1: open path, if its build-id agrees */
};

struct symbol_name { /* one level; strings borrowed until the next look-up */
	const char *function; /* readable */
	const char *linkage;  /* as linked; NULL: the same */
	const char *file;     /* NULL: unknown */
	uint32_t line;        /* 0: unknown */
	uint32_t start_line;
};

struct symbolizer;

struct symbolizer_options {
	int kallsyms_fd;          /* opened by who may see addresses; -1: none */
	bool use_debuginfod;      /* only if DEBUGINFOD_URLS is set as well */
	uint32_t download_seconds; /* for one debug file; 0: a default */
};

struct symbolizer *symbolizer_new(const struct symbolizer_options *options);
void symbolizer_free(struct symbolizer *symbolizer);

/*
 * Name @address of @module.  Returns the number of levels, innermost first, in
 * @ret; 0 where nothing is known (then module+0xoffset is what to show).
 * Ask for one module's addresses one after the other: its files stay open until
 * another module is asked for.
 */
size_t symbolizer_find(struct symbolizer *symbolizer, const struct symbol_module *module,
		       uint64_t address, const struct symbol_name **ret);

#endif /* SYMBOL_SYMBOLIZER_H */
