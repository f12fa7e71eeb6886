/* SPDX-License-Identifier: GPL-2.0-only */
#include "contention.h"

#include <stdlib.h>
#include <string.h>

/*
 * Longer than a woken thread takes to find the lock taken again, Rust's spinning and our own
 * sampling included; shorter than to come back for it after it was held and given up.
 */
#define NR_FUTEX_WAITV 449 /* of x86-64 */

#define RETRY_NS 50000u

struct turn { /* of one thread */
	struct contention contention;
	ARRAY(struct chain_part) parts;
	uint64_t ran_ns;        /* since */
	uint64_t wait_start_ns; /* of the last one */
	bool is_pending;
	bool has_woken;
};

struct contentions {
	struct sched_observer intervals;
	struct model_observer events;
	struct model *model;
	const struct filter *filter;
	struct chain *chain; /* borrowed; or NULL */
	void (*take)(void *arg, const struct contention *contention);
	void *arg;
	ARRAY(struct turn) turns; /* of thread id i at i */
};

static struct contentions *of_events(struct model_observer *observer)
{
	return (struct contentions *)((char *)observer - offsetof(struct contentions, events));
}

static struct turn *turn_of(struct contentions *contentions, uint32_t task)
{
	uint32_t thread = model_task(contentions->model, task).thread;

	while (contentions->turns.n <= thread)
		array_add(&contentions->turns);
	return &contentions->turns.items[thread];
}

static void flush(struct contentions *contentions, struct turn *turn)
{
	turn->contention.parts = turn->parts.items;
	turn->contention.n_parts = turn->parts.n;
	if (turn->is_pending)
		contentions->take(contentions->arg, &turn->contention);
	turn->is_pending = false;
	turn->parts.n = 0;
}

/* What /proc told of a thread that was found blocked says it in words only: "futex 0x…". */
uint64_t contention_address(const struct model *model, const struct sched_wait *wait)
{
	static const char futex[] = "futex ";
	const char *object;

	if (wait->address || !wait->period)
		return wait->address;
	object = dictionary_string(model_dictionary(model), wait->object);
	return strncmp(object, futex, sizeof(futex) - 1) != 0 ?
		       0 :
		       strtoull(object + sizeof(futex) - 1, NULL, 0);
}

bool contention_is_for_any(const struct model *model, const struct sched_wait *wait)
{
	return wait->nr == NR_FUTEX_WAITV + 1 && !contention_address(model, wait);
}

/*
 * What is not known of one of two is taken to be the same if a thread ended both: who naps
 * with a lock in its hands waits for the clock.
 */
static bool is_retry(const struct contentions *contentions, const struct turn *turn,
		     const struct sched_interval *interval)
{
	const struct sched_wait *last = &turn->contention.wait;

	if (!turn->is_pending || turn->has_woken || turn->ran_ns > RETRY_NS)
		return false;
	if (!last->period || !interval->wait.period)
		return turn->contention.wake.tid && interval->wake.tid;
	if (contention_is_for_any(contentions->model, last))
		return false;
	return last->stack == interval->wait.stack && last->why == interval->wait.why &&
	       (contention_address(contentions->model, last) | 7) ==
		       (contention_address(contentions->model, &interval->wait) | 7);
}

/* How much of a time the filter leaves. */
static uint64_t clipped(const struct contentions *contentions, uint64_t start_ns, uint64_t end_ns)
{
	filter_clip(contentions->filter, &start_ns, &end_ns);
	return end_ns > start_ns ? end_ns - start_ns : 0;
}

/* Only of what may be for a lock, by what either side says. */
static void split(struct contentions *contentions, struct turn *turn,
		  const struct sched_interval *interval)
{
	uint64_t start_ns = interval->start_ns, end_ns = interval->end_ns;
	const struct chain_part *parts;
	size_t n;

	if (interval->wait.period ?
		    interval->wait.why != WAIT_LOCK && interval->wait.why != WAIT_CONDVAR :
		    !interval->wake.address)
		return;
	filter_clip(contentions->filter, &start_ns, &end_ns);
	if (end_ns <= start_ns)
		return;
	chain_split(contentions->chain, interval, start_ns, end_ns);
	parts = chain_parts(contentions->chain, &n);
	for (size_t i = 0; i < n; i++)
		*array_add(&turn->parts) = parts[i];
}

