/* SPDX-License-Identifier: GPL-2.0-only */
/* Sheets as text for people and as JSON for programs. */
#ifndef EXPORT_SHEETS_H
#define EXPORT_SHEETS_H

#include <stdbool.h>
#include <stdio.h>

#include "model/sheet.h"

struct sheet_options {
	size_t n_rows;      /* of each sheet; 0: all */
	unsigned int width; /* of a line; 0: nothing is cut */
	bool has_colour;    /* for a terminal; of text only */
	const char *filter; /* in words; "" if there is none */
	bool is_brief;      /* of the self-audit people get the flaws only, in few lines */
};

/* 0 or -errno. */
int sheets_text(const struct sheets *sheets, const struct sheet_options *options, FILE *out);
int sheets_json(const struct sheets *sheets, const struct sheet_options *options, FILE *out);

#endif /* EXPORT_SHEETS_H */
