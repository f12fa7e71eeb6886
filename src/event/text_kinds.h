/* SPDX-License-Identifier: GPL-2.0-only */
/* What the printer and the assembler of events have in common. */
#ifndef EVENT_TEXT_KINDS_H
#define EVENT_TEXT_KINDS_H

#include "event/event.h"

#define TEXT_UNDEFINED "?" /* in the place of a string whose definition was lost */

/* The value of a field of a number or an id. */
uint64_t event_number(const struct event *event, const struct event_field *field);
void event_set_number(struct event *event, const struct event_field *field, uint64_t value);

/* The word for @value of @field, or NULL where there are no words; and back. */
const char *text_value_name(enum event_kind kind, const struct event_field *field, uint64_t value);
bool text_value_find(enum event_kind kind, const struct event_field *field, const char *name,
		     uint64_t *ret);

/* How the numbers of @field are written. */
enum text_style {
	TEXT_DECIMAL,
	TEXT_HEX,
	TEXT_SIGNED,
};
enum text_style text_field_style(const struct event_field *field);

/* The largest number that fits into @field. */
uint64_t text_field_max(const struct event_field *field);

#endif /* EVENT_TEXT_KINDS_H */
