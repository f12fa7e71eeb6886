/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of a report in text. */
#ifndef EXPORT_TEXT_H
#define EXPORT_TEXT_H

#include "export/report.h"
#include "model/tree.h"

/* What the first lines say. */
struct text_subject {
	const char *name; /* of the analysis */
	const struct model *model;
	uint64_t time_ns, duration_ns;
};
void text_subject(struct buf *out, const struct text_subject *subject);

void text_notes(struct buf *out, const struct audit *notes);
void text_audit(struct buf *out, const struct audit *audit); /* NULL: nothing */
void text_flaws(struct buf *out, const struct audit *audit); /* the first ones, as notes */

/* What was recorded, how much of it is shown; @out grows by whole lines. */
void text_header(struct buf *out, const struct profile *profile,
		 const struct report_options *options);
void text_table(struct buf *out, const struct profile *profile,
		const struct report_options *options);
int text_trees(struct buf *out, const struct profile *profile, const struct report_options *options,
	       struct buf *message);

/*
 * Write all of it, with @has_colour as terminals have them: headings, which are the first line
 * and what follows an empty one, and the lines of flaws.  0 or -errno.
 */
int text_write(const struct buf *text, bool has_colour, FILE *out);

/* Append @text in exactly @width columns: cut with an ellipsis, or padded; 0: as it is. */
void text_fit(struct buf *out, const char *text, size_t width);

/* The same for a function: template arguments are the first to go. */
void text_fit_name(struct buf *out, const char *name, size_t width);

#endif /* EXPORT_TEXT_H */
