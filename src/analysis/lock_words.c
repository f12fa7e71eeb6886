/* SPDX-License-Identifier: GPL-2.0-only */
#include "lock_words.h"

#include <stdlib.h>
#include <string.h>

#include "model/profile.h"

#define SHARED      "shared futex " /* as the recorder calls them */
#define PRIVATE     "futex "
#define GROUP_MASK  7u /* glibc's condition variables wait on either of two neighbouring words */
#define MAX_HELD    4u /* locks of a thread, got by waiting */
#define FIRST_SLICE 1000000u

struct held {
	uint32_t word; /* 0: none */
	uint64_t since_ns;
};

struct waiter {        /* a thread */
	uint32_t word; /* that it waits for; 0: none */
	bool is_woken;
	int64_t holdup_ns; /* charged to who woke it */
	struct held held[MAX_HELD];
	uint32_t last; /* of held: got last */
};

struct lock_words {
	struct sched_observer intervals;
	struct model_observer events;
	struct model *model;
	const struct filter *filter;
	ARRAY(struct lock_word) words;
	struct map by_key;            /* to an id */
	ARRAY(struct waiter) waiters; /* of thread id i at i */
	ARRAY(struct lock_hold) holds;
	struct map hold_by_key; /* word << 32 | task, to an index + 1 */
	ARRAY(struct lock_holdup) holdups;
	struct map holdup_by_key; /* to an index + 1 */
	uint64_t slice_ns;
	const struct slots *slots; /* or NULL */
};

bool lock_is_shared(const struct model *model, uint32_t object)
{
	return !strncmp(dictionary_string(model_dictionary(model), object), SHARED,
			sizeof(SHARED) - 1);
}

const char *lock_place(const struct model *model, uint32_t object)
{
	const char *text = dictionary_string(model_dictionary(model), object);
	const char *place;

	if (lock_is_shared(model, object))
		return text + sizeof(SHARED) - 1;
	if (strncmp(text, PRIVATE, sizeof(PRIVATE) - 1) != 0)
		return NULL;
	place = strchr(text + sizeof(PRIVATE) - 1, ' ');
	return place ? place + 1 : NULL;
}

static uint64_t address_key(uint32_t pid, uint64_t address)
{
	return hash_u64((address & ~(uint64_t)GROUP_MASK) ^ hash_u64((uint64_t)1 << 32 | pid));
}

uint32_t lock_words_find(const struct lock_words *words, uint32_t pid, uint64_t address,
			 uint32_t object)
{
	bool is_shared = object && lock_is_shared(words->model, object);
	uint64_t *id =
		map_find(&words->by_key, is_shared ? hash_u64(object) : address_key(pid, address));

	return id ? (uint32_t)*id : 0;
}

struct lock_word *lock_words_get(struct lock_words *words, uint32_t id)
{
	return &words->words.items[id - 1];
}

/* A shared one is known by its addresses, too: wakers tell nothing else. */
static uint32_t make_word(struct lock_words *words, const struct event_wait_stack *wait)
{
	uint64_t key = address_key(wait->pid, wait->address);
	uint64_t *id = map_insert(&words->by_key, lock_is_shared(words->model, wait->object) ?
							  hash_u64(wait->object) :
							  key);
	uint32_t ret;

	if (!*id) {
		array_add(&words->words);
		*id = words->words.n;
	}
	ret = (uint32_t)*id;
	*map_insert(&words->by_key, key) = ret;
	return ret;
}

static struct waiter *waiter_of(struct lock_words *words, uint32_t task)
{
	uint32_t thread = model_task(words->model, task).thread;

	while (words->waiters.n <= thread)
		array_add(&words->waiters);
	return &words->waiters.items[thread];
}

static struct held *find_held(struct waiter *waiter, uint32_t word)
{
	for (size_t i = 0; i < MAX_HELD; i++) {
		if (waiter->held[i].word == word)
			return &waiter->held[i];
	}
	return NULL;
}

static void advance(struct lock_word *word, uint64_t now_ns)
{
	if (now_ns <= word->at_ns)
		return;
	word->waiting_ns += word->n_waiting * (now_ns - word->at_ns);
	word->at_ns = now_ns;
}

