/* SPDX-License-Identifier: GPL-2.0-only */
/* What takes most of a finding, in a line that people read. */
#ifndef ANALYSIS_BLAME_H
#define ANALYSIS_BLAME_H

#include "base/map.h"
#include "chain.h"
#include "model/names.h"
#include "model/profile.h"

typedef ARRAY(const struct wait_row *) blame_rows;

/*
 * Of waits: the stack that waits longest, and what for; "disk: read /var/db, in load <
 * work < main (83% of it)".  Of the functions the innermost ones that are the program's own.
 */
void blame_waits(struct buf *out, const struct model *model, struct names *names,
		 const blame_rows *rows);

/*
 * ", in load < work < main": of @stack, the innermost functions that are the program's own;
 * nothing of stack 0.
 */
void blame_functions(struct buf *out, const struct model *model, struct names *names,
		     uint32_t stack);

/* "in the end: disk: read /var/db 74%, others running 12%"; nothing where no thread ended them. */
void blame_ends(struct buf *out, const struct model *model, const struct chain *chain,
		const blame_rows *rows);

/* Of samples: "compress (62% of the samples, most of that in the kernel)". */
void blame_cpu(struct buf *out, const struct profile *profile);

/* Sums by key; the largest one, which is set to 0 (of two the one with the smaller key). */
void blame_add(struct map *sums, uint64_t key, int64_t value);
uint64_t blame_take(struct map *sums, int64_t *ret);

#endif /* ANALYSIS_BLAME_H */
