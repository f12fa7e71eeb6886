/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/sched.h"

#include <string.h>

#include "sched_state.h"

/* A waker that comes while its thread is on the way to block is ahead of it by less than this. */
#define RACE_NS 50000u

#define MAX_CPU  8192u /* a recording that names a greater one lies */
#define MAX_GAPS 64u   /* how many to look at to tell until when a state was sure */

struct slot *sched_find(struct sched *sched, uint32_t tid)
{
	struct recent *recent = &sched->recent[tid % N_RECENT];
	uint64_t *i;

	if (recent->tid == tid && recent->slot)
		return &sched->slots.items[recent->slot - 1];
	i = map_find(&sched->by_tid, tid);
	if (!i)
		return NULL;
	*recent = (struct recent){ tid, (uint32_t)*i + 1 };
	return &sched->slots.items[*i];
}

struct slot *sched_add(struct sched *sched, uint32_t pid, uint32_t tid, uint64_t since_ns)
{
	struct slot *slot = array_add(&sched->slots);

	*slot = (struct slot){
		.pid = pid,
		.tid = tid,
		.is_guessed = true,
		.began_before = since_ns == sched->start_ns,
		.born_ns = since_ns,
		.since_ns = since_ns,
	};
	*map_insert(&sched->by_tid, tid) = sched->slots.n - 1;
	sched->recent[tid % N_RECENT] = (struct recent){ tid, (uint32_t)sched->slots.n };
	return slot;
}

struct slot *sched_get(struct sched *sched, uint32_t tid)
{
	struct slot *slot = sched_find(sched, tid);

	if (slot && !slot->has_ended)
		return slot;
	return sched_add(sched, model_pid_of(sched->model, tid), tid,
			 slot ? slot->since_ns : sched->start_ns);
}

/* What @slot is called now; one whose tid was given out again keeps its last name. */
static uint32_t task_of(struct sched *sched, struct slot *slot)
{
	if (slot->task && slot->n_changes == model_n_changes(sched->model))
		return slot->task;
	if (!slot->task || (!slot->has_ended && sched_find(sched, slot->tid) == slot))
		slot->task = model_task_now(sched->model, slot->pid, slot->tid);
	slot->n_changes = model_n_changes(sched->model);
	return slot->task;
}

static struct sched_interval interval_of(struct sched *sched, struct slot *slot,
					 enum sched_state state, uint64_t end_ns)
{
	return (struct sched_interval){
		.task = task_of(sched, slot),
		.state = state,
		.start_ns = slot->since_ns,
		.end_ns = end_ns,
		.is_cut_at_start = slot->began_before,
		.is_cut_at_end = end_ns == sched->end_ns,
		.cpu = slot->cpu,
		.left_as = slot->left_as,
		.is_preempted = state == SCHED_RUNNABLE && slot->is_preempted,
		.instead_tid = slot->instead_tid,
		.wait = slot->wait,
		.wake = slot->wake,
	};
}

static void hand_out(struct sched *sched, const struct sched_interval *interval)
{
	for (size_t i = 0; i < sched->observers.n; i++)
		sched->observers.items[i]->interval(sched->observers.items[i], interval);
}

/* Hands out @state of @slot from since_ns to @end_ns, and begins the next interval there. */
void sched_close(struct sched *sched, struct slot *slot, enum sched_state state, uint64_t end_ns)
{
	struct sched_interval interval;

	if (end_ns <= slot->since_ns) /* of no length, or out of order by a hair */
		return;
	if (slot->is_followed) {
		interval = interval_of(sched, slot, state, end_ns);
		hand_out(sched, &interval);
	}
	slot->since_ns = end_ns;
	slot->began_before = false;
}

/* Closes what @slot was in until @now_ns, given that it is running, or runs, from then on. */
void sched_close_off_cpu(struct sched *sched, struct slot *slot, uint64_t now_ns)
{
	if (slot->state == SCHED_BLOCKED) {
		if (!slot->woken_ns)
			sched->flaws.n_unseen_wakes += slot->is_followed && !slot->is_guessed;
		sched_close(sched, slot, SCHED_BLOCKED, slot->woken_ns ? slot->woken_ns : now_ns);
		slot->is_preempted = false;
	}
	sched_close(sched, slot, slot->state == SCHED_UNKNOWN ? SCHED_UNKNOWN : SCHED_RUNNABLE,
		    now_ns);
}

/* Since when events have been missing that may be of a thread whose state was sure at @since_ns. */
static uint64_t first_gap(const struct sched *sched, uint64_t since_ns)
{
	uint64_t first_ns = UINT64_MAX;
	size_t at = sched->gaps.n;

	while (at > 0 && sched->gaps.items[at - 1].end_ns > since_ns) {
		if (sched->gaps.n - --at > MAX_GAPS)
			return since_ns;
		if (sched->gaps.items[at].start_ns < first_ns)
			first_ns = sched->gaps.items[at].start_ns;
	}
	return first_ns;
}

