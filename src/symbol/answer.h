/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the child that reads symbols tells its parent, as bytes on a pipe: a header
 * of size and kind, then the fields.  The parent takes nothing on trust: sizes and
 * counts are bounded, and texts are cleaned of what could harm a terminal.
 */
#ifndef SYMBOL_ANSWER_H
#define SYMBOL_ANSWER_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "event/definer.h"
#include "symbol/symbolizer.h"

enum answer_kind {
	ANSWER_JOB = 1,    /* work on job `index` begins */
	ANSWER_NAMES = 2,  /* of the frame `index` of the plan, or of its pointer */
	ANSWER_FAILED = 3, /* job `index` could not be read: `error` */
	ANSWER_NOTE = 4,   /* `text` for people */
	ANSWER_ALIVE = 5,  /* a download of `done` of `total` bytes goes on */
	ANSWER_END = 6,    /* all is done */
};

#define ANSWER_LEVELS_MAX SYMBOL_LEVELS_MAX

struct answer {
	enum answer_kind kind;
	uint32_t index;
	int error;
	uint64_t done, total;
	uint64_t rank; /* of a pointer's name, among those of one object */
	size_t n_levels;
	struct definer_name levels[ANSWER_LEVELS_MAX];
	const char *text;
	struct buf texts; /* what the strings point into; owned */
};

/* Append to @out. */
void answer_encode(struct buf *out, enum answer_kind kind, uint32_t index, int error);
void answer_encode_names(struct buf *out, uint32_t index, const struct symbol_name *names, size_t n,
			 uint64_t rank);
void answer_encode_note(struct buf *out, const char *text);
void answer_encode_alive(struct buf *out, uint64_t done, uint64_t total);

/*
 * Decode the answer at the head of @data into @ret, whose strings are good until
 * the next call.  Returns the bytes it took, 0 if @data ends before it does, or
 * -EBADMSG.
 */
ssize_t answer_decode(const void *data, size_t size, struct answer *ret);
void answer_release(struct answer *answer);

#endif /* SYMBOL_ANSWER_H */
