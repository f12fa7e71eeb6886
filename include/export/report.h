/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A profile as text for people and as JSON for programs: the same figures from the
 * same tables.  sysprof-report(1) explains every column and key.
 */
#ifndef EXPORT_REPORT_H
#define EXPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buf.h"
#include "model/profile.h"
#include "model/table.h"

enum report_view {
	REPORT_TABLE,
	REPORT_TREE,    /* from the outermost callers inwards */
	REPORT_CALLERS, /* of the functions that match */
	REPORT_CALLEES,
};

struct report_options {
	enum report_view view;
	enum table_key key;   /* of the table */
	const char *function; /* of REPORT_CALLERS and _CALLEES: a name, or else an extended RE */
	size_t value;         /* index in the profile's types */
	bool by_cum;
	size_t n_rows;      /* of the table; 0: all */
	double min_percent; /* what is less is left out of trees */
	unsigned int width; /* of a line; 0: nothing is cut */
	bool has_colour;    /* for a terminal; of text only */
	const char *filter; /* in words; "" if there is none */
};

/*
 * Write @profile to @out.  Returns 0; or -ENOENT (no function is called like
 * options->function) or -EINVAL (it is no RE) with a sentence in @message.
 */
int report_text(const struct profile *profile, const struct report_options *options, FILE *out,
		struct buf *message);
int report_json(const struct profile *profile, const struct report_options *options, FILE *out,
		struct buf *message);

#endif /* EXPORT_REPORT_H */
