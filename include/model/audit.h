/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What to state beside the figures of a recording: what was lost, what could not
 * be unwound or named, what the recorder itself cost, what of the file could not
 * be read.  Every output shows these lines in its own way; a flaw is something
 * that makes the figures less than the whole truth.
 */
#ifndef MODEL_AUDIT_H
#define MODEL_AUDIT_H

#include <stdbool.h>

#include "base/array.h"
#include "base/buf.h"
#include "model/model.h"

struct audit_line {
	char *text; /* owned; fit to print */
	bool is_flaw;
};

struct audit { /* all-zero is a valid empty one */
	ARRAY(struct audit_line) lines;
};

/* Add what the model knows. */
void audit_collect(struct audit *audit, const struct model *model);

void audit_add(struct audit *audit, bool is_flaw, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * "wait>100ms, 2.31s from the start: player (tid 812), 213ms": what the recording was
 * triggered by, escaped.  Nothing, and false, where it was not.
 */
bool audit_trigger(const struct model *model, struct buf *out);

void audit_release(struct audit *audit);

#endif /* MODEL_AUDIT_H */
