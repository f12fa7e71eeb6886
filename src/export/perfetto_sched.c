/* SPDX-License-Identifier: GPL-2.0-only */
#include "perfetto_sched.h"

#include <stdlib.h>

#define BUNDLE_SWITCHES 4096u
#define PRIO            120   /* the ordinary one; which it was is not recorded */
#define FLAG_HARDIRQ    0x08u /* of a trace event's common flags */

/* prev_state of sched_switch as kernels since 4.14 have it. */
static int64_t prev_state(uint32_t left_as)
{
	switch (left_as) {
	case TASK_SLEEPING:
		return 1;
	case TASK_DISK:
		return 2;
	case TASK_STOPPED:
		return 4;
	case TASK_DEAD:
		return 0x20;
	default:
		return 0;
	}
}

static struct perfetto_cpu *cpu_of(struct perfetto_sched *sched, uint32_t cpu)
{
	while (sched->cpus.n <= cpu)
		array_add(&sched->cpus);
	return &sched->cpus.items[cpu];
}

/* The index of text @name in @table, which grows to it. */
static uint32_t index_of(struct perfetto_sched *sched, struct map *by_name, char **table, size_t *n,
			 uint32_t name)
{
	uint64_t *index = map_insert(by_name, name);

	if (!*index) {
		table[(*n)++] = (char *)names_text(sched->names, name);
		*index = *n;
	}
	return (uint32_t)*index - 1;
}

static int compare_wakings(const void *a, const void *b)
{
	const struct perfetto_waking *x = a, *y = b;

	return x->time_ns < y->time_ns ? -1 : x->time_ns > y->time_ns;
}

struct waking_columns {
	ARRAY(uint64_t) deltas;
	ARRAY(int32_t) pids, target_cpus, prios;
	ARRAY(uint32_t) names, flags;
};

static void put_wakings(struct perfetto_cpu *cpu, struct waking_columns *to)
{
	const struct perfetto_waking *waking;
	uint64_t last_ns = 0;

	if (cpu->wakings.n)
		qsort(cpu->wakings.items, cpu->wakings.n, sizeof(*waking), compare_wakings);
	array_for_each(waking, &cpu->wakings) {
		*array_add(&to->deltas) = waking->time_ns - last_ns;
		*array_add(&to->pids) = (int32_t)waking->tid;
		*array_add(&to->target_cpus) = (int32_t)waking->target_cpu;
		*array_add(&to->prios) = PRIO;
		*array_add(&to->names) = waking->name;
		*array_add(&to->flags) = waking->by_interrupt ? FLAG_HARDIRQ : 0;
		last_ns = waking->time_ns;
	}
}

