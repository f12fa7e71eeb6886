/* SPDX-License-Identifier: GPL-2.0-only */
#include "wait_poll.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/map.h"

#define AHEAD_NS 20000u /* so long before its switch may a sample be stamped */

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
	struct event_wait_stack wait;
};

struct wait_poll {
	struct event_sink *sink; /* borrowed */
	wait_poll_fn *fn;
	void *arg;
	struct map by_tid; /* tid → index + 1 */
	ARRAY(struct thread) threads;
	ARRAY(uint32_t) spare; /* indices of threads that are gone */
	ARRAY(struct blocked) queue;
	size_t first; /* of the queue */
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

static int pass_answer(void *source, uint32_t i)
{
	struct wait_poll *poll = source;
	const struct answer *answer = &poll->answers.items[poll->first_answer++];
	const struct thread *thread = &poll->threads.items[answer->thread];
	struct event event = {
		.kind = EVENT_WAIT_STACK,
		.time_ns = answer->time_ns,
		.wait_stack = answer->wait,
	};

	(void)i;
	if (is_true(answer, thread)) {
		poll->n_put++;
		event_sink_put(poll->sink, &event);
	}
	if (poll->first_answer == poll->answers.n)
		poll->first_answer = poll->answers.n = 0;
	return 0;
}

static const struct stream_ops answer_ops = { look_at_answers, peek_answer, pass_answer };

struct wait_poll *wait_poll_new(struct streams *streams, struct event_sink *sink, wait_poll_fn *fn,
				void *arg)
{
	struct wait_poll *poll = xcalloc(1, sizeof(*poll));

	poll->sink = sink;
	poll->fn = fn;
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
	r = poll->fn(poll->arg, &answer->wait);
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

/* Looks up a thread that blocked at @blocked, unless it is known to have run since. */
static int look_up(struct wait_poll *poll, const struct blocked *blocked)
{
	const struct thread *thread = &poll->threads.items[blocked->thread];
	struct answer answer = { .since_ns = blocked->since_ns, .thread = blocked->thread };
	int r = 0;

	if (thread->since_ns != blocked->since_ns ||
	    (is_sampled(thread) && thread->wait.period == 1))
		return 0;
	if (is_sampled(thread))
		answer.wait = thread->wait;
	else
		r = ask(poll, &answer);
	if (!r)
		add_answer(poll, &answer, 1);
	return r;
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
}

uint64_t wait_poll_n_put(const struct wait_poll *poll)
{
	return poll->n_put;
}
