/* SPDX-License-Identifier: GPL-2.0-only */
/* What an ELF file exports, by name: of files that anybody may have written. */
#ifndef INJECT_EXPORTS_H
#define INJECT_EXPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct export
{
	const char *name;     /* wanted; borrowed */
	uint64_t vaddr, size; /* found; 0: it is not there */
	bool is_data;
};

/* Fill in of @exports what the dynamic symbols of @fd define.  How many were found. */
size_t exports_find(int fd, struct export *exports, size_t n);

/* Where in the file the byte at @vaddr is; -ENOENT: nowhere. */
int64_t exports_offset(int fd, uint64_t vaddr);

/* Whether there is a section of that name: what a compiler left tells what it was. */
bool exports_has_section(int fd, const char *name);

#endif /* INJECT_EXPORTS_H */
