/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Switches and wake-ups in Perfetto's compact form, of which its readers make the CPUs'
 * tracks and the threads' states.
 */
#ifndef EXPORT_PERFETTO_SCHED_H
#define EXPORT_PERFETTO_SCHED_H

#include "base/array.h"
#include "base/map.h"
#include "export/perfetto.pb-c.h"
#include "model/names.h"
#include "model/timeline.h"

struct perfetto_waking {
	uint64_t time_ns;
	uint32_t tid, name, target_cpu;
	bool by_interrupt;
};

struct perfetto_leave { /* a thread leaves a CPU on which it is not known to have run */
	uint64_t time_ns;
	uint32_t cpu, tid, name;
	uint32_t state; /* enum task_state */
};

struct perfetto_cpu { /* of one CPU: what is not written yet */
	ARRAY(uint64_t) switch_deltas;
	ARRAY(int64_t) prev_states;
	ARRAY(int32_t) next_pids, prios;
	ARRAY(uint32_t) names; /* text ids */
	ARRAY(struct perfetto_waking) wakings;
	uint64_t last_ns; /* of the last switch told in this bundle; 0: none */
	uint64_t end_ns;  /* the CPU is known to have run its last thread until then */
	int64_t left_as;  /* how that one left it */
	bool is_open;     /* that one is the CPU's last */
};

struct perfetto_sched {
	ARRAY(struct perfetto_cpu) cpus;
	struct names *names;
	uint64_t start_ns;
	uint32_t other_name; /* text id of what stands for all that was not recorded */

	/* Where a bundle goes when it is full. */
	void (*put)(void *arg, const Perfetto__FtraceEventBundle *bundle);
	void *arg;
};

/* What a CPU runs that runs no recorded thread: no process can have this id. */
#define PERFETTO_OTHER_PID ((1 << 22) + 1)

/* Runs of a CPU come in the order of time. */
void perfetto_sched_run(struct perfetto_sched *sched, const struct timeline_run *run, uint32_t tid,
			uint32_t name);
void perfetto_sched_waking(struct perfetto_sched *sched, uint32_t cpu,
			   const struct perfetto_waking *waking);

/* A nanosecond before @leave, nobody may be told to run there. */
void perfetto_sched_leave(struct perfetto_sched *sched, const struct perfetto_leave *leave);

/* Everything has passed: write what is left and free it. */
void perfetto_sched_release(struct perfetto_sched *sched);

#endif /* EXPORT_PERFETTO_SCHED_H */
