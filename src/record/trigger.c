/* SPDX-License-Identifier: GPL-2.0-only */
#include "record/trigger.h"

#include <string.h>

#include "base/array.h"
#include "base/map.h"

#define JOIN_NS 200000u /* a stack and its switch are stamped less than this apart */
#define RACE_NS 50000u  /* a thread is woken so soon before it blocks, at most */

struct thread {
	uint32_t pid, tid;    /* tid 0: a place for another one */
	uint64_t blocked_ns;  /* 0: it is not blocked */
	uint64_t runnable_ns; /* 0: it runs, or is blocked */
	uint64_t waking_ns;   /* while it ran; 0: none */
	uint64_t wait_ns;     /* when a stack told of a wait; 0: of none */
	uint32_t why;         /* of that */
};

struct trigger {
	struct event_sink sink;
	struct event_sink *next; /* borrowed, as the others */
	struct definer *definer;
	const struct trigger_condition *conditions;
	size_t n_conditions;
	bool is_watching; /* one of them is about threads */
	ARRAY(struct thread) threads;
	ARRAY(uint32_t) spare; /* indices of threads that are gone */
	struct map by_tid;     /* to the index + 1 */
	struct map pauses;     /* process, or thread that pauses alone, to when it began */
	struct trigger_hit hit;
	int error; /* of the sink, for a TRIGGER */
};

static struct thread *find(struct trigger *trigger, uint32_t tid)
{
	const uint64_t *index = map_find(&trigger->by_tid, tid);

	return index ? &trigger->threads.items[*index - 1] : NULL;
}

static void forget(struct trigger *trigger, struct thread *thread)
{
	map_remove(&trigger->by_tid, thread->tid);
	*thread = (struct thread){ 0 };
	*array_add(&trigger->spare) = (uint32_t)(thread - trigger->threads.items);
}

/* A target's thread, told of for the first time or, as its id was given out again, anew. */
static struct thread *follow(struct trigger *trigger, uint32_t pid, uint32_t tid)
{
	uint64_t *index = map_insert(&trigger->by_tid, tid);

	if (!*index && trigger->spare.n) {
		*index = trigger->spare.items[--trigger->spare.n] + 1;
	} else if (!*index) {
		array_add(&trigger->threads);
		*index = trigger->threads.n;
	}
	trigger->threads.items[*index - 1] = (struct thread){ .pid = pid, .tid = tid };
	return &trigger->threads.items[*index - 1];
}

static void hit(struct trigger *trigger, const struct trigger_hit *found)
{
	struct event event = { .kind = EVENT_TRIGGER, .time_ns = found->time_ns };
	int r;

	if (trigger->hit.condition)
		return;
	trigger->hit = *found;
	event.trigger.pid = found->pid;
	event.trigger.tid = found->tid;
	event.trigger.duration_ns = found->duration_ns;
	event.trigger.stack = found->stack;
	event.trigger.condition = definer_string(trigger->definer, found->condition->text);
	r = event_sink_put(trigger->next, &event);
	if (r && !trigger->error)
		trigger->error = r;
}

static bool is_met(const struct trigger_condition *condition, const struct thread *thread,
		   enum trigger_kind kind, uint64_t ns)
{
	if (condition->kind != kind || ns <= condition->limit_ns)
		return false;
	return kind != TRIGGER_WAIT || condition->why == TRIGGER_ANY_CLASS ||
	       (thread->wait_ns && condition->why == thread->why);
}

/* @thread's time of that kind, since @since_ns, is over. */
static void check(struct trigger *trigger, const struct thread *thread, enum trigger_kind kind,
		  uint64_t since_ns, uint64_t now_ns)
{
	uint64_t ns = now_ns > since_ns ? now_ns - since_ns : 0;

	if (!since_ns)
		return;
	for (size_t i = 0; i < trigger->n_conditions; i++) {
		if (is_met(&trigger->conditions[i], thread, kind, ns))
			hit(trigger, &(struct trigger_hit){
					     .condition = &trigger->conditions[i],
					     .time_ns = now_ns,
					     .duration_ns = ns,
					     .pid = thread->pid,
					     .tid = thread->tid,
				     });
	}
}

static void end_wait(struct trigger *trigger, struct thread *thread, uint64_t now_ns)
{
	check(trigger, thread, TRIGGER_WAIT, thread->blocked_ns, now_ns);
	thread->blocked_ns = thread->wait_ns = 0;
}

static void switch_out(struct trigger *trigger, const struct event *event)
{
	struct thread *thread = find(trigger, event->sched_switch.prev);
	uint64_t now_ns = event->time_ns;
	uint32_t state = event->sched_switch.state;

	if (!thread)
		return;
	if (state == TASK_DEAD) {
		forget(trigger, thread);
		return;
	}
	thread->blocked_ns = thread->runnable_ns = 0;
	if (state == TASK_RUNNABLE || (thread->waking_ns && now_ns - thread->waking_ns <= RACE_NS))
		thread->runnable_ns = now_ns;
	else
		thread->blocked_ns = now_ns;
	if (thread->wait_ns && now_ns - thread->wait_ns > JOIN_NS)
		thread->wait_ns = 0;
	thread->waking_ns = 0;
}

static void switch_in(struct trigger *trigger, const struct event *event)
{
	struct thread *thread = find(trigger, event->sched_switch.next);

	if (!thread)
		return;
	if (thread->blocked_ns)
		end_wait(trigger, thread, event->time_ns);
	else
		check(trigger, thread, TRIGGER_LATENCY, thread->runnable_ns, event->time_ns);
	thread->runnable_ns = thread->waking_ns = 0;
}