/* @task waits no more, or its word is not the one that it was thought to wait for. */
static void stop_waiting(struct lock_words *words, struct waiter *waiter, uint64_t now_ns)
{
	struct lock_word *word;

	if (!waiter->word || waiter->is_woken)
		return;
	word = lock_words_get(words, waiter->word);
	advance(word, now_ns);
	word->n_waiting--;
	waiter->is_woken = true;
}

static void take_waking(struct lock_words *words, const struct event *event)
{
	uint32_t task = model_task_of(words->model, event->sched_waking.tid);
	struct waiter *waiter = task ? waiter_of(words, task) : NULL;
	struct lock_word *word;

	if (!waiter || !waiter->word || waiter->is_woken)
		return;
	stop_waiting(words, waiter, event->time_ns);
	word = lock_words_get(words, waiter->word);
	if (!event->sched_waking.waker)
		return;
	waiter->holdup_ns = (int64_t)(word->waiting_ns - word->charged_ns);
	word->charged_ns = word->waiting_ns;
}

static void add_holdup(struct lock_words *words, const struct lock_holdup *holdup)
{
	uint64_t where = (uint64_t)holdup->when.first << 32 | holdup->stack;
	uint64_t key = hash_u64(((uint64_t)holdup->word << 32 | holdup->task) ^ hash_u64(where));
	uint64_t *index = map_insert(&words->holdup_by_key, key);
	struct lock_holdup *sum;

	if (!*index) {
		*array_add(&words->holdups) = *holdup;
		*index = words->holdups.n;
		return;
	}
	sum = &words->holdups.items[*index - 1];
	sum->ns = value_add(sum->ns, holdup->ns);
}

static void double_slices(struct lock_words *words)
{
	struct lock_word *word;

	words->slice_ns *= 2;
	array_for_each(word, &words->words) {
		for (size_t i = 0; i < LOCK_N_SLICES; i++) {
			struct amount both = { 0 };

			for (size_t from = 2 * i; from < 2 * i + 2 && from < LOCK_N_SLICES; from++)
				amount_add(&both, word->slices[from].n, word->slices[from].ns);
			word->slices[i] = both;
		}
	}
}

void lock_words_finish(struct lock_words *words)
{
	struct model_window window = model_window(words->model);
	uint64_t end_ns = window.end_ns;

	while (end_ns > window.start_ns &&
	       (end_ns - window.start_ns) / words->slice_ns >= LOCK_N_SLICES)
		double_slices(words);
	for (uint32_t id = 1; id <= words->words.n; id++) {
		struct lock_word *word = lock_words_get(words, id);

		advance(word, end_ns);
		if (word->waiting_ns > word->charged_ns)
			add_holdup(words,
				   &(struct lock_holdup){
					   .word = id,
					   .when = slots_at(words->slots, end_ns - 1),
					   .ns = (int64_t)(word->waiting_ns - word->charged_ns),
				   });
		word->charged_ns = word->waiting_ns;
	}
}

const struct lock_holdup *lock_words_holdups(const struct lock_words *words, size_t *ret_n)
{
	*ret_n = words->holdups.n;
	return words->holdups.items;
}

static void take_wait(struct lock_words *words, const struct event *event)
{
	const struct event_wait_stack *wait = &event->wait_stack;
	struct waiter *waiter;
	struct lock_word *word;
	struct held *held;
	uint32_t id;

	if (!wait->address)
		return;
	id = make_word(words, wait);
	waiter = waiter_of(words, model_task_now(words->model, wait->pid, wait->tid));
	stop_waiting(words, waiter, event->time_ns);
	waiter->word = id;
	waiter->is_woken = false;
	waiter->holdup_ns = 0;
	word = lock_words_get(words, id);
	advance(word, event->time_ns);
	if (++word->n_waiting > word->most_waiting)
		word->most_waiting = word->n_waiting;
	held = find_held(waiter, id);
	if (held)
		held->word = 0; /* it had not got it */
}

/* @task wakes who waits for @id: it held the lock until now. */
static void end_hold(struct lock_words *words, uint32_t task, uint32_t id, uint64_t now_ns)
{
	struct held *held = find_held(waiter_of(words, task), id);
	struct lock_hold *hold;
	uint64_t *index;
	int64_t ns;

	if (!held || now_ns <= held->since_ns)
		return;
	ns = (int64_t)(now_ns - held->since_ns);
	held->word = 0;
	index = map_insert(&words->hold_by_key, (uint64_t)id << 32 | task);
	if (!*index) {
		array_add(&words->holds);
		*index = words->holds.n;
	}
	hold = &words->holds.items[*index - 1];
	amount_add(&hold->held, 1, ns);
	if (ns > hold->max_ns)
		hold->max_ns = ns;
}

