/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An exporter writes profiles, or timelines, in one format.  One file and one row in
 * exporters[] each; it knows those and the model's names, no analysis.
 */
#ifndef EXPORT_EXPORTER_H
#define EXPORT_EXPORTER_H

#include <stdbool.h>
#include <stdio.h>

#include "model/audit.h"
#include "model/names.h"
#include "model/profile.h"
#include "model/timeline.h"

struct export_options {
	int value; /* which of the profile's, for formats that hold one; -1: the format's choice */
	const char *filter; /* in words; "" if there is none */
};

struct timeline_source { /* what the ids of a timeline are of; borrowed until its end */
	struct model *model;
	struct names *names;
	const struct audit *audit; /* complete when the end is told */
	const char *lack; /* known then, too: why there is no timeline after all; or NULL */
	const struct slots *slots; /* of what else the sink is told; or NULL */
	bool has_sources;          /* lines of source on this machine may be read and shown */
	uint64_t start_ns, end_ns; /* the first of which is to be shown as 0 */
};

struct exporter {
	const char *name;    /* for -f */
	const char *suffix;  /* of files it is chosen for */
	const char *summary; /* one line, for help and the manual */
	bool is_binary;      /* nothing for a terminal */

	/* 0 or -errno.  NULL: the format is not for profiles. */
	int (*profile)(const struct profile *profile, const struct export_options *options,
		       FILE *out);

	/* What takes a timeline and writes it to @out, borrowed.  NULL: not for timelines. */
	struct timeline_sink *(*timeline)(const struct timeline_source *source, FILE *out);

	/* A program that makes of what profile() writes what is meant, and its argument. */
	const char *through[2];
};

extern const struct exporter exporters[]; /* ends with a row without a name */

const struct exporter *exporter_find(const char *name);
const struct exporter *exporter_for_path(const char *path); /* longest suffix; or NULL */

#endif /* EXPORT_EXPORTER_H */
