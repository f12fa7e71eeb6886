/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many waits, wake-ups, system calls and waits for locks of the kernel's get a stack:
 * all while that costs little, else one in N so that copying and unwinding stay under a share
 * of the machine's processor time.
 *
 * Before it comes to that, less of each stack is copied: its innermost frames, whose callers
 * are known from before (stacks.h).  Where that leaves stacks unfinished it is given up.
 *
 * N is 1 or a prime: threads that alternate in a short cycle would otherwise be sampled
 * at one place of the cycle only.  It is raised as soon as a period of measurement was
 * too dear, and lowered when much less would have done for seconds: a change restarts
 * the count of events, and too many of them would favour what follows a change.
 */
#ifndef RECORD_BUDGET_H
#define RECORD_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_SAMPLE_NS 980        /* what a stack costs its thread beyond the event; measured */
#define BUDGET_SMALL_NS  500        /* the same of a small one */
#define BUDGET_WINDOW_NS 250000000u /* how long to measure before deciding */

enum budget_event {
	BUDGET_WAITS,
	BUDGET_WAKES,
	BUDGET_CALLS,
	BUDGET_LOCKS, /* of the kernel's: who sleeps for one, who spins */
	BUDGET_SPINS,
	BUDGET_N_EVENTS
};

struct budget {
	double limit; /* processor seconds for each second */
	unsigned int level[BUDGET_N_EVENTS];
	uint64_t calm_ns;         /* for so long lower levels would have done */
	bool is_small;            /* less of each stack is copied */
	uint64_t small_calm_ns;   /* for so long there was no need of it */
	uint64_t small_barred_ns; /* for so long yet it is not to be tried again */
};

struct budget_load { /* what a window brought */
	uint64_t elapsed_ns;
	uint64_t n_samples[BUDGET_N_EVENTS];
	uint64_t n_unfinished; /* stacks that are not whole if they are small, or would not be */
	uint64_t n_lost;       /* samples, of any event, that found their ring full */
	uint64_t poll_ns;      /* spent on waits that were not sampled */
	uint64_t recorder_ns;  /* processor time that the recorder spent on these samples */
};

void budget_init(struct budget *budget, uint32_t permille, uint32_t n_cpus);

/*
 * @event, BUDGET_CALLS or later, is sampled, too, of which there may be millions: begin with
 * few, and take more at once if that would have done.
 */
void budget_expect_many(struct budget *budget, enum budget_event event);

/* Decide anew.  True: a period is another one now. */
bool budget_update(struct budget *budget, const struct budget_load *load);

/* What a window of full length may cost was spent in this one already. */
bool budget_is_spent(const struct budget *budget, const struct budget_load *load);

uint32_t budget_stack_bytes(const struct budget *budget);

/* What a sample costs its thread, in nanoseconds. */
uint32_t budget_sample_ns(const struct budget *budget);

uint32_t budget_period(const struct budget *budget, enum budget_event event);

#endif /* RECORD_BUDGET_H */
