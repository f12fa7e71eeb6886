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

/*
 * What is at the @n ascending @addresses.  The list is gone through once, and of its
 * hundred thousand symbols those are kept that may be it.
 */
struct kallsyms *kallsyms_parse(const char *text, size_t size, const uint64_t *addresses, size_t n);
int kallsyms_read(int fd, const uint64_t *addresses, size_t n,
		  struct kallsyms **ret); /* from its start; 0 or -errno */
void kallsyms_free(struct kallsyms *kallsyms);

struct kallsyms_symbol { /* strings are good until the next look-up */
	const char *name;
	const char *module; /* without brackets; "" for the kernel proper */
	uint64_t start;
};

/* The function at @address, one of those asked for.  Returns 0, or -ENOENT. */
int kallsyms_find(struct kallsyms *kallsyms, uint64_t address, struct kallsyms_symbol *ret);

/* The same of static data.  Many kernels list none (CONFIG_KALLSYMS_ALL). */
int kallsyms_find_data(struct kallsyms *kallsyms, uint64_t address, struct kallsyms_symbol *ret);

size_t kallsyms_n(const struct kallsyms *kallsyms); /* symbols that have an address */

#endif /* PROC_KALLSYMS_H */
