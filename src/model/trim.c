/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/trim.h"

#include <stdlib.h>

#include "event/definer.h"

struct place {
	uint64_t size; /* without a sign: what became less counts as well */
	uint32_t row;
};

static int by_size(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? 1 : -1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static struct place *places_of(const struct profile *profile)
{
	struct place *places = xcalloc(profile->rows.n, sizeof(*places));

	for (size_t i = 0; i < profile->rows.n; i++) {
		int64_t value = profile->rows.items[i].values[profile->default_type];

		places[i] = (struct place){ value < 0 ? 0 - (uint64_t)value : (uint64_t)value,
					    (uint32_t)i };
	}
	qsort(places, profile->rows.n, sizeof(*places), by_size);
	return places;
}

static uint32_t note_stack(struct model *model, const char *text)
{
	struct definer *definer = model_definer(model);
	uint32_t stack = definer_stack(definer, 0, definer_note(definer, text));

	definer_free(definer);
	return stack;
}

size_t profile_trim(struct profile *profile, size_t max)
{
	struct profile_key key = { .cpu = PROFILE_NO_CPU };
	struct profile_row rest = { 0 };
	size_t n = profile->rows.n, kept = max ? max - 1 : 0;
	struct profile trimmed = { 0 };
	struct place *places;

	if (n <= max)
		return 0;
	places = places_of(profile);
	for (size_t i = 0; i < n; i++) {
		const struct profile_row *row = &profile->rows.items[places[i].row];

		profile_row_add(i < kept ? profile_row(&trimmed, &row->key) : &rest, row);
	}
	free(places);
	if (max) {
		key.stack = note_stack(profile->model, "the smallest, left out");
		profile_row_add(profile_row(&trimmed, &key), &rest);
	}
	profile_take_rows(profile, &trimmed);
	return n - kept;
}
