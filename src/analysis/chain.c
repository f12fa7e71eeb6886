/* SPDX-License-Identifier: GPL-2.0-only */
#include "chain.h"

#include <stddef.h>

#include "base/map.h"
#include "lock_words.h"

#define KEPT_FIRST  16u
#define KEPT_MAX    1024u      /* intervals of a thread */
#define KEPT_TOTAL  (1u << 19) /* of all; past that no thread's memory grows */
#define SAMPLES     64u        /* of a thread */
#define DEPTH_MAX   (CHAIN_NODES_MAX - 1)
#define SKIPPED_MAX 256u
#define N_WORDS     (sizeof(struct chain_node) / sizeof(uint32_t))

struct kept {
	uint64_t start_ns, end_ns;
	enum sched_state state;
	struct sched_wait wait;
	struct wait_ender ender;
	uint32_t waker_stack;
};

struct sample {
	uint64_t time_ns;
	uint32_t stack;
};

struct history { /* of a thread: rings of powers of two */
	struct kept *kept;
	size_t n, n_kept; /* so many ever, and room for so many of them */
	struct sample *samples;
	size_t n_samples;
};

struct chain {
	struct model_observer events;
	struct sched_observer intervals;
	struct model *model;
	struct sched *sched;
	bool skips_queues;
	ARRAY(struct history) histories; /* of thread id i at i */
	size_t n_kept;                   /* room for so many intervals, of all */
	ARRAY(struct chain_node) nodes;  /* id i at i - 1 */
	ARRAY(uint32_t) next_node;       /* chains of the hash table */
	struct map node_by_hash;
	ARRAY(struct chain_part) parts;
};

/* Part of a wait, during which the thread that ended it is looked at. */
struct span {
	uint64_t start_ns, end_ns;
	const struct wait_ender *ender;
	uint32_t stack; /* the ender's, when it did */
	uint32_t parent, depth;
	uint32_t pid, object; /* what is waited for, and in which process */
	uint32_t n_skipped;   /* of the queue for that */
};

static struct history *make_history(struct chain *chain, uint32_t task)
{
	uint32_t thread = model_task(chain->model, task).thread;

	while (chain->histories.n <= thread)
		array_add(&chain->histories);
	return &chain->histories.items[thread];
}

static const struct history *history_of(const struct chain *chain, uint32_t task)
{
	static const struct history none;
	uint32_t thread = model_task(chain->model, task).thread;

	return thread < chain->histories.n ? &chain->histories.items[thread] : &none;
}

static struct kept *kept_at(const struct history *history, size_t i)
{
	return &history->kept[i & (history->n_kept - 1)];
}

static size_t oldest(const struct history *history)
{
	return history->n > history->n_kept ? history->n - history->n_kept : 0;
}

/* The ring grows while it is full for the first time, when everything stands in order. */
static void make_room(struct chain *chain, struct history *history)
{
	size_t n = history->n_kept ? 2 * history->n_kept : KEPT_FIRST;

	if (history->n != history->n_kept || n > KEPT_MAX ||
	    (history->n_kept && chain->n_kept + n / 2 > KEPT_TOTAL))
		return;
	chain->n_kept += n - history->n_kept;
	history->kept = xrealloc(history->kept, n, sizeof(*history->kept));
	history->n_kept = n;
}

static void take_interval(struct sched_observer *observer, const struct sched_interval *interval)
{
	struct chain *chain =
		(struct chain *)((char *)observer - offsetof(struct chain, intervals));
	struct history *history = make_history(chain, interval->task);

	make_room(chain, history);
	*kept_at(history, history->n++) = (struct kept){
		.start_ns = interval->start_ns,
		.end_ns = interval->end_ns,
		.state = interval->state,
		.wait = interval->wait,
		.ender = wait_ender_of(interval),
		.waker_stack = interval->wake.stack,
	};
}

static void take_sample(struct model_observer *observer, const struct event *event)
{
	struct chain *chain = (struct chain *)observer; /* the first member */
	struct history *history;

	if (event->kind != EVENT_SAMPLE)
		return;
	history = make_history(chain,
			       model_task_now(chain->model, event->sample.pid, event->sample.tid));
	if (!history->samples)
		history->samples = xcalloc(SAMPLES, sizeof(*history->samples));
	history->samples[history->n_samples++ % SAMPLES] =
		(struct sample){ event->time_ns, event->sample.stack };
}

struct chain *chain_new(struct model *model, struct sched *sched, bool skips_queues)
{
	struct chain *chain = xcalloc(1, sizeof(*chain));

	chain->events.event = take_sample;
	chain->intervals.interval = take_interval;
	chain->model = model;
	chain->sched = sched;
	chain->skips_queues = skips_queues;
	model_observe(model, &chain->events);
	if (sched)
		sched_observe(sched, &chain->intervals);
	return chain;
}

