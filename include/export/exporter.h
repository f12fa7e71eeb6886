/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An exporter writes a profile in one format.  One file and one row in exporters[]
 * each; it knows profiles and the model's names, no analysis.
 */
#ifndef EXPORT_EXPORTER_H
#define EXPORT_EXPORTER_H

#include <stdbool.h>
#include <stdio.h>

#include "model/profile.h"

struct export_options {
	int value; /* which of the profile's, for formats that hold one; -1: the format's choice */
};

struct exporter {
	const char *name;    /* for -f */
	const char *suffix;  /* of files it is chosen for */
	const char *summary; /* one line, for help and the manual */
	bool is_binary;      /* nothing for a terminal */

	/* 0 or -errno. */
	int (*profile)(const struct profile *profile, const struct export_options *options,
		       FILE *out);
};

extern const struct exporter exporters[]; /* ends with a row without a name */

const struct exporter *exporter_find(const char *name);
const struct exporter *exporter_for_path(const char *path); /* longest suffix; or NULL */

#endif /* EXPORT_EXPORTER_H */
