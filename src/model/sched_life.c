/* SPDX-License-Identifier: GPL-2.0-only */
/* Births, ends, other programs, and what was found when the window opened or closed. */
#include "sched_state.h"

void sched_end(struct sched *sched, struct slot *slot, uint64_t now_ns)
{
	if (slot->state == SCHED_BLOCKED && slot->woken_ns)
		sched_close_off_cpu(sched, slot, now_ns);
	else
		sched_close(sched, slot, slot->state, now_ns);
	slot->has_ended = true;
}

/* From now on @slot's intervals are handed out; of what was before nothing is known. */
static void follow(struct sched *sched, struct slot *slot)
{
	uint64_t since_ns = slot->since_ns;

	if (slot->is_followed)
		return;
	slot->is_followed = true;
	slot->since_ns = slot->born_ns;
	slot->began_before = slot->born_ns == sched->start_ns;
	sched_close(sched, slot, SCHED_UNKNOWN, since_ns);
}

static bool is_blocked_state(uint32_t state)
{
	return state == TASK_SLEEPING || state == TASK_DISK || state == TASK_STOPPED;
}

/* Events of before the stream's first one have told it: there is nothing to guess. */
static void take_exact(struct sched *sched, struct slot *slot, const struct event_task_state *from)
{
	slot->is_guessed = false;
	slot->cpu = from->cpu;
	slot->state = is_blocked_state(from->state) ? SCHED_BLOCKED :
		      from->state == TASK_RUNNING   ? SCHED_RUNNING :
						      SCHED_RUNNABLE;
	if (slot->state == SCHED_RUNNING)
		*sched_current(sched, from->cpu) = from->tid + 1;
}

/* What /proc said is believed until an event says better. */
void sched_take_task_state(struct sched *sched, const struct event *event)
{
	const struct event_task_state *from = &event->task_state;
	struct slot *slot = sched_get(sched, from->tid);

	sched->has_switches = true; /* a recorder that hears none tells no states */
	slot->pid = from->pid;
	follow(sched, slot);
	if (slot->is_guessed && from->exact) {
		take_exact(sched, slot, from);
	} else if (slot->is_guessed) {
		slot->state = is_blocked_state(from->state) ? SCHED_BLOCKED :
			      from->state == TASK_RUNNING   ? SCHED_RUNNING :
							      SCHED_UNKNOWN;
	}
	if (slot->state != SCHED_BLOCKED || slot->woken_ns || slot->wait.period ||
	    !is_blocked_state(from->state))
		return;
	slot->wait = (struct sched_wait){
		.why = from->why,
		.nr = from->nr,
		.object = from->object,
		.stack = from->stack,
		.period = from->stack || from->why || from->nr ? 1 : 0,
		.is_disk = from->state == TASK_DISK,
	};
}

/* A thread that is there already has lost its end, or its first switch is stamped before this. */
void sched_take_fork(struct sched *sched, const struct event *event)
{
	struct slot *slot = sched_find(sched, event->fork.tid);
	uint64_t born_ns = event->time_ns;
	bool has_begun = slot && !slot->has_ended && !slot->is_followed && !slot->is_guessed &&
			 sched_is_near(slot->since_ns, event->time_ns, JOIN_NS);

	if (slot && slot->is_followed && !slot->has_ended) {
		slot->has_ended = true; /* the model gave its tid to the new one */
		sched_end(sched, slot, slot->exit_ns ? slot->exit_ns : event->time_ns);
	}
	if (slot && slot->has_ended && slot->since_ns > born_ns)
		born_ns = slot->since_ns;
	if (!has_begun) {
		slot = sched_add(sched, event->fork.pid, event->fork.tid, born_ns);
		slot->is_guessed = false;
		slot->state = SCHED_RUNNABLE;
	}
	slot->is_followed = true;
	slot->pid = event->fork.pid;
	slot->began_before = false;
}

/* The last switch of a thread follows soon, unless it is lost. */
void sched_take_exit(struct sched *sched, const struct event *event)
{
	struct slot *slot = sched_find(sched, event->exit.tid);

	if (slot)
		slot->exit_ns = event->time_ns;
}

/* The thread of process @pid that runs, other than its first one. */
static struct slot *find_caller(struct sched *sched, uint32_t pid)
{
	for (size_t i = 0; i < sched->current.n; i++) {
		uint32_t tid = sched->current.items[i] - 1;
		struct slot *slot = tid != pid ? sched_find(sched, tid) : NULL;

		if (slot && slot->pid == pid && !slot->has_ended && slot->state == SCHED_RUNNING)
			return slot;
	}
	return NULL;
}

/*
 * A thread that is not its process's first one and calls exec goes on under the first
 * one's tid; the others have ended.
 */
void sched_take_exec(struct sched *sched, const struct event *event)
{
	uint32_t pid = event->comm.pid, cpu;
	struct slot *leader = sched_find(sched, pid), *caller;

	if (!event->comm.exec || !leader || event->comm.tid != pid || !sched->has_switches ||
	    (!leader->has_ended && leader->state == SCHED_RUNNING))
		return;
	caller = find_caller(sched, pid);
	if (!caller)
		return;
	sched_end(sched, caller, event->time_ns);
	cpu = caller->cpu;
	*sched_current(sched, cpu) = pid + 1;
	if (leader->has_ended) {
		leader = sched_add(sched, pid, pid, event->time_ns);
		leader->is_followed = true;
		leader->began_before = false;
	} else {
		sched_close_off_cpu(sched, leader, event->time_ns);
	}
	leader->cpu = cpu;
	leader->is_guessed = false;
	leader->state = SCHED_RUNNING;
	leader->woken_ns = 0;
}

void sched_take_gap(struct sched *sched, const struct event *event)
{
	struct gap gap = { event->gap.start_ns, event->time_ns };

	if (gap.start_ns > gap.end_ns)
		gap.start_ns = gap.end_ns;
	*array_add(&sched->gaps) = gap;
	sched->flaws.n_gaps++;
	sched->flaws.lost_ns += gap.end_ns - gap.start_ns;
	*sched_current(sched, event->gap.cpu) = 0;
}

/* The window opens: what was before is not counted. */
void sched_take_start(struct sched *sched, const struct event *event)
{
	struct slot *slot;

	if (sched->has_start)
		return;
	sched->has_start = true;
	sched->start_ns = event->time_ns;
	array_for_each(slot, &sched->slots) {
		slot->born_ns = slot->since_ns = event->time_ns;
		slot->began_before = true;
	}
}

void sched_take_end(struct sched *sched, const struct event *event)
{
	(void)event;
	sched->has_ended = true;
}