void chain_free(struct chain *chain)
{
	struct history *history;

	if (!chain)
		return;
	model_ignore(chain->model, &chain->events);
	array_for_each(history, &chain->histories) {
		free(history->kept);
		free(history->samples);
	}
	array_release(&chain->histories);
	array_release(&chain->nodes);
	array_release(&chain->next_node);
	array_release(&chain->parts);
	map_release(&chain->node_by_hash);
	free(chain);
}

static uint32_t node_of(struct chain *chain, const struct chain_node *node)
{
	uint64_t *first =
		map_insert(&chain->node_by_hash, hash_u32s((const uint32_t *)node, N_WORDS));
	uint32_t id;

	for (id = (uint32_t)*first; id; id = chain->next_node.items[id - 1]) {
		if (!memcmp(&chain->nodes.items[id - 1], node, sizeof(*node)))
			return id;
	}
	if (chain->nodes.n >= CHAIN_IDS_MAX) /* nobody would read it; what is left stays exact */
		return node->parent;
	*array_add(&chain->nodes) = *node;
	*array_add(&chain->next_node) = (uint32_t)*first;
	*first = chain->nodes.n;
	return (uint32_t)*first;
}

/* The ender of @span does @what, at @stack. */
static struct chain_node node_in(const struct span *span, enum chain_what what, uint32_t stack)
{
	return (struct chain_node){
		.parent = span->parent,
		.what = what,
		.task = span->ender->task,
		.tid = span->ender->tid,
		.stack = stack,
		.is_behind = span->n_skipped > 0,
	};
}

static void put_part(struct chain *chain, uint32_t node, uint64_t ns)
{
	if (ns)
		*array_add(&chain->parts) = (struct chain_part){ node, (int64_t)ns };
}

static void put(struct chain *chain, const struct span *span, enum chain_what what, uint64_t ns)
{
	struct chain_node node = node_in(span, what, 0);

	put_part(chain, node_of(chain, &node), ns);
}

static size_t n_samples_between(const struct history *history, uint64_t start_ns, uint64_t end_ns,
				size_t *ret_first)
{
	size_t i = history->n_samples, n = 0;
	size_t last = i > SAMPLES ? i - SAMPLES : 0;

	while (i > last && history->samples[(i - 1) % SAMPLES].time_ns >= start_ns) {
		n += history->samples[--i % SAMPLES].time_ns <= end_ns;
		*ret_first = i;
	}
	return n;
}

/*
 * The samples taken of a run share it equally.  One without samples is shown where it
 * ended, at @stack.
 */
static void put_running(struct chain *chain, const struct span *span, uint32_t stack)
{
	const struct history *history = history_of(chain, span->ender->task);
	uint64_t ns = span->end_ns - span->start_ns, given = 0;
	size_t first = 0, n = n_samples_between(history, span->start_ns, span->end_ns, &first);
	struct chain_node node = node_in(span, stack ? CHAIN_RUNNING_UNTIL : CHAIN_RUNNING, stack);

	if (!n)
		put_part(chain, node_of(chain, &node), ns);
	for (size_t i = 0; i < n; i++) {
		uint64_t until = (uint64_t)((unsigned __int128)ns * (i + 1) / n);

		node = node_in(span, CHAIN_RUNNING, history->samples[(first + i) % SAMPLES].stack);
		put_part(chain, node_of(chain, &node), until - given);
		given = until;
	}
}

static void split(struct chain *chain, const struct span *span);

static uint32_t pid_of(const struct chain *chain, uint32_t task)
{
	return model_thread(chain->model, model_task(chain->model, task).thread).pid;
}

/* @span's ender waited for the same itself, until another thread woke it. */
static bool is_in_queue(const struct chain *chain, const struct span *span, const struct kept *kept)
{
	return chain->skips_queues && span->object && kept->wait.object == span->object &&
	       (kept->wait.why == WAIT_LOCK || kept->wait.why == WAIT_CONDVAR) &&
	       kept->ender.how == WAIT_END_THREAD && span->n_skipped < SKIPPED_MAX &&
	       (span->pid == pid_of(chain, span->ender->task) ||
		lock_is_shared(chain->model, span->object));
}

/* @span's ender was blocked itself: by the hand of another thread, or by none. */
static void put_blocked(struct chain *chain, const struct span *span, const struct kept *kept)
{
	struct chain_node node = node_in(span, CHAIN_BLOCKED, kept->wait.stack);
	struct span next = *span;
	uint64_t ns = span->end_ns - span->start_ns;

	next.ender = &kept->ender;
	next.stack = kept->waker_stack;
	if (is_in_queue(chain, span, kept)) {
		next.n_skipped++;
		split(chain, &next);
		return;
	}
	next.depth++;
	next.n_skipped = 0;
	next.object = kept->wait.object;
	next.pid = pid_of(chain, span->ender->task);
	node.is_sampled = kept->wait.period > 0;
	node.why = kept->wait.why;
	node.nr = kept->wait.nr;
	node.object = kept->wait.object;
	next.parent = node_of(chain, &node);
	if (kept->ender.how != WAIT_END_THREAD)
		put_part(chain, next.parent, ns);
	else if (next.depth >= DEPTH_MAX)
		put(chain, &next, CHAIN_DEEP, ns);
	else
		split(chain, &next);
}