/* A column of a message. */
#define COLUMN(message, name, array) \
	((message).n_##name = (array).n, (message).name = (array).items)

static void flush(struct perfetto_sched *sched, uint32_t id)
{
	struct perfetto_cpu *cpu = cpu_of(sched, id);
	Perfetto__FtraceEventBundle bundle = PERFETTO__FTRACE_EVENT_BUNDLE__INIT;
	Perfetto__CompactSched columns = PERFETTO__COMPACT_SCHED__INIT;
	struct waking_columns wakings = { 0 };
	struct map by_name = { 0 };
	size_t n_names = cpu->names.n + cpu->wakings.n;
	char **table = xcalloc(n_names + 1, sizeof(*table));
	uint32_t *name;

	put_wakings(cpu, &wakings);
	n_names = 0;
	array_for_each(name, &cpu->names)
		*name = index_of(sched, &by_name, table, &n_names, *name);
	array_for_each(name, &wakings.names)
		*name = index_of(sched, &by_name, table, &n_names, *name);
	COLUMN(columns, switch_timestamp, cpu->switch_deltas);
	COLUMN(columns, switch_prev_state, cpu->prev_states);
	COLUMN(columns, switch_next_pid, cpu->next_pids);
	COLUMN(columns, switch_next_prio, cpu->prios);
	COLUMN(columns, switch_next_comm_index, cpu->names);
	COLUMN(columns, waking_timestamp, wakings.deltas);
	COLUMN(columns, waking_pid, wakings.pids);
	COLUMN(columns, waking_target_cpu, wakings.target_cpus);
	COLUMN(columns, waking_prio, wakings.prios);
	COLUMN(columns, waking_comm_index, wakings.names);
	COLUMN(columns, waking_common_flags, wakings.flags);
	columns.n_intern_table = n_names;
	columns.intern_table = table;
	bundle.has_cpu = true;
	bundle.cpu = id;
	bundle.compact_sched = &columns;
	sched->put(sched->arg, &bundle);
	cpu->switch_deltas.n = cpu->prev_states.n = cpu->next_pids.n = cpu->prios.n = 0;
	cpu->names.n = cpu->wakings.n = 0;
	cpu->last_ns = 0;
	array_release(&wakings.deltas);
	array_release(&wakings.pids);
	array_release(&wakings.target_cpus);
	array_release(&wakings.prios);
	array_release(&wakings.names);
	array_release(&wakings.flags);
	map_release(&by_name);
	free(table);
}

static void add_switch(struct perfetto_cpu *cpu, uint64_t time_ns, int64_t state, int32_t pid,
		       uint32_t name)
{
	*array_add(&cpu->switch_deltas) = time_ns - cpu->last_ns;
	*array_add(&cpu->prev_states) = state;
	*array_add(&cpu->next_pids) = pid;
	*array_add(&cpu->prios) = PRIO;
	*array_add(&cpu->names) = name;
	cpu->last_ns = time_ns;
}

/* A reader drops a CPU's first switch, as it cannot tell what ran before: let that be nothing. */
static void open_cpu(struct perfetto_sched *sched, struct perfetto_cpu *cpu)
{
	if (cpu->is_open)
		return;
	cpu->is_open = true;
	add_switch(cpu, sched->start_ns > 1 ? sched->start_ns - 2 : 0, 0, PERFETTO_OTHER_PID,
		   sched->other_name);
}

static void end_run(struct perfetto_sched *sched, struct perfetto_cpu *cpu)
{
	if (cpu->end_ns)
		add_switch(cpu, cpu->end_ns, cpu->left_as, PERFETTO_OTHER_PID, sched->other_name);
	cpu->end_ns = 0;
}

void perfetto_sched_run(struct perfetto_sched *sched, const struct timeline_run *run, uint32_t tid,
			uint32_t name)
{
	struct perfetto_cpu *cpu = cpu_of(sched, run->cpu);
	uint64_t start_ns = run->start_ns;
	int64_t state = 0;

	open_cpu(sched, cpu);
	/* Two threads cannot have run at a time: where events were lost, who left first is sure. */
	if (start_ns < cpu->end_ns)
		start_ns = cpu->end_ns;
	if (start_ns >= run->end_ns)
		return;
	if (start_ns == cpu->end_ns)
		state = cpu->left_as;
	else
		end_run(sched, cpu);
	add_switch(cpu, start_ns, state, (int32_t)tid, name);
	cpu->end_ns = run->end_ns;
	cpu->left_as = prev_state(run->left_as);
	if (cpu->names.n >= BUNDLE_SWITCHES)
		flush(sched, run->cpu);
}

void perfetto_sched_waking(struct perfetto_sched *sched, uint32_t cpu,
			   const struct perfetto_waking *waking)
{
	struct perfetto_cpu *to = cpu_of(sched, cpu);

	open_cpu(sched, to); /* of CPUs without switches readers ignore all */
	*array_add(&to->wakings) = *waking;
	if (to->wakings.n >= BUNDLE_SWITCHES)
		flush(sched, cpu);
}

/*
 * Nothing but a switch tells a reader that a thread blocks.  The two of them make a bundle
 * of their own, as other switches of the CPU may have been told already.
 */
void perfetto_sched_leave(struct perfetto_sched *sched, const struct perfetto_leave *leave)
{
	struct perfetto_cpu *cpu = cpu_of(sched, leave->cpu);
	uint64_t time_ns = leave->time_ns ? leave->time_ns - 1 : 0;

	open_cpu(sched, cpu);
	if (cpu->names.n)
		flush(sched, leave->cpu);
	add_switch(cpu, time_ns, 0, (int32_t)leave->tid, leave->name);
	add_switch(cpu, time_ns, prev_state(leave->state), PERFETTO_OTHER_PID, sched->other_name);
	flush(sched, leave->cpu);
}

void perfetto_sched_release(struct perfetto_sched *sched)
{
	for (uint32_t id = 0; id < sched->cpus.n; id++) {
		struct perfetto_cpu *cpu = &sched->cpus.items[id];

		end_run(sched, cpu);
		if (cpu->names.n || cpu->wakings.n)
			flush(sched, id);
		array_release(&cpu->switch_deltas);
		array_release(&cpu->prev_states);
		array_release(&cpu->next_pids);
		array_release(&cpu->prios);
		array_release(&cpu->names);
		array_release(&cpu->wakings);
	}
	array_release(&sched->cpus);
}
