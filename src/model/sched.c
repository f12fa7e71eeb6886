/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/sched.h"

#include "base/array.h"
#include "base/map.h"

/* A sampled stack and the switch or wake-up it belongs to are stamped less than this apart. */
#define JOIN_NS 5000u

/* A waker that comes while its thread is on the way to block is ahead of it by less than this. */
#define RACE_NS 50000u

struct pending {          /* a stack whose switch has not been seen yet */
	uint64_t time_ns; /* 0: none */
	struct sched_wait wait;
};

struct slot { /* a thread, from its birth to its end */
	uint32_t pid, tid;
	bool is_followed;
	bool has_ended;
	bool is_guessed; /* the state is what /proc said, or nothing at all: no event yet */
	bool is_preempted;
	bool began_before; /* the open interval did, as far as the window is concerned */
	enum sched_state state;
	uint64_t since_ns;
	uint32_t cpu;
	uint32_t instead_tid;
	uint64_t woken_ns; /* while blocked: 0 until the wake-up */
	struct sched_wake wake;
	struct sched_wait wait;
	struct pending pending;
	uint64_t early_wake_ns; /* a wake-up while it ran; 0: none */
	struct sched_wake early_wake;
	uint32_t last_woken;   /* tid that it woke last, */
	uint64_t last_wake_ns; /* and when */
};

struct sched {
	struct model_observer observer;
	struct model *model;
	ARRAY(struct slot) slots;
	struct map by_tid;       /* index of the slot that has the tid now */
	ARRAY(uint32_t) current; /* of a CPU: tid + 1; 0: not known */
	ARRAY(struct sched_observer *) observers;
	struct sched_flaws flaws;
	uint64_t start_ns, end_ns;
	bool has_switches;
};

static struct slot *find(struct sched *sched, uint32_t tid)
{
	uint64_t *i = map_find(&sched->by_tid, tid);

	return i ? &sched->slots.items[*i] : NULL;
}

static struct slot *add(struct sched *sched, uint32_t pid, uint32_t tid, uint64_t since_ns)
{
	struct slot *slot = array_add(&sched->slots);

	*slot = (struct slot){
		.pid = pid,
		.tid = tid,
		.is_guessed = true,
		.began_before = since_ns == sched->start_ns,
		.since_ns = since_ns,
	};
	*map_insert(&sched->by_tid, tid) = sched->slots.n - 1;
	return slot;
}

static struct slot *get(struct sched *sched, uint32_t tid)
{
	struct slot *slot = find(sched, tid);

	if (slot && !slot->has_ended)
		return slot;
	return add(sched, model_pid_of(sched->model, tid), tid, sched->start_ns);
}

/* Hands out @state of @slot from since_ns to @end_ns, and begins the next interval there. */
static void close_interval(struct sched *sched, struct slot *slot, enum sched_state state,
			   uint64_t end_ns)
{
	struct sched_interval interval = {
		.state = state,
		.start_ns = slot->since_ns,
		.end_ns = end_ns,
		.is_cut_at_start = slot->began_before,
		.is_cut_at_end = end_ns == sched->end_ns,
		.cpu = slot->cpu,
		.is_preempted = slot->is_preempted,
		.instead_tid = slot->instead_tid,
		.wait = slot->wait,
		.wake = slot->wake,
	};

	if (end_ns <= slot->since_ns) /* of no length, or out of order by a hair */
		return;
	slot->since_ns = end_ns;
	slot->began_before = false;
	if (!slot->is_followed)
		return;
	interval.task = model_task_now(sched->model, slot->pid, slot->tid);
	for (size_t i = 0; i < sched->observers.n; i++)
		sched->observers.items[i]->interval(sched->observers.items[i], &interval);
}

/* Closes what @slot was in until @now_ns, given that it is running, or runs, from then on. */
static void close_off_cpu(struct sched *sched, struct slot *slot, uint64_t now_ns)
{
	if (slot->state == SCHED_BLOCKED) {
		if (!slot->woken_ns)
			sched->flaws.n_unseen_wakes += !slot->is_guessed;
		close_interval(sched, slot, SCHED_BLOCKED,
			       slot->woken_ns ? slot->woken_ns : now_ns);
		slot->is_preempted = false;
	}
	close_interval(sched, slot, SCHED_RUNNABLE, now_ns);
}

