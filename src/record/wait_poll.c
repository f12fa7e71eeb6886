/* SPDX-License-Identifier: GPL-2.0-only */
#include "wait_poll.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/map.h"

#define AHEAD_NS     20000u      /* so long before its switch may a sample be stamped */
#define OWNER_MAX_NS 1000000000u /* between questions who owns a lock */

struct thread {
	uint32_t tid;
	uint64_t since_ns;            /* when it blocked; 0: it is not blocked */
	uint64_t sampled_ns;          /* when a stack told of it last */
	struct event_wait_stack wait; /* of then */
	uint32_t cpu;                 /* that it blocked on */
	bool is_mute;                 /* the kernel's: nothing can be found out */
};

struct blocked { /* in the order of time */
	uint64_t since_ns;
	uint32_t thread;
};

struct answer {
	uint64_t asked_ns, time_ns;
	uint64_t since_ns; /* 0: of a glance */
	uint32_t thread;
	uint32_t owner; /* of the lock; 0: the answer is how it waits */
	struct event_wait_stack wait;
};

struct fight { /* of a thread, for a lock */
	uint64_t since_ns;
	uint64_t due_ns; /* when to ask who owns it */
	uint32_t thread;
};

struct wait_poll {
	struct event_sink *sink; /* borrowed */
	struct wait_poll_ops ops;
	void *arg;
	struct map by_tid; /* tid → index + 1 */
	ARRAY(struct thread) threads;
	ARRAY(uint32_t) spare; /* indices of threads that are gone */
	ARRAY(struct blocked) queue;
	size_t first; /* of the queue */
	ARRAY(struct fight) fights;
	ARRAY(struct answer) answers;
	size_t first_answer;
	size_t next; /* thread to glance at */
	uint64_t n_put;
};

static bool peek_answer(void *source, uint32_t i, uint64_t *ret_time_ns)
{
	struct wait_poll *poll = source;

	(void)i;
	if (poll->first_answer == poll->answers.n)
		return false;
	*ret_time_ns = poll->answers.items[poll->first_answer].time_ns;
	return true;
}

static void look_at_answers(void *source, uint32_t i)
{
	(void)source;
	(void)i;
}

/* All that came before the answer has passed now: whether the thread has run since it was asked. */
static bool is_true(const struct answer *answer, const struct thread *thread)
{
	if (answer->since_ns)
		return thread->since_ns == answer->since_ns;
	return thread->tid == answer->wait.tid && thread->since_ns &&
	       thread->since_ns < answer->asked_ns;
}

static struct event event_of(const struct answer *answer)
{
	struct event event = { .kind = EVENT_WAIT_STACK, .time_ns = answer->time_ns };

	if (!answer->owner) {
		event.wait_stack = answer->wait;
		return event;
	}
	event.kind = EVENT_LOCK_OWNER;
	event.lock_owner = (struct event_lock_owner){
		.pid = answer->wait.pid,
		.tid = answer->wait.tid,
		.address = answer->wait.address,
		.owner = answer->owner,
	};
	return event;
}

static int pass_answer(void *source, uint32_t i)
{
	struct wait_poll *poll = source;
	const struct answer *answer = &poll->answers.items[poll->first_answer++];
	const struct thread *thread = &poll->threads.items[answer->thread];
	struct event event = event_of(answer);

	(void)i;
	if (is_true(answer, thread)) {
		poll->n_put += event.kind == EVENT_WAIT_STACK;
		event_sink_put(poll->sink, &event);
	}
	if (poll->first_answer == poll->answers.n)
		poll->first_answer = poll->answers.n = 0;
	return 0;
}

static const struct stream_ops answer_ops = { look_at_answers, peek_answer, pass_answer };

struct wait_poll *wait_poll_new(struct streams *streams, struct event_sink *sink,
				const struct wait_poll_ops *ops, void *arg)
{
	struct wait_poll *poll = xcalloc(1, sizeof(*poll));

	poll->sink = sink;
	poll->ops = *ops;
	poll->arg = arg;
	streams_add(streams, &answer_ops, poll, 0);
	return poll;
}

