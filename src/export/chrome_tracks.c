/* SPDX-License-Identifier: GPL-2.0-only */
#include "chrome_tracks.h"

#include <stdlib.h>

#include "base/buf.h"

void chrome_tracks_see(struct chrome_tracks *tracks, const struct timeline_state *state)
{
	struct chrome_thread *thread;

	while (tracks->threads.n <= state->thread)
		array_add(&tracks->threads);
	thread = &tracks->threads.items[state->thread];
	thread->is_shown = true;
	thread->task = state->interval->task;
	if (state->interval->state == SCHED_RUNNING)
		thread->running_ns += (int64_t)(state->end_ns - state->start_ns);
}

uint32_t chrome_machine_pid(const struct chrome_tracks *tracks, enum machine_track kind,
			    uint32_t id)
{
	if (kind == TRACK_PAUSE)
		return model_thread(tracks->source.model, id).pid;
	return kind == TRACK_DISK ? MACHINE_PID + 1 : MACHINE_PID;
}

uint32_t chrome_tracks_tid(struct chrome_tracks *tracks, enum machine_track kind, uint32_t id,
			   uint32_t lane)
{
	uint64_t *number = map_insert(&tracks->machine_by_key,
				      (uint64_t)kind << 61 | (uint64_t)id << 16 | (lane & 0xffff));

	if (!*number) {
		*array_add(&tracks->machine) = (struct chrome_machine){ kind, id, lane, 0 };
		*number = tracks->machine.n;
		tracks->machine.items[*number - 1].tid = MACHINE_PID + 1 + (uint32_t)*number;
	}
	return tracks->machine.items[*number - 1].tid;
}

struct order {
	uint32_t thread, leader;
	int64_t process_ns, running_ns;
};

/* Processes that ran most come first, and in them threads that did. */
static int compare_order(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->process_ns != y->process_ns)
		return x->process_ns < y->process_ns ? 1 : -1;
	if (x->leader != y->leader)
		return x->leader < y->leader ? -1 : 1;
	if (x->running_ns != y->running_ns)
		return x->running_ns < y->running_ns ? 1 : -1;
	return x->thread < y->thread ? -1 : x->thread > y->thread;
}

/* What an empty leader is: of a process whose main thread is not known, the thread itself. */
static uint32_t leader_of(const struct chrome_tracks *tracks, uint32_t thread)
{
	uint32_t leader = model_thread(tracks->source.model, thread).leader;

	return leader ? leader : thread;
}

static struct order *make_order(struct chrome_tracks *tracks, size_t *ret_n)
{
	size_t n_threads = model_n_threads(tracks->source.model);
	int64_t *process_ns = xcalloc(n_threads + 1, sizeof(*process_ns));
	struct order *order = xcalloc(n_threads + 1, sizeof(*order));
	size_t n = 0;

	for (uint32_t thread = 1; thread < tracks->threads.n; thread++)
		process_ns[leader_of(tracks, thread)] += tracks->threads.items[thread].running_ns;
	for (uint32_t thread = 1; thread < tracks->threads.n; thread++) {
		uint32_t leader = leader_of(tracks, thread);

		if (tracks->threads.items[thread].is_shown)
			order[n++] = (struct order){ thread, leader, process_ns[leader],
						     tracks->threads.items[thread].running_ns };
	}
	qsort(order, n, sizeof(*order), compare_order);
	free(process_ns);
	*ret_n = n;
	return order;
}

static void name_threads(struct chrome_tracks *tracks, chrome_track_fn *fn, void *arg)
{
	struct names *names = tracks->source.names;
	struct model *model = tracks->source.model;
	size_t n;
	struct order *order = make_order(tracks, &n);

	for (size_t i = 0; i < n; i++) {
		struct model_thread thread = model_thread(model, order[i].thread);
		uint32_t task = tracks->threads.items[order[i].thread].task;
		bool is_first = i == 0 || order[i].leader != order[i - 1].leader;

		fn(arg, &(struct chrome_track){
				.pid = thread.pid,
				.tid = thread.tid,
				.process = is_first ? names_text(names, names_process(names, model,
										      task)) :
						      NULL,
				.name = names_text(names, names_thread(names, model, task)),
				.order = (uint32_t)i,
				.process_order = (uint32_t)i + 2,
			});
	}
	free(order);
}

/* CPUs, each with its interrupts, then disks, then pauses. */
static int compare_machine(const void *a, const void *b)
{
	const struct chrome_machine *x = a, *y = b;

	if (x->kind != y->kind && (x->kind >= TRACK_DISK || y->kind >= TRACK_DISK))
		return x->kind < y->kind ? -1 : 1;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->lane < y->lane ? -1 : x->lane > y->lane;
}

/* "CPU 0", "CPU 0 softirqs", "vda", "vda (2)" */
static void add_name(struct buf *out, struct chrome_tracks *tracks,
		     const struct chrome_machine *track)
{
	static const char *const kinds[] = {
		[TRACK_CPU] = "", [TRACK_INTERRUPT] = " interrupts", [TRACK_SOFTIRQ] = " softirqs"
	};
	struct names *names = tracks->source.names;

	if (track->kind < TRACK_DISK)
		buf_printf(out, "CPU %u%s", track->id, kinds[track->kind]);
	else if (track->kind == TRACK_PAUSE)
		item_track_of_pauses(tracks->source, track->id, out);
	else
		buf_puts(out, names_text(names, names_string(names, track->id)));
	if (track->lane)
		buf_printf(out, " (%u)", track->lane + 1);
}

static void name_machine(struct chrome_tracks *tracks, chrome_track_fn *fn, void *arg)
{
	const struct chrome_machine *track;
	struct chrome_track named = { 0 };
	struct buf name = { 0 };

	if (tracks->machine.n)
		qsort(tracks->machine.items, tracks->machine.n, sizeof(*track), compare_machine);
	array_for_each(track, &tracks->machine) {
		uint32_t pid = chrome_machine_pid(tracks, track->kind, track->id);

		buf_clear(&name);
		add_name(&name, tracks, track);
		named.process = pid == named.pid || track->kind == TRACK_PAUSE ? NULL :
				track->kind == TRACK_DISK                      ? "disks" :
										 "CPUs";
		named.process_order = track->kind == TRACK_DISK;
		named.pid = pid;
		named.tid = track->tid;
		named.name = buf_str(&name);
		fn(arg, &named);
		named.order += track->kind != TRACK_PAUSE;
	}
	buf_release(&name);
}

void chrome_tracks_name(struct chrome_tracks *tracks, chrome_track_fn *fn, void *arg)
{
	name_threads(tracks, fn, arg);
	name_machine(tracks, fn, arg);
}

void chrome_tracks_release(struct chrome_tracks *tracks)
{
	array_release(&tracks->threads);
	array_release(&tracks->machine);
	map_release(&tracks->machine_by_key);
}
