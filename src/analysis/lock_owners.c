/* SPDX-License-Identifier: GPL-2.0-only */
#include "lock_owners.h"

#include <stddef.h>
#include <stdlib.h>

#include "contention.h"

struct told {
	uint64_t time_ns, address;
	uint32_t owner;
};

struct waiting { /* a thread */
	struct told told;
	struct lock_wait open;
};

struct lock_owners {
	struct sched_observer intervals;
	struct model_observer events;
	struct model *model;
	ARRAY(struct waiting) waiting; /* of thread id i at i */
};

static struct waiting *waiting_of(struct lock_owners *owners, uint32_t task)
{
	uint32_t thread = model_task(owners->model, task).thread;

	while (owners->waiting.n <= thread)
		array_add(&owners->waiting);
	return &owners->waiting.items[thread];
}

/* A number in memory is an owner if a thread was heard of by it that is or was of the process. */
static uint32_t owner_of(const struct lock_owners *owners, const struct event_lock_owner *event)
{
	uint32_t task = model_task_of(owners->model, event->owner);
	struct model_thread thread =
		model_thread(owners->model, model_task(owners->model, task).thread);

	return thread.pid == event->pid || !thread.has_exited ? task : 0;
}

static void take_event(struct model_observer *observer, const struct event *event)
{
	struct lock_owners *owners =
		(struct lock_owners *)((char *)observer - offsetof(struct lock_owners, events));
	const struct event_lock_owner *owner = &event->lock_owner;

	if (event->kind != EVENT_LOCK_OWNER)
		return;
	waiting_of(owners, model_task_now(owners->model, owner->pid, owner->tid))->told =
		(struct told){ event->time_ns, owner->address, owner_of(owners, owner) };
}

/* What is told of a wait is told while it lasts. */
static void take_interval(struct sched_observer *observer, const struct sched_interval *interval)
{
	struct lock_owners *owners = (struct lock_owners *)observer; /* the first member */
	struct waiting *waiting;

	if (interval->state != SCHED_BLOCKED || !interval->is_cut_at_end || interval->wake.is_seen)
		return;
	waiting = waiting_of(owners, interval->task);
	waiting->open = (struct lock_wait){
		.task = interval->task,
		.since_ns = interval->start_ns,
		.wait = interval->wait,
	};
	if (waiting->told.time_ns < interval->start_ns ||
	    contention_address(owners->model, &interval->wait) != waiting->told.address)
		return;
	waiting->open.owner = waiting->told.owner;
	waiting->open.told_ns = waiting->told.time_ns;
}

struct lock_owners *lock_owners_begin(const struct analysis_input *input)
{
	struct lock_owners *owners = xcalloc(1, sizeof(*owners));

	owners->intervals.interval = take_interval;
	owners->events.event = take_event;
	owners->model = input->model;
	if (input->sched)
		sched_observe(input->sched, &owners->intervals);
	model_observe(input->model, &owners->events);
	return owners;
}

static const struct lock_wait *open_of(const struct lock_owners *owners, uint32_t task)
{
	static const struct lock_wait none;
	uint32_t thread = model_task(owners->model, task).thread;

	return thread < owners->waiting.n ? &owners->waiting.items[thread].open : &none;
}

struct lock_wait lock_owners_wait(const struct lock_owners *owners, uint32_t task)
{
	struct lock_wait ret = *open_of(owners, task);
	const struct lock_wait *of_owner = open_of(owners, ret.owner);
	struct model_thread owner =
		model_thread(owners->model, model_task(owners->model, ret.owner).thread);

	if (!ret.owner)
		return ret;
	ret.has_still = owner.has_exited ? ret.told_ns >= owner.last_ns :
					   of_owner->task && ret.told_ns >= of_owner->since_ns;
	if (ret.has_still)
		ret.stack = of_owner->wait.stack;
	return ret;
}

void lock_owners_free(struct lock_owners *owners)
{
	if (!owners)
		return;
	model_ignore(owners->model, &owners->events);
	array_release(&owners->waiting);
	free(owners);
}
