/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A flame graph as SVG that grows downwards: the frame, its boxes and the script that
 * zooms and searches; without it all is there to be read, but what is in a box's title.
 *
 * Positions are percentages of the picture's width, so that it fits a window of any.
 * What came from a recording is escaped, and is nowhere but in text and title elements.
 */
#ifndef EXPORT_FLAME_H
#define EXPORT_FLAME_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "event/values.h"
#include "model/audit.h"

#define FLAME_WIDTH 1200 /* pixels, where nobody says otherwise */

/* Boxes that would be narrower are left out, with all below them, as parts of the whole. */
#define FLAME_NARROWEST (0.1 / FLAME_WIDTH)

struct flame_picture {
	const char *head;          /* what stands above it, by lines; borrowed */
	const struct audit *audit; /* the flaws stand below it; or NULL */
	unsigned int n_levels;     /* of boxes */
	size_t n_left_out;         /* boxes that were too narrow */
};

struct flame_box {
	const char *name; /* valid UTF-8, as are the details: more of the title, by lines */
	const char *details;
	unsigned int level;
	double start, width; /* parts of the whole */
	uint32_t colour;     /* 0xrrggbb; text on it is black */
};

void flame_begin(const struct flame_picture *picture, FILE *out);

/* From the left to the right, and each before those below it. */
void flame_box(const struct flame_box *box, FILE *out);
void flame_end(const struct flame_picture *picture, FILE *out);

/* By what it is of, the same in every recording; the page shows the same. */
uint32_t flame_colour(enum module_kind kind, const char *module, const char *name);

/* @hue in degrees, the others from 0 to 1. */
uint32_t flame_hsl(double hue, double saturation, double lightness);

#endif /* EXPORT_FLAME_H */
