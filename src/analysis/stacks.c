/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where every living thread stands at the end: one that is blocked, in its wait; any other,
 * where it was sampled last.  What Go's goroutine profile is for goroutines.
 */
#include <stddef.h>
#include <stdlib.h>

#include "analyses.h"
#include "leaf.h"

struct standing {
	uint32_t task;           /* 0: the thread does not live at the end */
	uint32_t sampled;        /* its last sample's stack */
	struct wait_place place; /* of a wait */
	bool is_blocked;
};

struct stacks_state {
	struct model_observer observer; /* first: of samples */
	struct sched_observer intervals;
	struct model *model;
	struct sched *sched;
	const struct filter *filter;
	ARRAY(struct standing) standings; /* of thread id i at i */
};

static struct standing *standing_of(struct stacks_state *state, uint32_t task)
{
	uint32_t thread = model_task(state->model, task).thread;

	while (state->standings.n <= thread)
		array_add(&state->standings);
	return &state->standings.items[thread];
}

static void take_sample(struct model_observer *observer, const struct event *event)
{
	struct stacks_state *state = (struct stacks_state *)observer;
	uint32_t task;

	if (event->kind != EVENT_SAMPLE || !filter_has_time(state->filter, event->time_ns))
		return;
	task = model_task_now(state->model, event->sample.pid, event->sample.tid);
	standing_of(state, task)->sampled = event->sample.stack;
}

static void take_interval(struct sched_observer *observer, const struct sched_interval *interval)
{
	struct stacks_state *state =
		(struct stacks_state *)((char *)observer -
					offsetof(struct stacks_state, intervals));
	const struct sched_wait *wait = &interval->wait;
	struct standing *standing;

	if (!interval->is_cut_at_end)
		return;
	standing = standing_of(state, interval->task);
	standing->task = interval->task;
	standing->is_blocked = interval->state == SCHED_BLOCKED;
	standing->place = (struct wait_place){
		.stack = wait->stack,
		.why = wait->why,
		.nr = wait->nr,
		.object = wait->object,
	};
}

void *stacks_begin(const struct analysis_input *input)
{
	struct stacks_state *state = xcalloc(1, sizeof(*state));

	state->observer.event = take_sample;
	state->intervals.interval = take_interval;
	state->model = input->model;
	state->sched = input->sched;
	state->filter = input->filter;
	model_observe(state->model, &state->observer);
	if (input->sched)
		sched_observe(input->sched, &state->intervals);
	return state;
}

const char *stacks_lack(const void *state)
{
	return analysis_lacks_switches(((const struct stacks_state *)state)->sched);
}

static uint32_t stack_of(const struct stacks_state *state, struct definer *definer,
			 const struct standing *standing)
{
	struct wait_row row = {
		.task = standing->task,
		.place = standing->place,
		.is_sampled = standing->place.stack || standing->place.why,
	};

	return standing->is_blocked ? leaf_wait(definer, state->model, &row) : standing->sampled;
}

void stacks_profile(void *arg, struct profile *ret)
{
	struct stacks_state *state = arg;
	struct definer *definer = model_definer(state->model);
	size_t n_unknown = 0, n = 0;
	const struct standing *standing;

	model_ignore(state->model, &state->observer);
	profile_init(ret, "stacks", state->model);
	profile_add_type(ret, "goroutine", "count"); /* as readers of Go's profiles know it */
	ret->period_type = (struct value_type){ "goroutine", "count" };
	ret->period = 1;
	array_for_each(standing, &state->standings) {
		struct profile_key key = { .task = standing->task, .cpu = PROFILE_NO_CPU };

		if (!standing->task ||
		    !filter_has_task(state->filter, state->model, standing->task))
			continue;
		key.stack = stack_of(state, definer, standing);
		n++;
		n_unknown += !(standing->is_blocked ? standing->place.stack : standing->sampled);
		profile_row(ret, &key)->values[0] = 1;
		ret->unfiltered[0]++;
	}
	if (n_unknown)
		audit_add(&ret->notes, true, "of %zu of %zu threads no stack was seen", n_unknown,
			  n);
	profile_close(ret, state->filter);
	definer_free(definer);
	array_release(&state->standings);
	free(state);
}
