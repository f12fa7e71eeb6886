/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Byte strings to small ids and back.  Ids run 1, 2, 3 … in the order of first
 * sight; 0 means "none".  All-zero is a valid empty table.
 */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/map.h"

struct intern_entry {
	char *data; /* owned; always followed by a NUL that is not part of it */
	size_t size;
	uint32_t next; /* another id with the same hash, or 0 */
};

struct intern {
	ARRAY(struct intern_entry) entries; /* of id i at i - 1 */
	struct map by_hash;
};

/* The id of the @size bytes at @data, made if need be. */
uint32_t intern_bytes(struct intern *intern, const void *data, size_t size);
uint32_t intern_string(struct intern *intern, const char *s);
uint32_t intern_find(const struct intern *intern, const void *data, size_t size); /* or 0 */

/* The text of @id, borrowed for the table's life; "" for 0 and for unknown ids. */
const char *intern_text(const struct intern *intern, uint32_t id);

void intern_release(struct intern *intern);

#endif /* BASE_INTERN_H */
