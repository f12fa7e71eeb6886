/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens over time, as a stream: the other half of the waist between analyses
 * and exporters.  A timeline is never held as a whole; what it says is handed to a
 * sink as soon as it is known.
 *
 * A thread's track holds its states, one after another without overlap, and its
 * system calls.  States are cut at the edges of system calls, so that slices of a
 * track nest; what was cut goes on as another slice of the same interval.  A system
 * call is handed out before the states within it, and states of one thread are in
 * the order of time.  Between tracks there is no order.
 * Interrupts of a CPU and kind do not overlap, nor do requests of a disk and lane, nor
 * pauses of one thread; what a filter or another one cut begins later than it did.
 * Curves of memory come one after another, in the order of time, from 0 on.
 */
#ifndef MODEL_TIMELINE_H
#define MODEL_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "event/syscalls.h"
#include "model/profile.h"
#include "model/sched.h"
#include "model/sheet.h"

struct timeline_state { /* a slice of a thread's track */
	uint32_t thread;
	uint64_t start_ns, end_ns;
	const struct sched_interval *interval; /* which it is all or a part of */
};

struct timeline_syscall {
	uint32_t thread;
	uint64_t start_ns, end_ns;
	uint32_t nr;
	uint64_t result;                /* as a signed number: -errno if it failed */
	uint64_t began_ns, returned_ns; /* the same of what is not cut */
	uint64_t args[SYSCALL_ARGS];    /* as of event/syscalls.h */
	bool has_args;
	bool is_cut; /* it began before start_ns */
};

struct timeline_run { /* a slice of a CPU's track */
	uint32_t cpu;
	uint32_t thread, task;
	uint64_t start_ns, end_ns;
	uint32_t left_as; /* enum task_state after it */
};

struct timeline_wakeup { /* at which the woken thread's slice ends, and the next begins */
	uint64_t time_ns;
	uint32_t waker, woken; /* threads that have tracks */
};

struct timeline_interrupt {   /* a slice of a CPU's track of interrupts, or of softirqs */
	uint32_t cpu, thread; /* whom it interrupted; 0: nobody that is recorded */
	enum interrupt_kind kind;
	uint32_t nr, name; /* string id of the handler, or softirq; 0: not known */
	uint64_t start_ns, end_ns;
};

struct timeline_disk {   /* a request, while the device has it */
	uint32_t device; /* string id */
	uint32_t lane;   /* of the device, from 0: as few as there are requests at a time */
	uint32_t thread; /* who asked for it; 0: nobody that is recorded */
	enum disk_op op;
	uint32_t error; /* an errno; 0: none */
	uint64_t sector, bytes;
	uint64_t queued_ns; /* before start_ns, in the kernel; 0: not known */
	uint64_t start_ns, end_ns;
	bool is_cut; /* it began before start_ns */
};

struct timeline_pause {           /* a language's runtime stops the threads of a process, or one */
	uint32_t thread;          /* the process's main thread, or the one that is stopped */
	uint32_t runtime, reason; /* string ids; 0: not told */
	uint32_t by, last;        /* threads: who stops them, the last to stop; 0: not known */
	uint64_t start_ns, end_ns;
	uint64_t stopping_ns; /* of that, until all had stopped; 0: not known */
	uint32_t last_stack;  /* of the last to stop; or 0 */
	bool is_process;      /* all that run the language's code are stopped */
	bool is_cut;          /* at either end */
};

enum timeline_mark_kind {
	MARK_FORK, /* detail: the new thread's tid */
	MARK_EXEC, /* detail: string id of the new name */
	MARK_EXIT,
	MARK_MIGRATE,        /* detail: the CPU it came from */
	MARK_FAULT,          /* detail: enum memory_access; address */
	MARK_TRIGGER,        /* of a flight recorder; detail: string id of what; duration_ns */
	MARK_SIGNAL_SENT,    /* to the thread; detail: the signal; sender */
	MARK_SIGNAL_ARRIVED, /* detail: the signal */
	MARK_SIGNAL_IGNORED, /* as of one sent */
};

struct timeline_mark {
	enum timeline_mark_kind kind;
	uint32_t thread; /* 0: nobody's, of a trigger that came from outside */
	uint64_t time_ns;
	uint32_t detail;
	uint32_t sender;      /* tid; 0: an interrupt, or no signal */
	uint64_t address;     /* of a page fault */
	uint64_t duration_ns; /* of what triggered */
	uint32_t stack;       /* of who did; or 0 */
};

struct timeline_sample {
	uint32_t thread, cpu;
	uint64_t time_ns, weight_ns;
	uint32_t stack;
};

struct timeline_load { /* of all that has tracks, over a short time from time_ns on */
	uint64_t time_ns;
	double n_running, n_runnable; /* threads, on average */
	double n_requests;            /* that disks had, on average */
	uint64_t n_switches;
};

struct timeline_memory {   /* a point of a curve: so much from time_ns on */
	uint32_t series;   /* 0: of all; or of a stack that had most, */
	const char *stack; /* whose innermost calls these are */
	uint64_t time_ns;
	int64_t bytes;
	bool is_resident; /* not allocated and in use, but resident */
};

struct timeline_sink { /* NULL: the sink does not show that */
	void (*state)(struct timeline_sink *sink, const struct timeline_state *state);
	void (*syscall)(struct timeline_sink *sink, const struct timeline_syscall *call);
	void (*run)(struct timeline_sink *sink, const struct timeline_run *run);
	void (*wakeup)(struct timeline_sink *sink, const struct timeline_wakeup *wakeup);
	void (*interrupt)(struct timeline_sink *sink, const struct timeline_interrupt *interrupt);
	void (*disk)(struct timeline_sink *sink, const struct timeline_disk *disk);
	void (*pause)(struct timeline_sink *sink, const struct timeline_pause *pause);
	void (*mark)(struct timeline_sink *sink, const struct timeline_mark *mark);
	void (*sample)(struct timeline_sink *sink, const struct timeline_sample *sample);
	void (*load)(struct timeline_sink *sink, const struct timeline_load *load);
	void (*memory)(struct timeline_sink *sink, const struct timeline_memory *memory);
	/* Everything else has passed: what the same recording says otherwise. */
	void (*profile)(struct timeline_sink *sink, const struct profile *profile);
	void (*sheets)(struct timeline_sink *sink, const struct sheets *sheets);

	/* Everything has passed, all names are known.  Frees @sink.  0 or -errno.  Never NULL. */
	int (*end)(struct timeline_sink *sink);
};

#endif /* MODEL_TIMELINE_H */
