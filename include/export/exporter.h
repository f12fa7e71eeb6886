/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An exporter writes a profile in one format.  One file and one row in exporters[]
 * each; it knows profiles and the model's names, no analysis.
 */
#ifndef EXPORT_EXPORTER_H
#define EXPORT_EXPORTER_H

#include <stdio.h>

#include "model/profile.h"

struct exporter {
	const char *name;    /* for -f */
	const char *suffix;  /* of files it is chosen for */
	const char *summary; /* one line, for help and the manual */
	int (*profile)(const struct profile *profile, FILE *out); /* 0 or -errno */
};

extern const struct exporter exporters[]; /* ends with a row without a name */

const struct exporter *exporter_find(const char *name);
const struct exporter *exporter_for_path(const char *path); /* longest suffix; or NULL */

#endif /* EXPORT_EXPORTER_H */