/*
 * Events of @slot are missing: its state is sure only until they began to be.  Where it
 * was woken, until then: what was not seen is how it came by a CPU.
 */
static void contradict(struct sched *sched, struct slot *slot, uint64_t now_ns)
{
	uint64_t sure_ns = first_gap(sched, slot->since_ns);

	if (slot->state == SCHED_BLOCKED && slot->woken_ns && slot->woken_ns < sure_ns)
		sure_ns = slot->woken_ns;
	/* Of strangers the stream holds a part only. */
	sched->flaws.n_contradictions += slot->is_followed;
	if (sure_ns < now_ns)
		sched_close(sched, slot, slot->state, sure_ns);
	sched_close(sched, slot, SCHED_UNKNOWN, now_ns);
}

/* Which thread @cpu runs, as far as known; made if need be. */
uint32_t *sched_current(struct sched *sched, uint32_t cpu)
{
	while (sched->current.n <= cpu)
		array_add(&sched->current);
	return &sched->current.items[cpu];
}

/* A sampled stack joins the blocking switch it was taken at. */
bool sched_is_near(uint64_t a, uint64_t b, uint64_t within)
{
	return a > b ? a - b <= within : b - a <= within;
}

/* It was woken while on its way to block. */
static bool is_awake_already(const struct slot *slot, uint64_t now_ns)
{
	return slot->early_wake_ns && now_ns - slot->early_wake_ns <= RACE_NS;
}

static void begin_blocked(struct sched *sched, struct slot *slot, uint64_t now_ns, uint32_t state)
{
	slot->state = SCHED_BLOCKED;
	slot->woken_ns = 0;
	slot->is_assumed_awake = false;
	slot->wait = (struct sched_wait){ 0 };
	slot->wake = (struct sched_wake){ 0 };
	if (slot->pending.time_ns && sched_is_near(slot->pending.time_ns, now_ns, JOIN_NS))
		slot->wait = slot->pending.wait;
	else
		sched_note_apart(sched, slot, now_ns);
	slot->wait.is_disk = state == TASK_DISK;
	slot->pending.time_ns = 0;
	slot->blocked_ns = now_ns;
	if (is_awake_already(slot, now_ns)) {
		slot->woken_ns = now_ns;
		slot->is_assumed_awake = true;
		slot->wake = slot->early_wake;
	}
	slot->early_wake_ns = 0;
}

/*
 * Whether @slot's thread, which leaves its CPU, has run since its last event.  With none yet it
 * has since the window opened, whatever /proc said a little later: unless its CPU was seen to
 * run another since, or events are missing.
 */
static bool has_run(const struct sched *sched, const struct slot *slot, bool was_other,
		    uint64_t now_ns)
{
	if (!slot->is_guessed)
		return slot->state == SCHED_RUNNING;
	return !was_other && first_gap(sched, slot->since_ns) >= now_ns;
}

/* @was_other: the CPU was last given to another. */
static void switch_out(struct sched *sched, uint32_t tid, const struct event *event, bool was_other)
{
	struct slot *slot = sched_get(sched, tid);
	uint32_t state = event->sched_switch.state;

	slot->left_as = state;
	if (has_run(sched, slot, was_other, event->time_ns)) {
		slot->cpu = event->sched_switch.cpu;
		sched_close(sched, slot, SCHED_RUNNING, event->time_ns);
	} else {
		contradict(sched, slot, event->time_ns);
	}
	slot->left_as = TASK_RUNNABLE;
	slot->is_guessed = false;
	slot->woken_ns = 0;
	slot->is_preempted = state == TASK_RUNNABLE;
	if (state == TASK_DEAD) {
		slot->has_ended = true;
	} else if (state == TASK_RUNNABLE) {
		slot->state = SCHED_RUNNABLE;
		slot->wake = (struct sched_wake){ 0 };
	} else {
		begin_blocked(sched, slot, event->time_ns, state);
	}
}

static void switch_in(struct sched *sched, uint32_t tid, const struct event *event)
{
	struct slot *slot = sched_get(sched, tid);
	uint32_t previous = event->sched_switch.prev;

	slot->cpu = event->sched_switch.cpu;
	slot->instead_tid = previous;
	if (slot->is_guessed && slot->state == SCHED_RUNNING && slot->early_wake_ns) {
		/* It was blocked when the window opened, and woken before /proc was read. */
		slot->state = SCHED_BLOCKED;
		slot->woken_ns = slot->early_wake_ns;
		slot->wake = slot->early_wake;
	}
	if (slot->state == SCHED_RUNNING && !slot->is_guessed)
		contradict(sched, slot, event->time_ns);
	else
		sched_close_off_cpu(sched, slot, event->time_ns);
	slot->is_guessed = false;
	slot->state = SCHED_RUNNING;
	slot->woken_ns = 0;
	slot->early_wake_ns = 0;
}

