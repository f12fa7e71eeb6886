/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/profile.h"

#include <assert.h>
#include <string.h>

#include "model/filter.h"
#include "model/names.h"

void profile_init(struct profile *profile, const char *name, struct model *model)
{
	*profile = (struct profile){ .name = name, .model = model };
	profile->names = names_new(model_dictionary(model));
}

void profile_close(struct profile *profile, const struct filter *filter)
{
	struct model_window window = model_window(profile->model);
	uint64_t start_ns = window.start_ns, end_ns = window.end_ns;

	if (filter)
		filter_clip(filter, &start_ns, &end_ns);
	if (window.wall_ns)
		profile->time_ns = window.wall_ns + (start_ns - window.start_ns);
	profile->duration_ns = end_ns - start_ns;
}

void profile_release(struct profile *profile)
{
	names_free(profile->names);
	array_release(&profile->rows);
	map_release(&profile->by_key);
	audit_release(&profile->notes);
	profile->names = NULL;
}

void profile_take_rows(struct profile *profile, struct profile *from)
{
	array_release(&profile->rows);
	map_release(&profile->by_key);
	memcpy(&profile->rows, &from->rows, sizeof(profile->rows));
	profile->by_key = from->by_key;
	memset(&from->rows, 0, sizeof(from->rows));
	from->by_key = (struct map){ 0 };
}

size_t profile_add_type(struct profile *profile, const char *type, const char *unit)
{
	assert(profile->n_types < PROFILE_MAX_VALUES);
	profile->types[profile->n_types] = (struct value_type){ type, unit };
	return profile->n_types++;
}

struct profile_row *profile_row(struct profile *profile, const struct profile_key *key)
{
	uint64_t labels = hash_u64((uint64_t)key->labels[0] << 32 | key->labels[1]);
	uint64_t hash =
		hash_u64(((uint64_t)key->stack << 32 | key->task) ^ hash_u64(key->cpu ^ labels));
	uint64_t when = (uint64_t)key->when.first << 32 | key->when.n;
	uint64_t *first = map_insert(&profile->by_key, when ? hash_u64(hash ^ when) : hash);
	struct profile_row *row;
	uint32_t id;

	for (id = (uint32_t)*first; id; id = row->next) {
		row = &profile->rows.items[id - 1];
		if (row->key.stack == key->stack && row->key.task == key->task &&
		    row->key.cpu == key->cpu && row->key.when.first == key->when.first &&
		    row->key.when.n == key->when.n &&
		    !memcmp(row->key.labels, key->labels, sizeof(key->labels)))
			return row;
	}
	row = array_add(&profile->rows);
	row->key = *key;
	row->next = (uint32_t)*first;
	*first = profile->rows.n;
	return row;
}

int64_t profile_total(const struct profile *profile, size_t type)
{
	const struct profile_row *row;
	int64_t total = 0;

	array_for_each(row, &profile->rows)
		total = value_add(total, row->values[type]);
	return total;
}

int profile_find_type(const struct profile *profile, const char *name)
{
	for (size_t i = 0; i < profile->n_types; i++) {
		if (!strcmp(profile->types[i].type, name))
			return (int)i;
	}
	return -1;
}