static void contradict(struct sched *sched, struct slot *slot, uint64_t now_ns)
{
	sched->flaws.n_contradictions++;
	close_interval(sched, slot, SCHED_UNKNOWN, now_ns);
}

/* Which thread @cpu runs, as far as known; made if need be. */
static uint32_t *current_on(struct sched *sched, uint32_t cpu)
{
	while (sched->current.n <= cpu)
		array_add(&sched->current);
	return &sched->current.items[cpu];
}

/* A sampled stack joins the blocking switch it was taken at. */
static bool is_near(uint64_t a, uint64_t b, uint64_t within)
{
	return a > b ? a - b <= within : b - a <= within;
}

static void begin_blocked(struct slot *slot, uint64_t now_ns, uint32_t state)
{
	slot->state = SCHED_BLOCKED;
	slot->woken_ns = 0;
	slot->wait = (struct sched_wait){ 0 };
	slot->wake = (struct sched_wake){ 0 };
	if (slot->pending.time_ns && is_near(slot->pending.time_ns, now_ns, JOIN_NS))
		slot->wait = slot->pending.wait;
	slot->wait.is_disk = state == TASK_DISK;
	slot->pending.time_ns = 0;
	if (slot->early_wake_ns && now_ns - slot->early_wake_ns <= RACE_NS) {
		slot->woken_ns = now_ns;
		slot->wake = slot->early_wake;
	}
	slot->early_wake_ns = 0;
}

static void switch_out(struct sched *sched, uint32_t tid, const struct event *event)
{
	struct slot *slot = get(sched, tid);
	uint32_t state = event->sched_switch.state;

	if (slot->state == SCHED_RUNNING || slot->is_guessed) {
		slot->cpu = event->sched_switch.cpu;
		close_interval(sched, slot, SCHED_RUNNING, event->time_ns);
	} else {
		contradict(sched, slot, event->time_ns);
	}
	slot->is_guessed = false;
	slot->since_ns = event->time_ns;
	slot->is_preempted = state == TASK_RUNNABLE;
	if (state == TASK_DEAD) {
		slot->has_ended = true;
	} else if (state == TASK_RUNNABLE) {
		slot->state = SCHED_RUNNABLE;
		slot->wake = (struct sched_wake){ 0 };
	} else {
		begin_blocked(slot, event->time_ns, state);
	}
}

static void switch_in(struct sched *sched, uint32_t tid, const struct event *event)
{
	struct slot *slot = get(sched, tid);
	uint32_t previous = event->sched_switch.prev;

	slot->cpu = event->sched_switch.cpu;
	slot->instead_tid = previous;
	if (slot->state == SCHED_RUNNING && !slot->is_guessed)
		contradict(sched, slot, event->time_ns);
	else
		close_off_cpu(sched, slot, event->time_ns);
	slot->is_guessed = false;
	slot->state = SCHED_RUNNING;
	slot->since_ns = event->time_ns;
	slot->early_wake_ns = 0;
}

/* The CPU ran somebody else than it was last given to: switches between are missing. */
static void check_current(struct sched *sched, const struct event *event)
{
	uint32_t *current = current_on(sched, event->sched_switch.cpu);
	struct slot *lost = NULL;

	if (*current && *current - 1 != event->sched_switch.prev)
		lost = find(sched, *current - 1);
	if (lost && lost->state == SCHED_RUNNING && lost->cpu == event->sched_switch.cpu &&
	    !lost->has_ended && !lost->is_guessed) {
		lost->state = SCHED_UNKNOWN;
		sched->flaws.n_contradictions++;
	}
	*current = event->sched_switch.next + 1;
}

static void take_switch(struct sched *sched, const struct event *event)
{
	sched->has_switches = true;
	check_current(sched, event);
	if (event->sched_switch.prev)
		switch_out(sched, event->sched_switch.prev, event);
	if (event->sched_switch.next)
		switch_in(sched, event->sched_switch.next, event);
}