/*
 * What @slot's thread just did it can do on a CPU only, and it will be seen to leave that:
 * where it was not seen to get it, its state is unknown no longer than until now.
 */
static void seen_running(struct sched *sched, struct slot *slot, uint64_t now_ns, uint32_t cpu)
{
	bool is_sure = slot->is_followed || !slot->is_guessed;

	if (slot->state == SCHED_RUNNING || !is_sure || slot->has_ended || cpu >= MAX_CPU ||
	    now_ns < slot->since_ns + RACE_NS)
		return;
	contradict(sched, slot, now_ns);
	slot->is_guessed = false;
	slot->state = SCHED_RUNNING;
	slot->cpu = cpu;
	slot->woken_ns = 0;
	*sched_current(sched, cpu) = slot->tid + 1;
}

/* True: the CPU ran somebody else than it was last given to: switches between are missing. */
static bool check_current(struct sched *sched, const struct event *event)
{
	uint32_t *current = sched_current(sched, event->sched_switch.cpu);
	bool was_other = *current && *current - 1 != event->sched_switch.prev;
	struct slot *lost = NULL;

	if (was_other)
		lost = sched_find(sched, *current - 1);
	if (lost && lost->state == SCHED_RUNNING && lost->cpu == event->sched_switch.cpu &&
	    !lost->has_ended && !lost->is_guessed) {
		lost->state = SCHED_UNKNOWN;
		sched->flaws.n_contradictions += lost->is_followed;
	}
	*current = event->sched_switch.next + 1;
	return was_other;
}

static void take_switch(struct sched *sched, const struct event *event)
{
	bool was_other = check_current(sched, event);

	sched->has_switches = true;
	if (event->sched_switch.prev)
		switch_out(sched, event->sched_switch.prev, event, was_other);
	if (event->sched_switch.next)
		switch_in(sched, event->sched_switch.next, event);
}

static void join_wake(struct sched_wake *wake, const struct pending_wake *pending)
{
	wake->stack = pending->stack;
	wake->period = pending->period;
	wake->address = pending->address;
}

/* Joins what came ahead of the wake-up @event, if it is of this one. */
static void join_pending(struct sched_wake *wake, struct pending_wake *pending,
			 const struct event *event)
{
	if (pending->time_ns && sched_is_near(pending->time_ns, event->time_ns, JOIN_NS) &&
	    (!pending->woken || pending->woken == event->sched_waking.tid))
		join_wake(wake, pending);
	pending->time_ns = 0;
}

/* Who woke; notes whom. */
static struct sched_wake wake_of(struct sched *sched, const struct event *event)
{
	struct sched_wake wake = {
		.tid = event->sched_waking.waker,
		.cpu = event->sched_waking.cpu,
		.is_seen = true,
	};
	struct slot *waker;

	if (!wake.tid)
		return wake;
	waker = sched_get(sched, wake.tid);
	seen_running(sched, waker, event->time_ns, event->sched_waking.cpu);
	waker->last_woken = event->sched_waking.tid;
	waker->last_wake_ns = event->time_ns;
	wake.task = waker->is_followed ? task_of(sched, waker) :
					 model_task_of(sched->model, wake.tid);
	join_pending(&wake, &waker->pending_wake, event);
	return wake;
}

/* Blocked and not woken, but for a wake-up that another one proves to have had no effect. */
static bool is_asleep(const struct slot *slot)
{
	return slot->state == SCHED_BLOCKED && (!slot->woken_ns || slot->is_assumed_awake);
}

/*
 * A wake-up of a thread that is not blocked changes nothing: it may come while the
 * thread is on its way to block (then the switch follows within microseconds and the
 * thread is runnable at once), or be of no consequence.
 */
static void take_waking(struct sched *sched, const struct event *event)
{
	struct sched_wake wake = wake_of(sched, event);
	struct slot *slot = sched_get(sched, event->sched_waking.tid);

	if (slot->is_guessed && slot->state == SCHED_UNKNOWN)
		slot->state = SCHED_BLOCKED; /* nobody else is woken */
	if (is_asleep(slot)) {
		slot->is_guessed = false;
		slot->woken_ns = event->time_ns > slot->since_ns ? event->time_ns : slot->since_ns;
		slot->wake = wake;
		slot->is_assumed_awake = false;
	} else if (slot->state == SCHED_RUNNING) {
		slot->early_wake_ns = event->time_ns;
		slot->early_wake = wake;
	}
}