void wait_poll_free(struct wait_poll *poll)
{
	if (!poll)
		return;
	map_release(&poll->by_tid);
	array_release(&poll->threads);
	array_release(&poll->spare);
	array_release(&poll->queue);
	array_release(&poll->fights);
	array_release(&poll->answers);
	free(poll);
}

static uint32_t thread_of(struct wait_poll *poll, uint32_t tid)
{
	uint64_t *index = map_insert(&poll->by_tid, tid);

	if (!*index && poll->spare.n) {
		*index = poll->spare.items[--poll->spare.n] + 1;
	} else if (!*index) {
		array_add(&poll->threads);
		*index = poll->threads.n;
	}
	poll->threads.items[*index - 1].tid = tid;
	return (uint32_t)*index - 1;
}

static void forget(struct wait_poll *poll, uint32_t tid)
{
	const uint64_t *index = map_find(&poll->by_tid, tid);

	if (!index)
		return;
	poll->threads.items[*index - 1] = (struct thread){ 0 };
	*array_add(&poll->spare) = (uint32_t)*index - 1;
	map_remove(&poll->by_tid, tid);
}

/* Drops what the queue has behind it, where that is most of it. */
static void tidy(struct wait_poll *poll)
{
	size_t left = poll->queue.n - poll->first;

	if (poll->first < left || !poll->first)
		return;
	memmove(poll->queue.items, poll->queue.items + poll->first,
		left * sizeof(*poll->queue.items));
	poll->queue.n = left;
	poll->first = 0;
}

static void block(struct wait_poll *poll, const struct event *event)
{
	uint32_t i = thread_of(poll, event->sched_switch.prev);
	struct thread *thread = &poll->threads.items[i];

	thread->since_ns = event->time_ns;
	thread->cpu = event->sched_switch.cpu;
	if (thread->is_mute)
		return;
	*array_add(&poll->queue) = (struct blocked){ event->time_ns, i };
}

static void wake(struct wait_poll *poll, uint32_t tid)
{
	const uint64_t *index = map_find(&poll->by_tid, tid);

	if (index)
		poll->threads.items[*index - 1].since_ns = 0;
}

static void take_switch(struct wait_poll *poll, const struct event *event)
{
	const struct event_sched_switch *s = &event->sched_switch;

	wake(poll, s->next);
	if (s->state == TASK_DEAD)
		forget(poll, s->prev);
	else if (s->prev && (s->state == TASK_SLEEPING || s->state == TASK_DISK))
		block(poll, event);
}

static void take_sample(struct wait_poll *poll, const struct event *event)
{
	uint32_t i = thread_of(poll, event->wait_stack.tid);
	struct thread *thread = &poll->threads.items[i];

	thread->sampled_ns = event->time_ns;
	thread->wait = event->wait_stack;
}

void wait_poll_take(struct wait_poll *poll, const struct event *event)
{
	if (event->kind == EVENT_SCHED_SWITCH)
		take_switch(poll, event);
	else if (event->kind == EVENT_SCHED_WAKING)
		wake(poll, event->sched_waking.tid);
	else
		take_sample(poll, event);
}

static int ask(struct wait_poll *poll, struct answer *answer)
{
	struct thread *thread = &poll->threads.items[answer->thread];
	int r;

	answer->wait = (struct event_wait_stack){ .tid = thread->tid, .cpu = thread->cpu };
	answer->asked_ns = clock_ns(CLOCK_MONOTONIC);
	r = poll->ops.look_up(poll->arg, &answer->wait);
	thread->is_mute = r == -ENXIO;
	return r;
}

static void add_answer(struct wait_poll *poll, struct answer *answer, uint32_t period)
{
	answer->wait.period = period;
	answer->time_ns = clock_ns(CLOCK_MONOTONIC);
	*array_add(&poll->answers) = *answer;
}

static bool is_sampled(const struct thread *thread)
{
	return thread->sampled_ns + AHEAD_NS >= thread->since_ns;
}

static void add_fight(struct wait_poll *poll, uint32_t i, uint64_t since_ns)
{
	const struct event_wait_stack *wait = &poll->threads.items[i].wait;

	if (poll->ops.owner && wait->why == WAIT_LOCK && wait->address)
		*array_add(&poll->fights) = (struct fight){ since_ns, since_ns, i };
}

