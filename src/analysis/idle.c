/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Idle, or waiting?  A thread of a pool that sits in its accept, epoll or condition
 * variable has nothing to do; one in read, on a lock or in a sleep has.  A wait is
 * idle if
 *
 * - it is of a kind in which threads wait for work,
 * - the thread spends enough of its own time (running or blocked: it does not choose how
 *   long it is kept from a CPU) in such waits, and
 * - it is not inside of the work.  Of the places where the thread comes back to wait in
 *   such a way one is its home.  A wait elsewhere is part of the work if the function that
 *   was entered instead of going home has waits for other things in it, too, in some number.
 *   Home is a place for which that does not hold against the other ones, and of several the
 *   one nearest to the bottom of the stack.
 *
 * sysprof-report(1) says the same.
 */
#include "base/map.h"
#include "listeners.h"
#include "waits.h"

#define LEAST_HOME_PERCENT 10 /* of the thread's waits for work */
#define LEAST_WORK_PERCENT 10 /* for other things, of those for work at the same place */

enum kind { /* from what is surely a wait for work to what may be one */
	    KIND_NONE,
	    KIND_EVENTS,
	    KIND_ACCEPT, /* also by poll, for what only a server waits for */
	    KIND_CONDVAR,
	    KIND_POLL,
	    KIND_SIGNAL,
	    KIND_SLEEP, /* a timer's thread: others of its process do the work */
	    N_KINDS
};

/* Of the thread's own time, in waits of this kind and of those above. */
static const double least_percent[N_KINDS] = {
	[KIND_CONDVAR] = 50, /* others may be late, too */
	[KIND_POLL] = 90,    /* clients poll for one answer */
	[KIND_SIGNAL] = 90,
	[KIND_SLEEP] = 90,
};

/* Of x86-64. */
enum {
	NR_PAUSE = 34,
	NR_ACCEPT = 43,
	NR_RT_SIGTIMEDWAIT = 128,
	NR_RT_SIGSUSPEND = 130,
	NR_EPOLL_WAIT = 232,
	NR_EPOLL_PWAIT = 281,
	NR_ACCEPT4 = 288,
	NR_EPOLL_PWAIT2 = 441,
};

struct own {        /* of a thread */
	int64_t ns; /* running or blocked */
	int64_t running_ns;
	int64_t kind_ns[N_KINDS];
	int64_t n_waits; /* for work: without sleeps */
	uint32_t fork;   /* a stack: from where the ways to places that may be home differ */
	uint32_t home;   /* a stack; 0: none, or not known */
	bool is_home_work;
	uint32_t home_depth;
	enum kind idle_kind; /* up to this one waits are idle */
};

struct idle {
	const struct model *model;
	const struct dictionary *dict;
	struct own *owns;          /* by thread id */
	struct map n_by_place;     /* thread and stack to how many waits for work, */
	struct map other_by_place; /* and for other things */
	struct map n_below;        /* the same in all that a stack calls */
	struct map other_below;
	struct listeners listeners;
	struct map busiest; /* process to the running time of its busiest thread */
};

static const char *object_of(const struct idle *idle, const struct wait_row *row)
{
	return dictionary_string(idle->dict, row->place.object);
}

static enum kind kind_of_poll(const struct idle *idle, const struct wait_row *row)
{
	return listeners_serve(&idle->listeners, object_of(idle, row)) ? KIND_ACCEPT : KIND_POLL;
}

static enum kind kind_of(const struct idle *idle, const struct wait_row *row)
{
	if (!row->is_sampled)
		return KIND_NONE;
	switch ((int)row->place.nr - 1) {
	case NR_ACCEPT:
	case NR_ACCEPT4:
		return KIND_ACCEPT;
	case NR_EPOLL_WAIT:
	case NR_EPOLL_PWAIT:
	case NR_EPOLL_PWAIT2:
		return KIND_EVENTS;
	case NR_PAUSE:
	case NR_RT_SIGTIMEDWAIT:
	case NR_RT_SIGSUSPEND:
		return KIND_SIGNAL;
	default:
		return row->place.why == WAIT_CONDVAR ? KIND_CONDVAR :
		       row->place.why == WAIT_POLL    ? kind_of_poll(idle, row) :
		       row->place.why == WAIT_SLEEP   ? KIND_SLEEP :
							KIND_NONE;
	}
}