static void take_wait_stack(struct sched *sched, const struct event *event)
{
	const struct event_wait_stack *from = &event->wait_stack;
	struct slot *slot = sched_get(sched, from->tid);
	struct sched_wait wait = {
		.why = from->why,
		.nr = from->nr,
		.object = from->object,
		.stack = from->stack,
		.address = from->address,
		.period = from->period ? from->period : 1,
		.is_disk = slot->wait.is_disk,
	};

	/*
	 * Of a wait that has lasted for longer, it is of one who looked what became of it: all
	 * that last so long are known then, and a sampled one no longer stands for others.
	 */
	if (slot->state == SCHED_BLOCKED &&
	    (sched_is_near(slot->since_ns, event->time_ns, JOIN_NS) ||
	     (!slot->woken_ns && slot->wait.period != 1)))
		slot->wait = wait;
	else
		sched_put_pending(sched, slot, event->time_ns, &wait);
	sched->clocks.n_stacks++;
}

static void take_wake_stack(struct sched *sched, const struct event *event)
{
	const struct event_wake_stack *from = &event->wake_stack;
	struct slot *waker = sched_get(sched, from->tid), *slot;
	bool has_woken = waker->last_wake_ns &&
			 sched_is_near(waker->last_wake_ns, event->time_ns, JOIN_NS) &&
			 (!from->woken || from->woken == waker->last_woken);
	struct pending_wake wake = {
		.time_ns = event->time_ns,
		.woken = from->woken,
		.stack = from->stack,
		.period = from->period ? from->period : 1,
		.address = from->address,
	};

	slot = has_woken ? sched_find(sched, waker->last_woken) : NULL;
	if (slot && slot->wake.tid == from->tid && !slot->wake.period &&
	    sched_is_near(slot->woken_ns, event->time_ns, JOIN_NS))
		join_wake(&slot->wake, &wake);
	else
		waker->pending_wake = wake;
}

static void take_sample(struct sched *sched, const struct event *event)
{
	struct slot *slot = sched_find(sched, event->sample.tid);

	if (slot)
		seen_running(sched, slot, event->time_ns, event->sample.cpu);
}

static void take_syscall(struct sched *sched, const struct event *event)
{
	struct slot *slot = sched_find(sched, event->syscall.tid);

	if (slot)
		seen_running(sched, slot, event->time_ns, event->syscall.cpu);
}

static bool is_credible(const struct event *event)
{
	return (event->kind != EVENT_SCHED_SWITCH || event->sched_switch.cpu < MAX_CPU) &&
	       (event->kind != EVENT_TASK_STATE || event->task_state.cpu < MAX_CPU) &&
	       (event->kind != EVENT_GAP || event->gap.cpu < MAX_CPU);
}

static void take(struct model_observer *observer, const struct event *event)
{
	struct sched *sched = (struct sched *)observer; /* observer is the first member */
	static void (*const takers[EVENT_N_KINDS])(struct sched *, const struct event *) = {
		[EVENT_SAMPLE] = take_sample,
		[EVENT_SYSCALL] = take_syscall,
		[EVENT_SCHED_SWITCH] = take_switch,
		[EVENT_SCHED_WAKING] = take_waking,
		[EVENT_WAIT_STACK] = take_wait_stack,
		[EVENT_WAKE_STACK] = take_wake_stack,
		[EVENT_TASK_STATE] = sched_take_task_state,
		[EVENT_START] = sched_take_start,
		[EVENT_END] = sched_take_end,
		[EVENT_FORK] = sched_take_fork,
		[EVENT_EXIT] = sched_take_exit,
		[EVENT_COMM] = sched_take_exec,
		[EVENT_GAP] = sched_take_gap,
	};

	if (!sched->start_ns)
		sched->start_ns = event->time_ns;
	if (sched->has_ended)
		return;
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
	array_release(&sched->gaps);
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
		if (!slot->has_ended)
			sched_end(sched, slot, slot->exit_ns ? slot->exit_ns : sched->end_ns);
	}
}

bool sched_now(struct sched *sched, uint32_t tid, struct sched_interval *ret)
{
	struct slot *slot = sched_find(sched, tid);

	if (!slot || !slot->is_followed || slot->has_ended)
		return false;
	*ret = interval_of(sched, slot, slot->state, UINT64_MAX);
	return true;
}

struct sched_flaws sched_flaws(const struct sched *sched)
{
	return sched->flaws;
}

bool sched_has_switches(const struct sched *sched)
{
	return sched->has_switches;
}

bool sched_has_wakeups(const struct sched *sched)
{
	const char *meta = dictionary_meta(model_dictionary(sched->model), "wakeups");

	return !meta || strcmp(meta, "no");
}
