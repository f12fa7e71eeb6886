/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Gives out ids for strings, modules, frames and stacks, and puts the event that
 * defines one into the sink before its id is first returned.  For those who make
 * events: the recorder and the assembler.  dictionary.h is the other side.
 *
 * A failing sink is remembered: definer_error() tells, ids go on being given.
 */
#ifndef EVENT_DEFINER_H
#define EVENT_DEFINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "event/event.h"
#include "event/sink.h"

struct definer;

struct definer *definer_new(struct event_sink *sink); /* @sink: borrowed */

/*
 * Ids go on after so many of each kind: for a stream that already has them.
 * Call it before the first id is given.
 */
struct definer_skip {
	uint32_t n_strings;
	uint32_t n_modules;
	uint32_t n_frames;
	uint32_t n_stacks;
};
void definer_skip(struct definer *definer, const struct definer_skip *skip);
void definer_skip_strings(struct definer *definer, uint32_t n_strings);
void definer_free(struct definer *definer);

uint32_t definer_string(struct definer *definer, const char *text); /* 0 for NULL and "" */
uint32_t definer_bytes(struct definer *definer, const void *data, size_t size);

/* @build_id: hex or NULL.  Modules with equal arguments are one. */
uint32_t definer_module(struct definer *definer, enum module_kind kind, const char *path,
			const char *build_id, uint32_t pid);
uint32_t definer_frame(struct definer *definer, uint32_t module, uint64_t address);
uint32_t definer_stack(struct definer *definer, uint32_t parent, uint32_t frame);

/* A frame that is no code but says @text, such as why the stack ends here. */
uint32_t definer_note(struct definer *definer, const char *text);

/*
 * Where a function begins can be known without its name.  What stands for the name
 * then is its place: this and the address in its module, in hexadecimal digits.
 */
#define PLACE_PREFIX "+0x"

static inline bool is_place(const char *function)
{
	return !strncmp(function, PLACE_PREFIX, strlen(PLACE_PREFIX));
}

/* Put a NAME event: one level of @frame's names; NULL strings are none. */
struct definer_name {
	const char *function;
	const char *linkage;
	const char *file;
	uint32_t line;
	uint32_t start_line;
};
int definer_name(struct definer *definer, uint32_t frame, uint32_t depth,
		 const struct definer_name *name);

int definer_meta(struct definer *definer, const char *key, const char *value);

/* The text of a string that it gave an id; "" of others. */
const char *definer_text(const struct definer *definer, uint32_t string);

/*
 * Put a PLACE event: @object, a string, lies at @frame's address in static data.  Once for
 * each object: processes that run the same program have it in the same place.
 */
int definer_place(struct definer *definer, uint32_t object, uint32_t frame);

/* Whether it was put for @object. */
bool definer_has_place(const struct definer *definer, uint32_t object);

/* Put a POINTER event. */
int definer_pointer(struct definer *definer, const struct event_pointer *pointer);

/* Put an OBJECT_NAME event. */
int definer_object_name(struct definer *definer, uint32_t pid, uint32_t object, const char *name,
			uint64_t rank);

/* Put a DESCRIPTOR event. */
int definer_descriptor(struct definer *definer, const struct event_descriptor *descriptor);

/*
 * Put again what says what the frames are: strings, modules, frames, places and pointers, into
 * another sink.  Names are found by it, and nobody need hold all that while events come.  0, or the
 * first -errno of the sink.
 */
int definer_describe(const struct definer *definer, struct event_sink *sink);

/* The same with stacks: all that was ever put but names and facts. */
int definer_put_all(const struct definer *definer, struct event_sink *sink);

/*
 * Forget everything: from now on ids go on after @skip, and whatever is used is defined again.
 * For recorders that run for long, whose sink forgets as well.  Whoever keeps ids must forget
 * them.  Returns what was known before, for definer_put_all(); owned by the caller.
 */
struct definer *definer_restart(struct definer *definer, const struct definer_skip *skip);

/* How much has been defined since: the most ids of a kind, and what they take in memory. */
uint32_t definer_n_ids(const struct definer *definer);
size_t definer_size_bytes(const struct definer *definer);

int definer_error(const struct definer *definer); /* 0, or the first -errno of the sink */

#endif /* EVENT_DEFINER_H */
