/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a wait was for in the end: while a thread waits for another one, that one
 * runs, waits for a CPU, or is blocked itself, by something or by a third thread.
 *
 * A wait that a thread ended is divided by what that thread did meanwhile, and where
 * it was blocked until another thread woke it, that part is divided by what the
 * other one did, and so on.  The parts cover the wait without gap or overlap, so that
 * they sum up to it exactly.  sysprof-report(1) has an example.  A chain does not close
 * to a circle, since who waits wakes nobody; that it ends whatever a recording says is by
 * its bounded length.
 *
 * Of each thread so many of its last intervals and samples are kept; what is older
 * than those is a part of its own.
 */
#ifndef ANALYSIS_CHAIN_H
#define ANALYSIS_CHAIN_H

#include "waits.h"

enum chain_what {                      /* what a thread that others wait for did */
		  CHAIN_RUNNING,       /* stack: a sample, or none */
		  CHAIN_RUNNING_UNTIL, /* no sample; stack: where it woke or blocked at the end */
		  CHAIN_RUNNABLE,
		  CHAIN_BLOCKED,    /* ended by what stands behind it, if anything does */
		  CHAIN_UNKNOWN,    /* events are missing */
		  CHAIN_TOO_OLD,    /* not kept */
		  CHAIN_UNBORN,     /* not there yet */
		  CHAIN_UNRECORDED, /* no target of the recording */
		  CHAIN_DEEP,       /* and so on: not followed further */
};

struct chain_node {      /* nothing but numbers of 32 bits */
	uint32_t parent; /* it ended the wait that this node stands for; 0: the one divided */
	uint32_t what;
	uint32_t task, tid;
	uint32_t is_sampled; /* of a blocked one */
	uint32_t stack, why, nr, object;
	uint32_t is_behind; /* others of the queue for the same stood between: left out */
};

struct chain_part {
	uint32_t node;
	int64_t ns;
};

#define CHAIN_NODES_MAX 9u         /* from one divided to the last cause */
#define CHAIN_IDS_MAX   (1u << 18) /* of nodes */

struct chain;

/*
 * Observes both from now on, what @sched tells before those who observe it later.
 * @skips_queues: who waits for the same futex or file lock as the one that it wakes later, is
 * no link of the chain: what kept it is looked at instead.
 */
struct chain *chain_new(struct model *model, struct sched *sched, bool skips_queues);
void chain_free(struct chain *chain);

/* Divide what stands between the two times of a wait that a thread ended. */
void chain_split(struct chain *chain, const struct sched_interval *wait, uint64_t start_ns,
		 uint64_t end_ns);
const struct chain_part *chain_parts(const struct chain *chain, size_t *ret_n); /* of the last */

struct chain_node chain_node(const struct chain *chain, uint32_t id);

#endif /* ANALYSIS_CHAIN_H */
