/* SPDX-License-Identifier: GPL-2.0-only */
#include "event/event.h"

#include <string.h>

#define FIELD(name_, type_, field_) \
	{ #field_, FIELD_##type_, offsetof(struct event, name_.field_) },
#define KIND(NAME, name, number, class) \
	static const struct event_field fields_##name[] = { EVENT_FIELDS_##name(FIELD){ 0 } };
EVENT_KINDS(KIND)
#undef KIND
#undef FIELD

static const struct event_info infos[EVENT_N_KINDS] = {
#define KIND(NAME, name_, number, class)                                   \
	[EVENT_##NAME] = { #name_, EVENT_HAS_TIME_##class, fields_##name_, \
			   sizeof(fields_##name_) / sizeof(fields_##name_[0]) - 1 },
	EVENT_KINDS(KIND)
#undef KIND
};

const struct event_info *event_info(unsigned int kind)
{
	return kind < EVENT_N_KINDS && infos[kind].name ? &infos[kind] : NULL;
}

enum event_kind event_kind_find(const char *name)
{
	for (unsigned int kind = 1; kind < EVENT_N_KINDS; kind++) {
		if (infos[kind].name && !strcmp(infos[kind].name, name))
			return kind;
	}
	return 0;
}