/* Where a run that is over ended: in the wake-up that ends @span, or where it blocked. */
static uint32_t stack_behind(const struct history *history, size_t i, const struct span *span)
{
	if (kept_at(history, i)->end_ns >= span->end_ns)
		return span->stack;
	if (i + 1 < history->n && kept_at(history, i + 1)->state == SCHED_BLOCKED)
		return kept_at(history, i + 1)->wait.stack;
	return 0;
}

/* What @span's ender did in its interval @i, as far as that is @part of the span. */
static void put_kept(struct chain *chain, const struct span *part, const struct span *span,
		     size_t i)
{
	const struct history *history = history_of(chain, span->ender->task);
	const struct kept *kept = kept_at(history, i);

	if (kept->state == SCHED_RUNNING)
		put_running(chain, part, stack_behind(history, i, span));
	else if (kept->state == SCHED_BLOCKED)
		put_blocked(chain, part, kept);
	else
		put(chain, part, kept->state == SCHED_RUNNABLE ? CHAIN_RUNNABLE : CHAIN_UNKNOWN,
		    part->end_ns - part->start_ns);
}

/* The first interval that is kept and ends behind @time_ns. */
static size_t find_kept(const struct history *history, uint64_t time_ns)
{
	size_t from = oldest(history), to = history->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (kept_at(history, middle)->end_ns <= time_ns)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* Before what is kept of it. */
static uint64_t put_before(struct chain *chain, const struct span *span, uint64_t first_ns,
			   bool is_born)
{
	uint64_t until_ns = first_ns < span->end_ns ? first_ns : span->end_ns;

	if (until_ns <= span->start_ns)
		return span->start_ns;
	put(chain, span, is_born ? CHAIN_TOO_OLD : CHAIN_UNBORN, until_ns - span->start_ns);
	return until_ns;
}

/*
 * It runs when it wakes: what follows the last interval that it has closed is a run,
 * unless that was one.
 */
static void put_open(struct chain *chain, const struct span *part, const struct history *history)
{
	if (kept_at(history, history->n - 1)->state == SCHED_RUNNING)
		put(chain, part, CHAIN_UNKNOWN, part->end_ns - part->start_ns);
	else
		put_running(chain, part, part->stack);
}

/* Of @span's ender no interval is closed yet: it has run since it was first seen, if it was. */
static void put_first(struct chain *chain, const struct span *span)
{
	struct span part = *span;
	struct sched_interval now;

	if (!span->ender->task || !sched_now(chain->sched, span->ender->tid, &now) ||
	    model_task(chain->model, now.task).thread !=
		    model_task(chain->model, span->ender->task).thread) {
		put(chain, span, CHAIN_UNRECORDED, span->end_ns - span->start_ns);
		return;
	}
	part.start_ns = put_before(chain, span, now.start_ns, false);
	if (now.state != SCHED_RUNNING)
		put(chain, &part, CHAIN_UNKNOWN, part.end_ns - part.start_ns);
	else if (part.start_ns < part.end_ns)
		put_running(chain, &part, part.stack);
}

static void split(struct chain *chain, const struct span *span)
{
	const struct history *history = history_of(chain, span->ender->task);
	struct span part = *span;
	size_t i;

	if (!span->ender->task || !history->n) {
		put_first(chain, span);
		return;
	}
	i = find_kept(history, span->start_ns);
	if (i == oldest(history) && i < history->n)
		part.start_ns = put_before(chain, span, kept_at(history, i)->start_ns, i > 0);
	for (; i < history->n && part.start_ns < span->end_ns; i++) {
		uint64_t end_ns = kept_at(history, i)->end_ns;

		part.end_ns = end_ns < span->end_ns ? end_ns : span->end_ns;
		put_kept(chain, &part, span, i);
		part.start_ns = part.end_ns;
	}
	part.end_ns = span->end_ns;
	if (part.start_ns < part.end_ns)
		put_open(chain, &part, history);
}

void chain_split(struct chain *chain, const struct sched_interval *wait, uint64_t start_ns,
		 uint64_t end_ns)
{
	struct wait_ender ender = wait_ender_of(wait);
	struct span span = {
		.start_ns = start_ns,
		.end_ns = end_ns,
		.ender = &ender,
		.stack = wait->wake.stack,
		.pid = pid_of(chain, wait->task),
		.object = wait->wait.period ? wait->wait.object : 0,
	};

	chain->parts.n = 0;
	if (ender.how == WAIT_END_THREAD)
		split(chain, &span);
}

const struct chain_part *chain_parts(const struct chain *chain, size_t *ret_n)
{
	*ret_n = chain->parts.n;
	return chain->parts.items;
}

struct chain_node chain_node(const struct chain *chain, uint32_t id)
{
	return id && id <= chain->nodes.n ? chain->nodes.items[id - 1] : (struct chain_node){ 0 };
}
