/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What slices and marks of a timeline are called and what is told of them, in whatever
 * format they are written.
 */
#ifndef EXPORT_ITEM_H
#define EXPORT_ITEM_H

#include "base/buf.h"
#include "model/names.h"
#include "model/timeline.h"

struct item_arg {
	const char *key; /* borrowed from what the item is of, or constant */
	uint32_t text;   /* of the names; 0: the number is meant */
	bool is_address; /* the number is */
	uint64_t number;
};

#define ITEM_MAX_ARGS 8

struct item {
	const char *category;
	uint32_t name; /* a text of the names */
	struct item_arg args[ITEM_MAX_ARGS];
	size_t n_args;
};

struct item_source { /* borrowed, both */
	struct model *model;
	struct names *names;
};

void item_of_syscall(struct item_source source, const struct timeline_syscall *call,
		     struct item *ret);
void item_of_interrupt(struct item_source source, const struct timeline_interrupt *interrupt,
		       struct item *ret);
void item_of_disk(struct item_source source, const struct timeline_disk *disk, struct item *ret);
void item_of_pause(struct item_source source, const struct timeline_pause *pause, struct item *ret);
void item_track_of_pauses(struct item_source source, uint32_t thread, struct buf *out);
/* What the curve is called: an id of the names. */
uint32_t item_curve_of_memory(struct item_source source, const struct timeline_memory *memory);

/* A part of such a curve during which it is @bytes. */
void item_of_memory(struct item_source source, int64_t bytes, struct item *ret);
void item_of_mark(struct item_source source, const struct timeline_mark *mark, struct item *ret);

#endif /* EXPORT_ITEM_H */
