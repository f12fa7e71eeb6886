/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vocabulary of everything that is recorded: waist one.
 *
 * An event is a small flat struct.  Ids in it (strings, modules, frames, stacks)
 * are defined by earlier events of the same stream and count from 1; 0 is none.
 * Times are nanoseconds of CLOCK_MONOTONIC.  kinds.def lists kinds and fields.
 */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/kinds.def"
#include "event/values.h"

/* On disk: append only. */
enum event_kind {
#define KIND(NAME, name, number, class) EVENT_##NAME = number,
	EVENT_KINDS(KIND)
#undef KIND
		EVENT_N_KINDS /* one more than the last */
};

struct bytes { /* borrowed */
	const void *data;
	size_t size;
};

enum event_field_type {
	FIELD_U32,
	FIELD_U64,
	FIELD_DELTA,
	FIELD_SID,
	FIELD_BYTES,
};

#define EVENT_C_TYPE_U32   uint32_t
#define EVENT_C_TYPE_U64   uint64_t
#define EVENT_C_TYPE_DELTA uint64_t
#define EVENT_C_TYPE_SID   uint32_t
#define EVENT_C_TYPE_BYTES struct bytes

#define FIELD(name, type, field) EVENT_C_TYPE_##type field;
#define KIND(NAME, name, number, class)    \
	struct event_##name {              \
		EVENT_FIELDS_##name(FIELD) \
	};
EVENT_KINDS(KIND)
#undef KIND
#undef FIELD

struct event {
	enum event_kind kind;
	uint64_t time_ns; /* 0 where the kind has no time */
	union {
#define KIND(NAME, name, number, class) struct event_##name name;
		EVENT_KINDS(KIND)
#undef KIND
	};
};

struct event_field {
	const char *name;
	enum event_field_type type;
	size_t offset; /* in struct event */
};

static inline bool event_is_known(uint64_t kind)
{
#define KIND(NAME, name, number, class) | (uint64_t)1 << (number)
	return kind < EVENT_N_KINDS && ((uint64_t)0 EVENT_KINDS(KIND)) >> kind & 1;
#undef KIND
}

/* False of definitions, and of kinds that are not known. */
static inline bool event_has_time(uint64_t kind)
{
#define EVENT_HAS_TIME_DEF              0
#define EVENT_HAS_TIME_EVENT            1
#define KIND(NAME, name, number, class) | (uint64_t)EVENT_HAS_TIME_##class << (number)
	return kind < EVENT_N_KINDS && ((uint64_t)0 EVENT_KINDS(KIND)) >> kind & 1;
#undef KIND
}

_Static_assert(EVENT_N_KINDS <= 64, "a bit for each kind");

/* What is known of a kind. */
struct event_info {
	const char *name; /* in lower case; NULL: no such kind */
	bool has_time;    /* false: a definition */
	const struct event_field *fields;
	size_t n_fields;
};

/* NULL where @kind is unknown. */
const struct event_info *event_info(unsigned int kind);

/* The kind called @name, or 0. */
enum event_kind event_kind_find(const char *name);

#endif /* EVENT_EVENT_H */
