/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between two profiles, as text for people and as JSON for programs. */
#ifndef EXPORT_DIFF_H
#define EXPORT_DIFF_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "model/diff.h"

struct diff_text_options {
	const char *paths[DIFF_N_SIDES]; /* of the recordings */
	const char *filter;              /* in words; "" if there is none */
	size_t n_rows;                   /* 0: all */
	unsigned int width;              /* of a line; 0: nothing is cut */
	bool has_colour;                 /* for a terminal; of text only */
	bool with_noise;                 /* also rows whose difference chance alone explains */
};

/* 0 or -errno. */
int diff_text(const struct diff *diff, const struct diff_text_options *options, FILE *out);
int diff_json(const struct diff *diff, const struct diff_text_options *options, FILE *out);

/* As a flame graph of both; of which table is compared makes no difference. */
int diff_svg(const struct diff *diff, const struct diff_text_options *options, FILE *out);

/* As a page that has this flame graph, and all rows of the table. */
int diff_html(const struct diff *diff, const struct diff_text_options *options, FILE *out);

/* What is compared, @which of its amounts ("flat, "), and in which measure, by lines. */
void diff_put_head(struct buf *out, const struct diff *diff,
		   const struct diff_text_options *options, const char *which);

/* "+12.3%"; "new", "gone" or "" where there is nothing to take a percentage of. */
void diff_put_percent(struct buf *out, const struct diff_row *row);

#endif /* EXPORT_DIFF_H */
