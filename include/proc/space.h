/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address spaces: what executable mappings each process has, kept up to date by
 * fork, exec and mmap records, or read from /proc/PID/maps.
 *
 * A generation is a number that no two states of any space share: it steps on
 * every change of a space's mappings.  A cache keyed by (generation, address)
 * therefore never needs flushing.
 */
#ifndef PROC_SPACE_H
#define PROC_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/array.h"
#include "proc/module.h"

struct mapping { /* executable */
	uint64_t start, end;
	uint64_t offset;       /* in the file, of start */
	struct module *module; /* never NULL; MODULE_JIT for anonymous memory */
};

/* What to subtract from a run-time address in @mapping to get the ELF virtual address. */
static inline uint64_t mapping_bias(const struct mapping *mapping)
{
	return mapping->start - module_vaddr(mapping->module, mapping->offset);
}

struct space {
	uint32_t pid;
	uint32_t generation;
	uint64_t scanned_ns;            /* when /proc/PID/maps was last read; 0: never */
	bool is_gone;                   /* the process, when it was last looked for */
	ARRAY(struct mapping) mappings; /* by address; they do not overlap */
};

/* The mapping that holds @address, or NULL.  Good until the space changes. */
const struct mapping *space_find(const struct space *space, uint64_t address);

struct spaces;

struct spaces *spaces_new(struct modules *modules); /* @modules: borrowed */
void spaces_free(struct spaces *spaces);

/* The space of @pid, empty and unscanned if it is new.  Good until spaces_check(). */
struct space *spaces_get(struct spaces *spaces, pid_t pid);

/*
 * Read /proc/PID/maps and take what it says in place of what was known.  The
 * generation steps only if something differs.  Returns 0 or -errno (-ESRCH,
 * -EACCES); then what was known stays.
 */
int spaces_scan(struct spaces *spaces, pid_t pid, uint64_t now_ns);

void spaces_fork(struct spaces *spaces, pid_t parent, pid_t child);
void spaces_exec(struct spaces *spaces, pid_t pid);

/*
 * An executable mapping was made, from start, end and offset of @where; what it covers
 * of older ones goes.
 */
void spaces_map(struct spaces *spaces, pid_t pid, const struct mapping *where,
		const struct module_key *key);

/*
 * Forget the spaces of processes that are gone, now and at the call before.  Not at once:
 * what happens to processes is ahead of the stream of records about them.
 */
void spaces_check(struct spaces *spaces);
size_t spaces_n(const struct spaces *spaces);

#endif /* PROC_SPACE_H */
