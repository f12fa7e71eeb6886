/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From an address in a module to names: the function, what is inlined there, file
 * and line.  The sources, best first: DWARF (in the file, or a separate debug file
 * by build-id, debuglink, .gnu_debugdata or debuginfod, all through libdwfl),
 * .symtab, .dynsym, procedure linkage stubs; kallsyms for the kernel;
 * /tmp/perf-PID.map for JITs.
 *
 * It parses files that targets made: run it in a process without privilege
 * (resolver.h does).  Where the process has DEBUGINFOD_URLS set, libdwfl asks
 * those servers; a caller who does not want that unsets it.
 */
#ifndef SYMBOL_SYMBOLIZER_H
#define SYMBOL_SYMBOLIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "event/event.h"

#define SYMBOL_TEXT_MAX   4096 /* bytes; longer names are cut */
#define SYMBOL_LEVELS_MAX 128  /* of one address; what is inlined deeper is left out */

struct symbol_module {
	enum module_kind kind;
	const char *path;
	const char *build_id; /* hex or "" */
	/*
	 * What to read, borrowed: the ELF file, /proc/kallsyms opened by who may see
	 * addresses, or a JIT's perf map.  -1: nothing is open; then an ELF file is
	 * opened by its path, and the vdso is our own; each if the build-id agrees.
	 */
	int fd;
	/*
	 * A way to path's directory (such as /proc/self/fd/3) for who may not go there by
	 * path; NULL: none is needed.
	 */
	const char *dir;
	/*
	 * What will be asked for, ascending; of the kernel nothing else is found.  Needed
	 * while the module is opened.
	 */
	const uint64_t *addresses;
	size_t n_addresses;
	bool has_pointers; /* symbolizer_find_pointer() will be called */
};

struct symbol_name {          /* one level; strings borrowed until another module is opened */
	const char *function; /* readable; of one without a name, its place (event/definer.h) */
	const char *linkage;  /* as linked; NULL: the same */
	const char *file;     /* NULL: unknown */
	uint32_t line;        /* 0: unknown */
	uint32_t start_line;  /* of the function; 0: unknown */
};

struct symbolizer_options {
	/*
	 * Where separate debug files are, as in gdb: directories between colons, a
	 * relative one below the file's own.  NULL: ".debug:/usr/lib/debug".
	 */
	const char *debug_path;
	uint32_t download_seconds; /* for one debug file; 0: a default */

	/* Told while a debug file is downloaded; not 0 gives it up.  May be NULL. */
	int (*download)(void *arg, long done, long total);
	void *arg;
};

struct symbolizer;

struct symbolizer *symbolizer_new(const struct symbolizer_options *options);
void symbolizer_free(struct symbolizer *symbolizer);

/*
 * Look into @module from now on.  Returns 0 or -errno, after which nothing is
 * found: -ESTALE is another file at the same path, -ENOKEY one that may be another,
 * -EBADMSG one that is damaged or no such file, -ENODATA one without any names.
 */
int symbolizer_open(struct symbolizer *symbolizer, const struct symbol_module *module);

/*
 * Name @address of the module.  Returns the number of levels, innermost first, in
 * @ret, borrowed until the next look-up; 0 where nothing is known (then
 * module+0xoffset is what to show).  Ascending addresses are fastest.
 */
size_t symbolizer_find(struct symbolizer *symbolizer, uint64_t address,
		       const struct symbol_name **ret);

/*
 * Name the object that @pointer, held by the frame at @address of the module, points to, or into:
 * "(Cache).lru.lock" by the pointer's type, "lock of function" by a variable that lies there.
 * Puts it into @out; @ret_rank: the higher, the more it tells.  false: nobody knows.
 */
bool symbolizer_find_pointer(struct symbolizer *symbolizer, uint64_t address,
			     const struct event_pointer *pointer, struct buf *out,
			     uint64_t *ret_rank);

#endif /* SYMBOL_SYMBOLIZER_H */
