/* SPDX-License-Identifier: GPL-2.0-only */
#include "text_kinds.h"

#include <string.h>

/* Which fields are written as words. */
static const struct {
	enum event_kind kind;
	size_t offset;
	const char *words[6]; /* by value */
} vocabularies[] = {
	{
		EVENT_MODULE,
		offsetof(struct event, module.type),
		{
			[MODULE_ELF] = "elf",
			[MODULE_KERNEL] = "kernel",
			[MODULE_VDSO] = "vdso",
			[MODULE_JIT] = "jit",
			[MODULE_NOTE] = "note",
		},
	},
};

#define N_VOCABULARIES (sizeof(vocabularies) / sizeof(vocabularies[0]))
#define N_WORDS        (sizeof(vocabularies[0].words) / sizeof(vocabularies[0].words[0]))

static const char *const *find_words(enum event_kind kind, const struct event_field *field)
{
	for (size_t i = 0; i < N_VOCABULARIES; i++) {
		if (vocabularies[i].kind == kind && vocabularies[i].offset == field->offset)
			return vocabularies[i].words;
	}
	return NULL;
}

const char *text_value_name(enum event_kind kind, const struct event_field *field, uint64_t value)
{
	const char *const *words = find_words(kind, field);

	return words && value < N_WORDS ? words[value] : NULL;
}

uint64_t text_value_find(enum event_kind kind, const struct event_field *field, const char *name)
{
	const char *const *words = find_words(kind, field);

	for (uint64_t value = 1; words && value < N_WORDS; value++) {
		if (words[value] && !strcmp(words[value], name))
			return value;
	}
	return 0;
}

static const void *value_at(const struct event *event, const struct event_field *field)
{
	return (const char *)event + field->offset;
}

uint64_t text_field_max(const struct event_field *field)
{
	return field->type == FIELD_U32 || field->type == FIELD_SID ? UINT32_MAX : UINT64_MAX;
}

uint64_t event_number(const struct event *event, const struct event_field *field)
{
	switch (field->type) {
	case FIELD_U32:
	case FIELD_SID:
		return *(const uint32_t *)value_at(event, field);
	case FIELD_U64:
	case FIELD_DELTA:
		return *(const uint64_t *)value_at(event, field);
	case FIELD_BYTES:
		break;
	}
	return 0;
}

void event_set_number(struct event *event, const struct event_field *field, uint64_t value)
{
	void *at = (char *)event + field->offset;

	if (text_field_max(field) == UINT32_MAX)
		*(uint32_t *)at = (uint32_t)value;
	else if (field->type != FIELD_BYTES)
		*(uint64_t *)at = value;
}
