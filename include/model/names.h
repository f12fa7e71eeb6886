/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What to call frames, tasks and modules on a screen or in a file.
 *
 * Every text given out is fit to print (base/escape.h), is interned (equal texts
 * have equal ids, so that tables compare numbers), and lives as long as the names.
 * A frame always has at least one level with a name: where nobody knows the
 * function, `module+0xoffset`.
 */
#ifndef MODEL_NAMES_H
#define MODEL_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/dictionary.h"
#include "model/model.h"

struct names;

struct function { /* text ids; as pprof tells functions apart */
	uint32_t name;
	uint32_t linkage; /* 0: the same as name, or unknown */
	uint32_t file;    /* 0: unknown */
	uint32_t module;  /* id in the dictionary */
	uint32_t start_line;
	bool is_named; /* false: name is an address or a note */
};

struct level {
	uint32_t function; /* for names_function() */
	uint32_t line;     /* 0: unknown */
};

struct levels {
	const struct level *items; /* innermost first; all but the last are inlined */
	size_t n;                  /* at least 1 */
};

struct names *names_new(const struct dictionary *dict); /* @dict: borrowed */
void names_free(struct names *names);

/* For names_frame(), besides ids. */
#define NAMES_NO_STACK  0u         /* a stack that was not taken */
#define NAMES_UNDEFINED UINT32_MAX /* whatever the recording does not (any more) define */

/* Borrowed until the next call. */
struct levels names_frame(struct names *names, uint32_t frame);

/* The frame of a stack that was asked of the dictionary, for names_frame(). */
static inline uint32_t names_frame_of(struct dict_stack stack)
{
	return stack.frame ? stack.frame : NAMES_UNDEFINED;
}

struct function names_function(const struct names *names, uint32_t function);
uint32_t names_n_functions(const struct names *names);

/* Texts.  Id 0 is "". */
const char *names_text(const struct names *names, uint32_t text);
uint32_t names_n_texts(const struct names *names);
uint32_t names_intern(struct names *names, const char *text); /* made fit to print */
uint32_t names_string(struct names *names, uint32_t string);  /* of the dictionary */

/* Text ids of a module's path and of what is short for it: the file's name. */
uint32_t names_module_path(struct names *names, uint32_t module);
uint32_t names_module_short(struct names *names, uint32_t module);

/* Text ids of what a task and its process are called; never 0: "[unnamed]". */
uint32_t names_thread(struct names *names, const struct model *model, uint32_t task);
uint32_t names_process(struct names *names, const struct model *model, uint32_t task);

#endif /* MODEL_NAMES_H */
