/* SPDX-License-Identifier: GPL-2.0-only */
/* Making a profile as small as whoever is to take it wants it. */
#ifndef MODEL_TRIM_H
#define MODEL_TRIM_H

#include "model/profile.h"

/*
 * Leave @max rows at most: the largest by the default value, and one for all the others, whose
 * stack is a note, so that no total changes.  How many rows went into that.
 */
size_t profile_trim(struct profile *profile, size_t max);

#endif /* MODEL_TRIM_H */
