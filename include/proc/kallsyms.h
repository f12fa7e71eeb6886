/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /proc/kallsyms: the kernel's own symbols and those of its modules.  A reader
 * whom the kernel does not trust sees every address as zero: then there are none.
 */
#ifndef PROC_KALLSYMS_H
#define PROC_KALLSYMS_H

#include <stddef.h>
#include <stdint.h>

struct kallsyms;

struct kallsyms *kallsyms_parse(const char *text, size_t size);
int kallsyms_read(int fd, struct kallsyms **ret); /* from its start; 0 or -errno */
void kallsyms_free(struct kallsyms *kallsyms);

struct kallsyms_symbol { /* borrowed for the life of the table */
	const char *name;
	const char *module; /* without brackets; "" for the kernel proper */
	uint64_t start;
};

/* The function at @address.  Returns 0, or -ENOENT. */
int kallsyms_find(const struct kallsyms *kallsyms, uint64_t address, struct kallsyms_symbol *ret);

size_t kallsyms_n(const struct kallsyms *kallsyms); /* functions */

#endif /* PROC_KALLSYMS_H */