/* Tasks are what a thread was called; its life is all of them. */
static uint32_t thread_of(const struct idle *idle, uint32_t task)
{
	return model_task(idle->model, task).thread;
}

/* How many calls deep @stack is; 0: not known, its outer ones are missing. */
static uint32_t depth_of(const struct dictionary *dict, uint32_t stack)
{
	struct dict_stack node = { 0 };
	uint32_t depth = 0;

	for (uint32_t at = stack; at; at = node.parent) {
		node = dictionary_stack(dict, at);
		depth++;
	}
	if (dictionary_module(dict, dictionary_frame(dict, node.frame).module).kind == MODULE_NOTE)
		return 0;
	return depth;
}

static void add_lives(struct idle *idle, const struct waits *waits)
{
	for (uint32_t task = 1; task <= model_n_tasks(idle->model); task++) {
		struct waits_life life = waits_life(waits, task);
		struct own *own = &idle->owns[thread_of(idle, task)];

		own->running_ns = value_add(own->running_ns, life.running_ns);
		own->ns = value_add(own->ns, value_add(life.running_ns, life.blocked_ns));
	}
	for (uint32_t thread = 1; thread <= model_n_threads(idle->model); thread++) {
		uint64_t *most = map_insert(&idle->busiest, model_thread(idle->model, thread).pid);

		if ((uint64_t)idle->owns[thread].running_ns > *most)
			*most = (uint64_t)idle->owns[thread].running_ns;
	}
}

static uint64_t place_of(uint32_t thread, uint32_t stack)
{
	return (uint64_t)thread << 32 | stack;
}

static void see_waits(struct idle *idle, const struct wait_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t thread = thread_of(idle, rows[i].task), why = rows[i].place.why;
		uint64_t place = place_of(thread, rows[i].place.stack);
		enum kind kind = kind_of(idle, &rows[i]);

		if (kind && kind != KIND_SLEEP) {
			*map_insert(&idle->n_by_place, place) += (uint64_t)rows[i].n;
			idle->owns[thread].n_waits =
				value_add(idle->owns[thread].n_waits, rows[i].n);
		} else if (rows[i].is_sampled && why != WAIT_PAGEFAULT && why != WAIT_OTHER) {
			*map_insert(&idle->other_by_place, place) += (uint64_t)rows[i].n;
		}
	}
}

static void add_callers(const struct idle *idle, const struct map *by_place, struct map *below)
{
	const struct map_slot *slot;

	map_for_each(slot, by_place) {
		uint32_t thread = (uint32_t)(slot->key >> 32), stack = (uint32_t)slot->key;

		for (; stack; stack = dictionary_stack(idle->dict, stack).parent)
			*map_insert(below, place_of(thread, stack)) += slot->value;
	}
}

/* Where the ways to two stacks part, or 0; @ret_branch: the next call towards the first. */
static uint32_t part(const struct dictionary *dict, uint32_t stack, uint32_t other,
		     uint32_t *ret_branch)
{
	*ret_branch = 0;
	while (stack != other) { /* parents are older: have smaller ids */
		if (stack > other) {
			*ret_branch = stack;
			stack = dictionary_stack(dict, stack).parent;
		} else {
			other = dictionary_stack(dict, other).parent;
		}
	}
	return stack;
}

static uint64_t count(const struct map *map, uint64_t place)
{
	const uint64_t *n = map_find(map, place);

	return n ? *n : 0;
}

/* Whether a wait of @thread at @stack is inside of the work, given what else it comes to. */
static bool is_work(const struct idle *idle, uint32_t thread, uint32_t stack, uint32_t other)
{
	uint32_t branch;

	if (!part(idle->dict, stack, other, &branch) || !branch)
		return false;
	return 100 * count(&idle->other_below, place_of(thread, branch)) >=
	       LEAST_WORK_PERCENT * count(&idle->n_below, place_of(thread, branch));
}

