/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Growable typed arrays.  `ARRAY(struct frame) frames = { 0 };` declares one;
 * items are `frames.items[0 … frames.n - 1]`.  All-zero is a valid empty one.
 * A pointer to an item is good until the next array_add().
 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include "base/mem.h"

#define ARRAY(type)           \
	struct {              \
		type *items;  \
		size_t n;     \
		size_t alloc; \
	}

/* Append a zeroed item and return where it is. */
#define array_add(a)                                                                     \
	((__typeof__((a)->items))array_grow_((void **)&(a)->items, &(a)->n, &(a)->alloc, \
					     sizeof(*(a)->items)))

#define array_release(a)                 \
	do {                             \
		free((a)->items);        \
		(a)->items = NULL;       \
		(a)->n = (a)->alloc = 0; \
	} while (0)

#define array_for_each(item, a) \
	for ((item) = (a)->items; (item) && (item) < (a)->items + (a)->n; (item)++)

static inline void *array_grow_(void **items, size_t *n, size_t *alloc, size_t size)
{
	void *item;

	if (*n == *alloc) {
		*alloc = *alloc ? 2 * *alloc : 8;
		*items = xrealloc(*items, *alloc, size);
	}
	item = (char *)*items + (*n)++ * size;
	return memset(item, 0, size);
}

#endif /* BASE_ARRAY_H */
