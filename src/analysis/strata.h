/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exact sums, shared out over the samples that tell what they were for.
 *
 * A stratum is the waits of one thread, ended by one other if that matters, that were
 * about as long (to a power of two).  What the samples in it do not stand for themselves
 * is shared out over them by their durations: so sums stay exact, and rare long waits
 * are not drowned by the many short ones.
 */
#ifndef ANALYSIS_STRATA_H
#define ANALYSIS_STRATA_H

#include <stdint.h>

#include "base/array.h"
#include "base/map.h"

struct amount {
	int64_t n, ns;
};

struct stratum {
	uint32_t who, by;      /* tasks */
	unsigned int log2;     /* of the shortest in it, ns */
	struct amount all;     /* but for what is known one by one */
	struct amount sampled; /* of all */
	struct amount done;    /* shared out: up to so much of sampled, */
	struct amount given;   /* so much of all */
};

struct strata {
	ARRAY(struct stratum) items;
	struct map pair_by_tasks, by_key;
};

/* The index of the stratum that a wait of @ns belongs to. */
uint32_t strata_find(struct strata *strata, uint32_t who, uint32_t by, int64_t ns);

/* The next share, for samples of @part, so that all shares together are the whole. */
struct amount strata_share(struct strata *strata, uint32_t stratum, struct amount part);

/* The longest that a wait in @stratum can be. */
int64_t stratum_max_ns(const struct stratum *stratum);

void amount_add(struct amount *to, int64_t n, int64_t ns);

void strata_release(struct strata *strata);

#endif /* ANALYSIS_STRATA_H */