/* The last wait, with that for a CPU, is over. */
static void close_wait(struct contentions *contentions, struct turn *turn)
{
	uint64_t ns = clipped(contentions, turn->wait_start_ns, turn->contention.end_ns);

	if (ns > turn->contention.longest_ns)
		turn->contention.longest_ns = ns;
}

static void take_blocked(struct contentions *contentions, struct turn *turn,
			 const struct sched_interval *interval)
{
	struct contention *contention = &turn->contention;

	close_wait(contentions, turn);
	if (is_retry(contentions, turn, interval)) {
		contention->ran_ns += clipped(contentions, contention->end_ns, interval->start_ns);
	} else {
		flush(contentions, turn);
		*contention = (struct contention){ .task = interval->task,
						   .start_ns = interval->start_ns };
		turn->is_pending = true;
		turn->has_woken = false;
	}
	if (contentions->chain)
		split(contentions, turn, interval);
	turn->wait_start_ns = interval->start_ns;
	contention->end_ns = interval->end_ns;
	contention->n_waits++;
	contention->wait = interval->wait;
	contention->wake = interval->wake;
	contention->is_open = interval->is_cut_at_end && !interval->wake.is_seen;
	turn->ran_ns = 0;
}

static void take(struct sched_observer *observer, const struct sched_interval *interval)
{
	struct contentions *contentions = (struct contentions *)observer; /* the first member */
	struct turn *turn = turn_of(contentions, interval->task);

	switch (interval->state) {
	case SCHED_BLOCKED:
		take_blocked(contentions, turn, interval);
		return;
	case SCHED_RUNNABLE:
		if (interval->is_preempted || interval->start_ns != turn->contention.end_ns)
			return;
		turn->contention.end_ns = interval->end_ns;
		turn->contention.runnable_ns +=
			clipped(contentions, interval->start_ns, interval->end_ns);
		return;
	case SCHED_RUNNING:
	case SCHED_UNKNOWN: /* it may have run; where a switch was lost that is short */
		turn->ran_ns += interval->end_ns - interval->start_ns;
		return;
	case SCHED_N_STATES:
		return;
	}
}

static void take_event(struct model_observer *observer, const struct event *event)
{
	struct contentions *contentions = of_events(observer);
	uint32_t task;

	if (event->kind != EVENT_SCHED_WAKING || !event->sched_waking.waker)
		return;
	task = model_task_of(contentions->model, event->sched_waking.waker);
	if (task)
		turn_of(contentions, task)->has_woken = true;
}

struct contentions *contentions_begin(const struct analysis_input *input, struct chain *chain,
				      void (*fn)(void *arg, const struct contention *contention),
				      void *arg)
{
	struct contentions *contentions = xcalloc(1, sizeof(*contentions));

	contentions->intervals.interval = take;
	contentions->events.event = take_event;
	contentions->model = input->model;
	contentions->filter = input->filter;
	contentions->chain = chain;
	contentions->take = fn;
	contentions->arg = arg;
	if (input->sched)
		sched_observe(input->sched, &contentions->intervals);
	model_observe(input->model, &contentions->events);
	return contentions;
}

void contentions_finish(struct contentions *contentions)
{
	struct turn *turn;

	array_for_each(turn, &contentions->turns) {
		close_wait(contentions, turn);
		flush(contentions, turn);
	}
}

void contentions_free(struct contentions *contentions)
{
	struct turn *turn;

	if (!contentions)
		return;
	model_ignore(contentions->model, &contentions->events);
	array_for_each(turn, &contentions->turns)
		array_release(&turn->parts);
	array_release(&contentions->turns);
	free(contentions);
}
