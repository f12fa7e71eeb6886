/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that processes run code from, one struct each, shared by every process
 * that maps it.  Identity is device, inode and path.  A file is opened when its code
 * is first met, while a process that maps it still lives, so that a file which is
 * deleted or replaced later, or stands in another mount namespace, stays readable:
 * the descriptor is the file.
 */
#ifndef PROC_MODULE_H
#define PROC_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "event/event.h"

#define BUILD_ID_MAX 20 /* bytes; longer ones are cut, as the kernel does */

struct module_segment { /* a PT_LOAD */
	uint64_t vaddr;
	uint64_t offset;
	uint64_t file_size;
	uint64_t size; /* in memory: with data that begins as zeros */
	bool is_exec;
};

struct module {
	uint32_t index;        /* 0, 1, 2 … within the table */
	enum module_kind kind; /* MODULE_ELF, _VDSO, _JIT (anonymous or not ELF) */
	char *path;            /* owned; as the process sees it, without " (deleted)" */
	char build_id[2 * BUILD_ID_MAX + 1]; /* hex; "" until known or none */
	uint64_t dev, inode;                 /* of MODULE_ELF; 0: unknown */
	uint32_t pid;                        /* of MODULE_JIT: whose; else 0 */
	int fd;            /* the file, open for reading (of a JIT: its perf map); -1: none */
	bool tried;        /* opening was tried */
	const void *image; /* MODULE_VDSO: the ELF image in memory, borrowed; else NULL */
	size_t image_size;
	struct module_segment *segments; /* owned; of an opened ELF */
	size_t n_segments;
};

/*
 * The ELF virtual address of file offset @offset.  Without segments (not opened,
 * not ELF) it is the offset itself.
 */
uint64_t module_vaddr(const struct module *module, uint64_t offset);

/* Whether @vaddr is the module's own, with data that is in no file.  False where it is not open. */
bool module_has_vaddr(const struct module *module, uint64_t vaddr);

struct modules;

struct modules *modules_new(void);
void modules_free(struct modules *modules); /* closes the files */

struct module_key { /* what a mapping says of its file */
	const char *path;
	uint64_t dev, inode;
	uint32_t pid;
};

/* Borrowed for the table's life; made if need be. */
struct module *modules_intern(struct modules *modules, const struct module_key *key);

/*
 * Open the file of @module through a process that maps it at @start–@end
 * (/proc/PID/map_files, then /proc/PID/root/PATH, then PATH), and read segments
 * and build-id from it.  Safe to call again: it tries once.  Returns 0 or -errno.
 */
int module_open(struct module *module, pid_t pid, uint64_t start, uint64_t end);

size_t modules_n(const struct modules *modules);
struct module *modules_get(const struct modules *modules, uint32_t index);

#endif /* PROC_MODULE_H */