/* Looks up a thread that blocked at @blocked, unless it is known to have run since. */
static int look_up(struct wait_poll *poll, const struct blocked *blocked)
{
	struct thread *thread = &poll->threads.items[blocked->thread];
	struct answer answer = { .since_ns = blocked->since_ns, .thread = blocked->thread };
	bool is_known = is_sampled(thread);
	int r = 0;

	if (thread->since_ns != blocked->since_ns)
		return 0;
	if (is_known)
		answer.wait = thread->wait;
	else
		r = ask(poll, &answer);
	if (r)
		return r;
	if (!is_known || answer.wait.period != 1)
		add_answer(poll, &answer, 1);
	thread->wait = answer.wait;
	add_fight(poll, blocked->thread, blocked->since_ns);
	return 0;
}

void wait_poll_meet(struct wait_poll *poll, const struct event_wait_stack *wait, uint64_t time_ns)
{
	uint32_t i = thread_of(poll, wait->tid);
	struct thread *thread = &poll->threads.items[i];

	if (thread->since_ns)
		return;
	thread->since_ns = thread->sampled_ns = time_ns;
	thread->wait = *wait;
	add_fight(poll, i, time_ns);
}

/* The owner of a lock may be another one soon: the longer the wait, the more seldom. */
static int ask_owner(struct wait_poll *poll, struct fight *fight, uint64_t now_ns)
{
	uint64_t age_ns = now_ns - fight->since_ns;
	struct answer answer = {
		.since_ns = fight->since_ns,
		.thread = fight->thread,
		.wait = poll->threads.items[fight->thread].wait,
	};
	int r = poll->ops.owner(poll->arg, &answer.wait, &answer.owner);

	if (r == -EBUSY)
		return r;
	if (!r && answer.owner)
		add_answer(poll, &answer, 0);
	fight->due_ns = now_ns + (age_ns < WAIT_POLL_AGE_NS ? WAIT_POLL_AGE_NS :
				  age_ns < OWNER_MAX_NS     ? age_ns :
							      OWNER_MAX_NS);
	return 0;
}

/* Also drops those that are over. */
static void ask_owners(struct wait_poll *poll, uint64_t now_ns)
{
	size_t n = 0;
	bool is_busy = false;

	for (size_t i = 0; i < poll->fights.n; i++) {
		struct fight fight = poll->fights.items[i];

		if (poll->threads.items[fight.thread].since_ns != fight.since_ns)
			continue;
		if (!is_busy && now_ns >= fight.due_ns)
			is_busy = ask_owner(poll, &fight, now_ns) == -EBUSY;
		poll->fights.items[n++] = fight;
	}
	poll->fights.n = n;
}

void wait_poll_glance(struct wait_poll *poll, size_t n)
{
	for (size_t i = 0; i < n && i < poll->threads.n; i++, poll->next++) {
		struct answer answer = { .thread = (uint32_t)(poll->next % poll->threads.n) };
		const struct thread *thread = &poll->threads.items[answer.thread];
		int r = 0;

		if (!thread->tid || thread->is_mute)
			continue;
		r = ask(poll, &answer);
		if (r == -EBUSY)
			break;
		if (!r)
			add_answer(poll, &answer, WAIT_POLL_SOME);
	}
}

void wait_poll_step(struct wait_poll *poll)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	while (poll->first < poll->queue.n) {
		struct blocked blocked = poll->queue.items[poll->first];

		if (now_ns - blocked.since_ns < WAIT_POLL_AGE_NS ||
		    look_up(poll, &blocked) == -EBUSY)
			break;
		poll->first++;
	}
	tidy(poll);
	ask_owners(poll, now_ns);
}

void wait_poll_forget_ids(struct wait_poll *poll)
{
	struct thread *thread;

	array_for_each(thread, &poll->threads) {
		thread->sampled_ns = 0;
		thread->wait = (struct event_wait_stack){ 0 };
	}
	poll->first_answer = poll->answers.n = 0;
}

uint64_t wait_poll_n_put(const struct wait_poll *poll)
{
	return poll->n_put;
}