static void note_waker(struct sched *sched, const struct event *event)
{
	struct slot *waker;

	if (!event->sched_waking.waker)
		return;
	waker = get(sched, event->sched_waking.waker);
	waker->last_woken = event->sched_waking.tid;
	waker->last_wake_ns = event->time_ns;
}

/*
 * A wake-up of a thread that is not blocked changes nothing: it may come while the
 * thread is on its way to block (then the switch follows within microseconds and the
 * thread is runnable at once), or be of no consequence.
 */
static void take_waking(struct sched *sched, const struct event *event)
{
	struct slot *slot = get(sched, event->sched_waking.tid);
	struct sched_wake wake = {
		.tid = event->sched_waking.waker,
		.task = model_task_of(sched->model, event->sched_waking.waker),
		.is_seen = true,
	};

	if (slot->is_guessed && slot->state != SCHED_BLOCKED) {
		slot->state = SCHED_BLOCKED; /* nobody else is woken */
		slot->is_guessed = false;
	}
	if (slot->state == SCHED_BLOCKED && !slot->woken_ns) {
		slot->woken_ns = event->time_ns > slot->since_ns ? event->time_ns : slot->since_ns;
		slot->wake = wake;
		slot->is_guessed = false;
	} else if (slot->state == SCHED_RUNNING) {
		slot->early_wake_ns = event->time_ns;
		slot->early_wake = wake;
	}
	note_waker(sched, event);
}

static void take_wait_stack(struct sched *sched, const struct event *event)
{
	const struct event_wait_stack *from = &event->wait_stack;
	struct slot *slot = get(sched, from->tid);
	struct sched_wait wait = {
		.why = from->why,
		.nr = from->nr,
		.object = from->object,
		.stack = from->stack,
		.address = from->address,
		.period = from->period ? from->period : 1,
		.is_disk = slot->wait.is_disk,
	};

	if (slot->state == SCHED_BLOCKED && is_near(slot->since_ns, event->time_ns, JOIN_NS))
		slot->wait = wait;
	else
		slot->pending = (struct pending){ event->time_ns, wait };
}

static void take_wake_stack(struct sched *sched, const struct event *event)
{
	struct slot *waker = get(sched, event->wake_stack.tid), *slot;
	uint32_t woken = event->wake_stack.woken;

	if (!woken && is_near(waker->last_wake_ns, event->time_ns, JOIN_NS))
		woken = waker->last_woken;
	slot = woken ? find(sched, woken) : NULL;
	if (slot && slot->wake.tid == event->wake_stack.tid &&
	    is_near(slot->woken_ns, event->time_ns, JOIN_NS))
		slot->wake.stack = event->wake_stack.stack;
}

/* What /proc said is believed until an event says better. */
static void take_task_state(struct sched *sched, const struct event *event)
{
	const struct event_task_state *from = &event->task_state;
	struct slot *slot = find(sched, from->tid);

	if (!slot || slot->has_ended)
		slot = add(sched, from->pid, from->tid, sched->start_ns);
	slot->is_followed = true;
	slot->pid = from->pid;
	if (!slot->is_guessed)
		return;
	slot->state = SCHED_UNKNOWN;
	if (from->state == TASK_RUNNING)
		slot->state = SCHED_RUNNING;
	if (from->state != TASK_SLEEPING && from->state != TASK_DISK && from->state != TASK_STOPPED)
		return;
	slot->state = SCHED_BLOCKED;
	slot->wait = (struct sched_wait){
		.why = from->why,
		.nr = from->nr,
		.object = from->object,
		.stack = from->stack,
		.period = from->stack ? 1 : 0,
		.is_disk = from->state == TASK_DISK,
	};
}

static void take_fork(struct sched *sched, const struct event *event)
{
	struct slot *slot = find(sched, event->fork.tid);

	/* Its first switch may be stamped before the record of its birth. */
	if (!slot || slot->has_ended || slot->is_followed)
		slot = add(sched, event->fork.pid, event->fork.tid, event->time_ns);
	slot->is_followed = true;
	slot->pid = event->fork.pid;
	slot->began_before = false;
	if (!slot->is_guessed)
		return;
	slot->is_guessed = false;
	slot->state = SCHED_RUNNABLE;
	slot->since_ns = event->time_ns;
}

