/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the ids of a stream stand for: tables filled by its definition events.
 *
 * Nothing that a damaged or hostile recording says can make a look-up fail: an
 * id that was never defined gives an empty entry, a stack's parent is always an
 * older id (so walks end), and a definition that breaks a rule is counted and
 * left out.  The first definition of an id holds.
 */
#ifndef EVENT_DICTIONARY_H
#define EVENT_DICTIONARY_H

#include <stddef.h>
#include <stdint.h>

#include "event/event.h"

struct dictionary;

struct dict_module {
	enum module_kind kind; /* 0: not defined */
	const char *path;      /* borrowed, never NULL; so everywhere here */
	const char *build_id;
	uint32_t pid;
};

struct dict_name {         /* one level of a frame's names */
	uint32_t function; /* string ids */
	uint32_t linkage;
	uint32_t file;
	uint32_t line;
	uint32_t start_line;
};

struct dict_frame {
	uint32_t module;
	uint64_t address;
	uint32_t n_names;              /* 0: not named yet */
	const struct dict_name *names; /* innermost first; good until the next put */
};

struct dict_stack {
	uint32_t parent;
	uint32_t frame;
};

struct dictionary *dictionary_new(void);
void dictionary_free(struct dictionary *dict);

/*
 * Take a definition; other events are ignored.  Returns 0 or -EBADMSG (counted, harmless):
 * an id of 0, one that is taken, one far beyond what so many definitions explain, a parent
 * that is not older, names out of order, or more than DICTIONARY_MAX_BYTES in all.
 */
#define DICTIONARY_MAX_BYTES ((size_t)2 << 30)
int dictionary_put(struct dictionary *dict, const struct event *event);

bool dictionary_has_string(const struct dictionary *dict, uint32_t id);
const char *dictionary_string(const struct dictionary *dict, uint32_t id); /* "" if unknown */
struct bytes dictionary_bytes(const struct dictionary *dict, uint32_t id); /* may hold NULs */
struct dict_module dictionary_module(const struct dictionary *dict, uint32_t id);
struct dict_frame dictionary_frame(const struct dictionary *dict, uint32_t id);

/*
 * From now on, in this process: where the kernel's code lies is 0 in every dictionary.  What is
 * told to who is not root must not say where the kernel was loaded.
 */
void dictionary_hide_kernel(void);

struct dict_stack dictionary_stack(const struct dictionary *dict, uint32_t id);

/* The frame that stands for where @object lies in static data; 0: it does not, or unknown. */
uint32_t dictionary_place(const struct dictionary *dict, uint32_t object);

/* Pointer @index, counted from 0, to a lock; NULL: there are fewer.  Good until the next put. */
const struct event_pointer *dictionary_pointer(const struct dictionary *dict, size_t index);

/* String id of what debug information calls @object of process @pid; 0: it does not. */
uint32_t dictionary_object_name(const struct dictionary *dict, uint32_t pid, uint32_t object);

/* String id of the file that descriptor @fd of process @pid was at @time_ns; 0: not known. */
uint32_t dictionary_descriptor(struct dictionary *dict, uint32_t pid, uint32_t fd,
			       uint64_t time_ns);

/* Highest ids defined: walk 1 … n. */
uint32_t dictionary_n_strings(const struct dictionary *dict);
uint32_t dictionary_n_modules(const struct dictionary *dict);
uint32_t dictionary_n_frames(const struct dictionary *dict);
uint32_t dictionary_n_stacks(const struct dictionary *dict);

/* The value of a meta @key, or NULL. */
const char *dictionary_meta(const struct dictionary *dict, const char *key);

/* Call @fn for each meta in the order of first sight. */
void dictionary_each_meta(const struct dictionary *dict,
			  void (*fn)(void *arg, const char *key, const char *value), void *arg);

uint64_t dictionary_n_refused(const struct dictionary *dict);

#endif /* EVENT_DICTIONARY_H */
