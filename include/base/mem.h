/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocation that cannot fail: running out of memory ends the program.
 * What is allocated here is freed with free().
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

#include "base/banned.h"

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size); /* room for @n things of @size */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t size);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* BASE_MEM_H */