static void take_switch(struct trigger *trigger, const struct event *event)
{
	if (event->sched_switch.prev)
		switch_out(trigger, event);
	if (event->sched_switch.next)
		switch_in(trigger, event);
}

static void take_waking(struct trigger *trigger, const struct event *event)
{
	struct thread *thread = find(trigger, event->sched_waking.tid);

	if (!thread)
		return;
	if (thread->blocked_ns) {
		end_wait(trigger, thread, event->time_ns);
		thread->runnable_ns = event->time_ns;
	} else if (!thread->runnable_ns) {
		thread->waking_ns = event->time_ns;
	}
}

static void take_wait_stack(struct trigger *trigger, const struct event *event)
{
	struct thread *thread = find(trigger, event->wait_stack.tid);

	if (!thread)
		return;
	thread->wait_ns = event->time_ns;
	thread->why = event->wait_stack.why;
}

static void take_pause(struct trigger *trigger, const struct event *event)
{
	const struct event_pause *pause = &event->pause;
	uint64_t key = pause->scope == PAUSE_THREAD ? (uint64_t)pause->tid << 32 : pause->pid;
	struct thread thread = { .pid = pause->pid, .tid = pause->tid };
	const uint64_t *start_ns = map_find(&trigger->pauses, key);

	if (pause->step == PAUSE_BEGIN) {
		*map_insert(&trigger->pauses, key) = event->time_ns;
	} else if (pause->step == PAUSE_END && start_ns) {
		check(trigger, &thread, TRIGGER_PAUSE, *start_ns, event->time_ns);
		map_remove(&trigger->pauses, key);
	} else if (pause->step == PAUSE_LOST) {
		map_clear(&trigger->pauses);
	}
}

/* How long it has been so, nobody saw. */
static void take_task_state(struct trigger *trigger, const struct event *event)
{
	const struct event_task_state *state = &event->task_state;

	if (!find(trigger, state->tid))
		follow(trigger, state->pid, state->tid);
}

static void take_fork(struct trigger *trigger, const struct event *event)
{
	follow(trigger, event->fork.pid, event->fork.tid)->runnable_ns = event->time_ns;
}

/* What lasted until now may have ended in between, and begun anew. */
static void take_gap(struct trigger *trigger, const struct event *event)
{
	struct thread *thread;

	(void)event;
	array_for_each(thread, &trigger->threads)
		thread->blocked_ns = thread->runnable_ns = thread->waking_ns = 0;
}

static int put(struct event_sink *sink, const struct event *event)
{
	static void (*const takers[EVENT_N_KINDS])(struct trigger *, const struct event *) = {
		[EVENT_SCHED_SWITCH] = take_switch,
		[EVENT_SCHED_WAKING] = take_waking,
		[EVENT_WAIT_STACK] = take_wait_stack,
		[EVENT_TASK_STATE] = take_task_state,
		[EVENT_FORK] = take_fork,
		[EVENT_GAP] = take_gap,
		[EVENT_PAUSE] = take_pause,
	};
	struct trigger *trigger = (struct trigger *)sink;
	int r = event_sink_put(trigger->next, event);

	if (!r && trigger->is_watching && takers[event->kind])
		takers[event->kind](trigger, event);
	return r ? r : trigger->error;
}

struct trigger *trigger_new(const struct trigger_condition *conditions, size_t n,
			    struct event_sink *next)
{
	struct trigger *trigger = xcalloc(1, sizeof(*trigger));

	trigger->sink.put = put;
	trigger->next = next;
	trigger->conditions = conditions;
	trigger->n_conditions = n;
	for (size_t i = 0; i < n; i++)
		trigger->is_watching |= conditions[i].kind < TRIGGER_FUNCTION;
	return trigger;
}

void trigger_free(struct trigger *trigger)
{
	if (!trigger)
		return;
	array_release(&trigger->threads);
	array_release(&trigger->spare);
	map_release(&trigger->by_tid);
	map_release(&trigger->pauses);
	free(trigger);
}

void trigger_set_definer(struct trigger *trigger, struct definer *definer)
{
	trigger->definer = definer;
}

struct event_sink *trigger_sink(struct trigger *trigger)
{
	return &trigger->sink;
}

const struct trigger_hit *trigger_hit(const struct trigger *trigger)
{
	return trigger->hit.condition ? &trigger->hit : NULL;
}

void trigger_rearm(struct trigger *trigger)
{
	trigger->hit = (struct trigger_hit){ 0 };
}

void trigger_fire(struct trigger *trigger, enum trigger_kind kind, uint64_t time_ns)
{
	for (size_t i = 0; i < trigger->n_conditions; i++) {
		if (trigger->conditions[i].kind == kind)
			hit(trigger, &(struct trigger_hit){ .condition = &trigger->conditions[i],
							    .time_ns = time_ns });
	}
}

void trigger_enter(struct trigger *trigger, const struct function_name *name,
		   const struct function_entry *entry)
{
	for (size_t i = 0; i < trigger->n_conditions; i++) {
		if (trigger->conditions[i].kind == TRIGGER_FUNCTION &&
		    trigger->conditions[i].function.function == name->function)
			hit(trigger, &(struct trigger_hit){ .condition = &trigger->conditions[i],
							    .time_ns = entry->time_ns,
							    .pid = entry->pid,
							    .tid = entry->tid,
							    .stack = entry->stack });
	}
}
