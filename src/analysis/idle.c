/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Idle, or waiting?  A thread of a pool that sits in its accept, epoll or condition
 * variable has nothing to do; one in read, on a lock or in a sleep has.  A wait is
 * idle if it is of a kind in which threads wait for work and its thread spends at
 * least so much of its life in waits of that kind.  sysprof-report(1) says the same.
 */
#include "base/map.h"
#include "waits.h"

enum kind { KIND_NONE, KIND_EVENTS, KIND_ACCEPT, KIND_CONDVAR, KIND_POLL, KIND_SIGNAL, N_KINDS };

static const int64_t least_percent[N_KINDS] = {
	[KIND_EVENTS] = 50,  [KIND_ACCEPT] = 50,
	[KIND_CONDVAR] = 50, [KIND_POLL] = 90, /* clients poll for one answer, too */
	[KIND_SIGNAL] = 90,
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

static enum kind kind_of(const struct wait_place *place)
{
	switch ((int)place->nr - 1) {
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
		return place->why == WAIT_CONDVAR ? KIND_CONDVAR :
		       place->why == WAIT_POLL    ? KIND_POLL :
						    KIND_NONE;
	}
}

/* Tasks are what a thread was called; its life is all of them.  KIND_NONE: the whole life. */
static int64_t *sum_of(struct map *sums, uint32_t thread, enum kind kind)
{
	return (int64_t *)map_insert(sums, (uint64_t)thread << 8 | kind);
}

static void add_up(const struct waits *waits, const struct model *model,
		   const struct wait_row *rows, size_t n, struct map *sums)
{
	for (uint32_t task = 1; n && task <= model_n_tasks(model); task++) {
		int64_t *sum = sum_of(sums, model_task(model, task).thread, KIND_NONE);

		*sum = value_add(*sum, waits_lifetime(waits, task));
	}
	for (size_t i = 0; i < n; i++) {
		enum kind kind = rows[i].is_sampled ? kind_of(&rows[i].place) : KIND_NONE;
		int64_t *sum;

		if (!kind)
			continue;
		sum = sum_of(sums, model_task(model, rows[i].task).thread, kind);
		*sum = value_add(*sum, rows[i].ns);
	}
}

void idle_mark(const struct waits *waits, const struct model *model, struct wait_row *rows,
	       size_t n)
{
	struct map sums = { 0 };

	add_up(waits, model, rows, n, &sums);
	for (size_t i = 0; i < n; i++) {
		enum kind kind = rows[i].is_sampled ? kind_of(&rows[i].place) : KIND_NONE;
		uint32_t thread = model_task(model, rows[i].task).thread;

		rows[i].is_idle = kind && *sum_of(&sums, thread, kind) / least_percent[kind] >=
						  *sum_of(&sums, thread, KIND_NONE) / 100;
	}
	map_release(&sums);
}
