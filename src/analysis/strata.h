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

struct pot {                 /* what is shared out */
	struct amount done;  /* up to so much of what it is shared out over, */
	struct amount given; /* so much of it */
};

struct stratum {
	uint32_t who, by;      /* tasks, or whatever tells strata apart */
	uint32_t pair;         /* of both */
	unsigned int log2;     /* of the shortest in it, ns */
	struct amount all;     /* but for what is known one by one */
	struct amount known;   /* one by one; for strata_share_widely() only */
	struct amount sampled; /* of all */
	struct pot pot;
};

struct stratum_pair {       /* the strata of one who and by */
	struct amount all;  /* of those without anything known or sampled */
	struct amount over; /* known or sampled, in the others */
	struct pot pot;
};

struct strata {
	ARRAY(struct stratum) items;
	ARRAY(struct stratum_pair) pairs;
	struct map pair_by_tasks, by_key;
};

/* The index of the stratum that a wait of @ns belongs to. */
uint32_t strata_find(struct strata *strata, uint32_t who, uint32_t by, int64_t ns);

/* The next share, for samples of @part, so that all shares together are the whole. */
struct amount strata_share(struct strata *strata, uint32_t stratum, struct amount part);

/*
 * The same for those who would rather have a coarse share than none: where a stratum has
 * no sample, over what is known one by one in it; where it has nothing, over what is
 * known of waits of any length.  Begin with strata_finish(), which returns the sums that
 * nothing is known of.
 */
struct amount strata_finish(struct strata *strata);
struct amount strata_share_widely(struct strata *strata, uint32_t stratum, struct amount known,
				  struct amount sampled);

/* The longest that a wait in @stratum can be. */
int64_t stratum_max_ns(const struct stratum *stratum);

void amount_add(struct amount *to, int64_t n, int64_t ns);

void strata_release(struct strata *strata);

#endif /* ANALYSIS_STRATA_H */
