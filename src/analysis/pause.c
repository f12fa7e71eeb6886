/* SPDX-License-Identifier: GPL-2.0-only */
#include "pause.h"

/* Of one runtime, a process is in one pause at a time, or each of its threads in one. */
static struct pause *find(struct pause_pairs *pairs, const struct event_pause *step)
{
	struct pause *pause;

	array_for_each(pause, &pairs->open) {
		if (pause->pid == step->pid && pause->runtime == step->runtime &&
		    (pause->scope == PAUSE_PROCESS || pause->tid == step->tid))
			return pause;
	}
	return NULL;
}

static void drop(struct pause_pairs *pairs, struct pause *pause)
{
	*pause = pairs->open.items[--pairs->open.n];
}

static void begin(struct pause_pairs *pairs, struct pause *before, const struct event *event)
{
	const struct event_pause *step = &event->pause;

	if (before) {
		pairs->n_broken++;
		drop(pairs, before);
	}
	*array_add(&pairs->open) = (struct pause){
		.pid = step->pid,
		.tid = step->tid,
		.runtime = step->runtime,
		.reason = step->reason,
		.scope = step->scope == PAUSE_THREAD ? PAUSE_THREAD : PAUSE_PROCESS,
		.begin_ns = event->time_ns,
		.stack = step->stack,
	};
}

/* Who stops only when all have is one that came back from elsewhere meanwhile. */
static void reach(struct pause *pause, const struct event *event)
{
	if (pause->stopped_ns || event->pause.tid == pause->tid)
		return;
	pause->n_reached++;
	pause->last_tid = event->pause.tid;
	pause->last_stack = event->pause.stack;
	pause->last_ns = event->time_ns;
}

static bool end(struct pause_pairs *pairs, struct pause *pause, uint64_t time_ns, struct pause *ret)
{
	pause->end_ns = time_ns;
	*ret = *pause;
	drop(pairs, pause);
	return ret->end_ns >= ret->begin_ns;
}

static bool take_step(struct pause_pairs *pairs, const struct event *event, struct pause *ret)
{
	const struct event_pause *step = &event->pause;
	struct pause *pause = find(pairs, step);

	if (step->step == PAUSE_BEGIN)
		begin(pairs, pause, event);
	else if (step->step == PAUSE_END && !pause)
		pairs->n_broken++;
	if (!pause || step->step == PAUSE_BEGIN)
		return false;
	if (step->reason && !pause->reason)
		pause->reason = step->reason;
	if (step->step == PAUSE_REACHED)
		reach(pause, event);
	else if (step->step == PAUSE_STOPPED && !pause->stopped_ns)
		pause->stopped_ns = event->time_ns;
	else if (step->step == PAUSE_RESUME)
		pause->resume_ns = event->time_ns;
	return step->step == PAUSE_END && end(pairs, pause, event->time_ns, ret);
}

bool pause_pairs_take(struct pause_pairs *pairs, const struct event *event, struct pause *ret)
{
	struct pause *pause;

	if (event->kind == EVENT_PAUSE && event->pause.step != PAUSE_LOST)
		return take_step(pairs, event, ret);
	if (event->kind == EVENT_PAUSE) {
		pairs->n_broken += pairs->open.n;
		pairs->open.n = 0;
	}
	if (event->kind != EVENT_EXIT)
		return false;
	array_for_each(pause, &pairs->open) {
		if (pause->tid != event->exit.tid)
			continue;
		pause->is_cut = true;
		return end(pairs, pause, event->time_ns, ret);
	}
	return false;
}

bool pause_pairs_finish(struct pause_pairs *pairs, uint64_t end_ns, struct pause *ret)
{
	while (pairs->open.n) {
		pairs->open.items[0].is_cut = true;
		if (end(pairs, &pairs->open.items[0], end_ns, ret))
			return true;
	}
	return false;
}

void pause_pairs_release(struct pause_pairs *pairs)
{
	array_release(&pairs->open);
}

struct pause_parts pause_parts(const struct pause *pause)
{
	uint64_t stopped_ns = pause->stopped_ns, resume_ns = pause->resume_ns;
	bool has_stopped = stopped_ns >= pause->begin_ns && stopped_ns <= pause->end_ns;
	bool has_resume = resume_ns >= pause->begin_ns && resume_ns <= pause->end_ns &&
			  (!has_stopped || resume_ns >= stopped_ns);
	struct pause_parts parts = { 0 };

	if (has_stopped)
		parts.stopping_ns = stopped_ns - pause->begin_ns;
	if (has_resume)
		parts.resuming_ns = pause->end_ns - resume_ns;
	parts.stopped_ns = pause->end_ns - pause->begin_ns - parts.stopping_ns - parts.resuming_ns;
	return parts;
}
