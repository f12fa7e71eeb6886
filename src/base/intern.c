/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/intern.h"

static uint64_t hash_bytes(const unsigned char *data, size_t size)
{
	uint64_t hash = size, word;

	for (; size >= sizeof(word); data += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		hash = hash_u64(hash ^ word);
	}
	word = 0;
	memcpy(&word, data, size);
	return hash_u64(hash ^ word);
}

static uint32_t find_in_chain(const struct intern *intern, uint32_t id, const void *data,
			      size_t size)
{
	while (id) {
		const struct intern_entry *e = &intern->entries.items[id - 1];

		if (e->size == size && !memcmp(e->data, data, size))
			return id;
		id = e->next;
	}
	return 0;
}

uint32_t intern_find(const struct intern *intern, const void *data, size_t size)
{
	uint64_t *first = map_find(&intern->by_hash, hash_bytes(data, size));

	return first ? find_in_chain(intern, (uint32_t)*first, data, size) : 0;
}

uint32_t intern_bytes(struct intern *intern, const void *data, size_t size)
{
	uint64_t *first = map_insert(&intern->by_hash, hash_bytes(data, size));
	uint32_t id = find_in_chain(intern, (uint32_t)*first, data, size);
	struct intern_entry *e;

	if (id)
		return id;
	e = array_add(&intern->entries);
	e->data = xmalloc(size + 1);
	memcpy(e->data, data, size);
	e->data[size] = '\0';
	e->size = size;
	e->next = (uint32_t)*first;
	*first = intern->entries.n;
	return (uint32_t)intern->entries.n;
}

uint32_t intern_string(struct intern *intern, const char *s)
{
	return intern_bytes(intern, s, strlen(s));
}

const char *intern_text(const struct intern *intern, uint32_t id)
{
	return id && id <= intern->entries.n ? intern->entries.items[id - 1].data : "";
}

void intern_release(struct intern *intern)
{
	struct intern_entry *e;

	array_for_each(e, &intern->entries)
		free(e->data);
	array_release(&intern->entries);
	map_release(&intern->by_hash);
}