static void take_event(struct model_observer *observer, const struct event *event)
{
	struct lock_words *words =
		(struct lock_words *)((char *)observer - offsetof(struct lock_words, events));
	const struct event_wake_stack *wake = &event->wake_stack;
	uint32_t id;

	if (!filter_has_time(words->filter, event->time_ns))
		return;
	if (event->kind == EVENT_WAIT_STACK)
		take_wait(words, event);
	if (event->kind == EVENT_SCHED_WAKING)
		take_waking(words, event);
	if (event->kind != EVENT_WAKE_STACK || !wake->address)
		return;
	id = lock_words_find(words, wake->pid, wake->address, 0);
	if (id)
		end_hold(words, model_task_now(words->model, wake->pid, wake->tid), id,
			 event->time_ns);
}

/* Who was sampled and woke by no futex did not unlock: the next one who does is charged. */
static void end_holdup(struct lock_words *words, const struct waiter *waiter,
		       const struct sched_interval *interval)
{
	const struct sched_wake *wake = &interval->wake;

	if (!waiter->holdup_ns)
		return;
	if (wake->period && !wake->address)
		lock_words_get(words, waiter->word)->charged_ns -= (uint64_t)waiter->holdup_ns;
	else
		add_holdup(words,
			   &(struct lock_holdup){ waiter->word, wake->task, wake->stack,
						  slots_at(words->slots, interval->end_ns - 1),
						  waiter->holdup_ns });
}

/*
 * Who runs again has the lock now, or waits again.  How long it keeps it is known where
 * others wait all the while: it cannot give it up then without waking one.
 */
static void take_interval(struct sched_observer *observer, const struct sched_interval *interval)
{
	struct lock_words *words = (struct lock_words *)observer; /* the first member */
	struct waiter *waiter = waiter_of(words, interval->task);
	struct held *held = &waiter->held[waiter->last];
	struct lock_word *word;

	if (interval->state == SCHED_RUNNABLE && held->since_ns == interval->start_ns)
		held->since_ns = interval->end_ns;
	if (interval->state != SCHED_BLOCKED || !waiter->word)
		return;
	stop_waiting(words, waiter, interval->end_ns);
	word = lock_words_get(words, waiter->word);
	end_holdup(words, waiter, interval);
	waiter->last = (waiter->last + 1) % MAX_HELD;
	waiter->held[waiter->last] =
		(struct held){ word->n_waiting ? waiter->word : 0, interval->end_ns };
	waiter->word = 0;
}

struct lock_words *lock_words_begin(const struct analysis_input *input)
{
	struct lock_words *words = xcalloc(1, sizeof(*words));

	words->intervals.interval = take_interval;
	words->events.event = take_event;
	words->model = input->model;
	words->filter = input->filter;
	words->slice_ns = FIRST_SLICE;
	words->slots = input->slots;
	if (input->sched)
		sched_observe(input->sched, &words->intervals);
	model_observe(input->model, &words->events);
	return words;
}

void lock_words_add(struct lock_words *words, uint32_t id, uint64_t end_ns, int64_t ns)
{
	uint64_t start_ns = model_window(words->model).start_ns;
	uint64_t at_ns = end_ns > start_ns ? end_ns - start_ns : 0;

	while (at_ns / words->slice_ns >= LOCK_N_SLICES)
		double_slices(words);
	amount_add(&lock_words_get(words, id)->slices[at_ns / words->slice_ns], 1, ns);
}

uint64_t lock_words_slice_ns(const struct lock_words *words)
{
	return words->slice_ns;
}

struct lock_hold lock_words_hold(const struct lock_words *words, uint32_t id, uint32_t task)
{
	uint64_t *index = map_find(&words->hold_by_key, (uint64_t)id << 32 | task);

	return index ? words->holds.items[*index - 1] : (struct lock_hold){ 0 };
}

void lock_words_free(struct lock_words *words)
{
	if (!words)
		return;
	model_ignore(words->model, &words->events);
	array_release(&words->words);
	map_release(&words->by_key);
	array_release(&words->waiters);
	array_release(&words->holds);
	map_release(&words->hold_by_key);
	array_release(&words->holdups);
	map_release(&words->holdup_by_key);
	free(words);
}