/*
 * A thread that is not its process's first one and calls exec goes on under the first
 * one's tid; the others have ended.
 */
static void take_exec(struct sched *sched, const struct event *event)
{
	uint32_t pid = event->comm.pid;
	struct slot *leader = find(sched, pid), *caller = NULL;

	if (!event->comm.exec || !leader || event->comm.tid != pid ||
	    (!leader->has_ended && leader->state == SCHED_RUNNING))
		return;
	for (size_t i = 0; !caller && i < sched->slots.n; i++) {
		struct slot *slot = &sched->slots.items[i];

		if (slot->pid == pid && slot->tid != pid && !slot->has_ended &&
		    slot->state == SCHED_RUNNING)
			caller = slot;
	}
	if (!caller)
		return;
	close_interval(sched, caller, SCHED_RUNNING, event->time_ns);
	caller->has_ended = true;
	*current_on(sched, caller->cpu) = pid + 1;
	if (leader->has_ended) {
		uint32_t cpu = caller->cpu;

		leader = add(sched, pid, pid, event->time_ns);
		leader->is_followed = true;
		leader->cpu = cpu;
	} else {
		close_off_cpu(sched, leader, event->time_ns);
		leader->cpu = caller->cpu;
	}
	leader->is_guessed = false;
	leader->state = SCHED_RUNNING;
	leader->since_ns = event->time_ns;
}

static void take_gap(struct sched *sched, const struct event *event)
{
	sched->flaws.n_gaps++;
	if (event->time_ns > event->gap.start_ns)
		sched->flaws.lost_ns += event->time_ns - event->gap.start_ns;
	*current_on(sched, event->gap.cpu) = 0;
}

#define MAX_CPU 65536u /* a recording that names a greater one lies */

static bool is_credible(const struct event *event)
{
	return (event->kind != EVENT_SCHED_SWITCH || event->sched_switch.cpu < MAX_CPU) &&
	       (event->kind != EVENT_GAP || event->gap.cpu < MAX_CPU);
}

static void take(struct model_observer *observer, const struct event *event)
{
	struct sched *sched = (struct sched *)observer; /* observer is the first member */
	static void (*const takers[EVENT_N_KINDS])(struct sched *, const struct event *) = {
		[EVENT_SCHED_SWITCH] = take_switch,
		[EVENT_SCHED_WAKING] = take_waking,
		[EVENT_WAIT_STACK] = take_wait_stack,
		[EVENT_WAKE_STACK] = take_wake_stack,
		[EVENT_TASK_STATE] = take_task_state,
		[EVENT_FORK] = take_fork,
		[EVENT_COMM] = take_exec,
		[EVENT_GAP] = take_gap,
	};

	if (!sched->start_ns)
		sched->start_ns = event->time_ns;
	if (event->kind == EVENT_START)
		sched->start_ns = event->time_ns;
	if (takers[event->kind] && is_credible(event))
		takers[event->kind](sched, event);
}

struct sched *sched_new(struct model *model)
{
	struct sched *sched = xcalloc(1, sizeof(*sched));

	sched->observer.event = take;
	sched->model = model;
	model_observe(model, &sched->observer);
	return sched;
}

void sched_free(struct sched *sched)
{
	if (!sched)
		return;
	model_ignore(sched->model, &sched->observer);
	array_release(&sched->slots);
	array_release(&sched->current);
	array_release(&sched->observers);
	map_release(&sched->by_tid);
	free(sched);
}

void sched_observe(struct sched *sched, struct sched_observer *observer)
{
	*array_add(&sched->observers) = observer;
}

void sched_finish(struct sched *sched)
{
	struct slot *slot;

	sched->end_ns = model_window(sched->model).end_ns;
	array_for_each(slot, &sched->slots) {
		if (slot->has_ended)
			continue;
		if (slot->state == SCHED_BLOCKED && slot->woken_ns)
			close_off_cpu(sched, slot, sched->end_ns);
		else
			close_interval(sched, slot, slot->state, sched->end_ns);
	}
}

struct sched_flaws sched_flaws(const struct sched *sched)
{
	return sched->flaws;
}

bool sched_has_switches(const struct sched *sched)
{
	return sched->has_switches;
}
