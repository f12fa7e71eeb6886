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
 *   such a way, the one nearest to the bottom of its stack is its home.  A wait some calls
 *   deeper is part of the work if the function that was entered instead of going home has
 *   waits for other things in it, too.
 *
 * sysprof-report(1) says the same.
 */
#include "base/map.h"
#include "waits.h"

#define DEEPER_CALLS       3
#define LEAST_HOME_PERCENT 10 /* of the thread's waits for work */

enum kind { /* from what is surely a wait for work to what may be one */
	    KIND_NONE,
	    KIND_EVENTS,
	    KIND_ACCEPT,
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
	uint32_t home;   /* a stack; 0: none, or not known */
	uint32_t home_depth;
	enum kind idle_kind; /* up to this one waits are idle */
};

struct idle {
	const struct model *model;
	const struct dictionary *dict;
	struct own *owns;      /* by thread id */
	struct map n_by_place; /* thread and stack to how many waits for work */
	struct map work;       /* thread and stack from which calls go that wait for other things */
	struct map busiest;    /* process to the running time of its busiest thread */
};

static enum kind kind_of(const struct wait_row *row)
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
		       row->place.why == WAIT_POLL    ? KIND_POLL :
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

static void mark_work(struct idle *idle, uint32_t thread, uint32_t stack)
{
	for (uint32_t at = stack; at; at = dictionary_stack(idle->dict, at).parent) {
		uint64_t *is_work = map_insert(&idle->work, place_of(thread, at));

		if (*is_work)
			return;
		*is_work = true;
	}
}

static void see_waits(struct idle *idle, const struct wait_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t thread = thread_of(idle, rows[i].task), why = rows[i].place.why;
		enum kind kind = kind_of(&rows[i]);

		if (kind && kind != KIND_SLEEP) {
			*map_insert(&idle->n_by_place, place_of(thread, rows[i].place.stack)) +=
				(uint64_t)rows[i].n;
			idle->owns[thread].n_waits =
				value_add(idle->owns[thread].n_waits, rows[i].n);
		} else if (rows[i].is_sampled && why != WAIT_PAGEFAULT && why != WAIT_OTHER) {
			mark_work(idle, thread, rows[i].place.stack);
		}
	}
}

static void find_homes(struct idle *idle)
{
	const struct map_slot *slot;

	map_for_each(slot, &idle->n_by_place) {
		struct own *own = &idle->owns[slot->key >> 32];
		uint32_t stack = (uint32_t)slot->key, depth = depth_of(idle->dict, stack);

		if (slot->value < 2 || !depth ||
		    (int64_t)slot->value < own->n_waits / LEAST_HOME_PERCENT)
			continue;
		if (!own->home || depth < own->home_depth ||
		    (depth == own->home_depth && stack < own->home)) {
			own->home = stack;
			own->home_depth = depth;
		}
	}
}

/* The outermost call of @stack that is not on the way to @home, too. */
static uint32_t branch_of(const struct dictionary *dict, uint32_t stack, uint32_t home)
{
	uint32_t branch = 0;

	while (stack != home) { /* parents are older: have smaller ids */
		if (stack > home) {
			branch = stack;
			stack = dictionary_stack(dict, stack).parent;
		} else {
			home = dictionary_stack(dict, home).parent;
		}
	}
	return branch;
}

/* KIND_NONE: not a wait for work. */
static enum kind kind_at_home(const struct idle *idle, const struct wait_row *row)
{
	uint32_t thread = thread_of(idle, row->task), branch;
	const struct own *own = &idle->owns[thread];
	enum kind kind = kind_of(row);

	if (!kind || kind == KIND_SLEEP || !own->home ||
	    depth_of(idle->dict, row->place.stack) < own->home_depth + DEEPER_CALLS)
		return kind;
	branch = branch_of(idle->dict, row->place.stack, own->home);
	return branch && map_find(&idle->work, place_of(thread, branch)) ? KIND_NONE : kind;
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
	see_waits(&idle, rows, n);
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
	map_release(&idle.work);
	map_release(&idle.busiest);
}