/* The thread comes back there. */
static bool may_be_home(const struct idle *idle, const struct map_slot *place)
{
	const struct own *own = &idle->owns[place->key >> 32];

	return place->value >= 2 && (int64_t)place->value >= own->n_waits / LEAST_HOME_PERCENT &&
	       depth_of(idle->dict, (uint32_t)place->key) > 0;
}

static void find_homes(struct idle *idle)
{
	const struct map_slot *slot;

	map_for_each(slot, &idle->n_by_place) {
		struct own *own = &idle->owns[slot->key >> 32];
		uint32_t stack = (uint32_t)slot->key, branch;

		if (may_be_home(idle, slot))
			own->fork = own->fork ? part(idle->dict, stack, own->fork, &branch) : stack;
	}
	map_for_each(slot, &idle->n_by_place) {
		struct own *own = &idle->owns[slot->key >> 32];
		uint32_t stack = (uint32_t)slot->key, depth = depth_of(idle->dict, stack);
		bool work = is_work(idle, (uint32_t)(slot->key >> 32), stack, own->fork);

		if (!may_be_home(idle, slot) || (own->home && work > own->is_home_work) ||
		    (own->home && work == own->is_home_work &&
		     (depth > own->home_depth || (depth == own->home_depth && stack > own->home))))
			continue;
		own->home = stack;
		own->home_depth = depth;
		own->is_home_work = work;
	}
}

/* KIND_NONE: not a wait for work. */
static enum kind kind_at_home(const struct idle *idle, const struct wait_row *row)
{
	uint32_t thread = thread_of(idle, row->task), stack = row->place.stack;
	uint32_t home = idle->owns[thread].home;
	enum kind kind = kind_of(idle, row);

	if (!kind || kind == KIND_SLEEP || !home || !depth_of(idle->dict, stack))
		return kind;
	return is_work(idle, thread, stack, home) ? KIND_NONE : kind;
}

static void find_idle_kinds(struct idle *idle)
{
	for (uint32_t thread = 1; thread <= model_n_threads(idle->model); thread++) {
		struct own *own = &idle->owns[thread];
		uint32_t pid = model_thread(idle->model, thread).pid;
		int64_t sum = 0;

		for (enum kind kind = KIND_EVENTS; kind < N_KINDS; kind++) {
			sum = value_add(sum, own->kind_ns[kind]);
			if (kind == KIND_SLEEP &&
			    own->running_ns >= (int64_t)*map_insert(&idle->busiest, pid))
				continue;
			if (100.0 * (double)sum >= least_percent[kind] * (double)own->ns)
				own->idle_kind = kind;
		}
	}
}

void idle_mark(const struct waits *waits, const struct model *model, struct wait_row *rows,
	       size_t n)
{
	struct idle idle = { .model = model, .dict = model_dictionary(model) };

	idle.owns = xcalloc((size_t)model_n_threads(model) + 1, sizeof(*idle.owns));
	add_lives(&idle, waits);
	for (size_t i = 0; i < n; i++)
		listeners_add(&idle.listeners, object_of(&idle, &rows[i]));
	see_waits(&idle, rows, n);
	add_callers(&idle, &idle.n_by_place, &idle.n_below);
	add_callers(&idle, &idle.other_by_place, &idle.other_below);
	find_homes(&idle);
	for (size_t i = 0; i < n; i++) {
		struct own *own = &idle.owns[thread_of(&idle, rows[i].task)];
		enum kind kind = kind_at_home(&idle, &rows[i]);

		own->kind_ns[kind] = value_add(own->kind_ns[kind], rows[i].ns);
	}
	find_idle_kinds(&idle);
	for (size_t i = 0; i < n; i++) {
		enum kind kind = kind_at_home(&idle, &rows[i]);

		rows[i].is_idle = kind &&
				  kind <= idle.owns[thread_of(&idle, rows[i].task)].idle_kind;
	}
	free(idle.owns);
	map_release(&idle.n_by_place);
	map_release(&idle.other_by_place);
	map_release(&idle.n_below);
	map_release(&idle.other_below);
	map_release(&idle.busiest);
	listeners_release(&idle.listeners);
}
