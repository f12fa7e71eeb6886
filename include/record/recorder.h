/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The recorder: opens what the kernel offers, follows the targets, and puts what
 * happens to them as events into a sink, live.  Who calls owns the loop:
 *
 *     recorder_open(&options, sink, &r);
 *     recorder_prepare(r);
 *     recorder_start(r);
 *     while (!(done = recorder_step(r, 50)) && !stop)
 *             ;
 *     recorder_stop(r);
 *     recorder_close(r);
 *
 * It prints why it cannot do what was asked for, and what is missing.
 */
#ifndef RECORD_RECORDER_H
#define RECORD_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "event/definer.h"
#include "event/sink.h"

struct recorder;

struct function_name {        /* as a user writes it */
	const char *module;   /* a file: its path, or the last part; NULL: what is run */
	size_t module_size;   /* bytes of that: it need not end there */
	const char *function; /* as linked, or as written in C++ or Rust: no parameters */
};

struct function_entry {
	uint64_t time_ns;
	uint32_t pid, tid;
	uint32_t stack; /* id */
};

struct recorder_options {
	const pid_t *pids; /* processes to follow; borrowed */
	size_t n_pids;
	bool is_all;    /* everybody instead */
	char **command; /* or this, to be started; NULL: none */
	uint32_t hz;
	bool cpu_only;     /* samples of the CPUs only: no switches, no tracefs */
	bool trace;        /* system calls, page faults, disk requests, signals, interrupts, too */
	bool pauses;       /* of runtimes: with or without trace */
	bool kernel_locks; /* waits for locks of the kernel's, too */
	size_t trace_buffer_bytes; /* of each CPU, in the kernel; 0: as fits the machine */
	uint64_t heap_rate; /* sample one in so many bytes that command allocates, or that pids
			     * touch for the first time; 0: none */
	bool heap_inject;   /* of pids, record what they allocate: load a library into them */
	const struct function_name *functions; /* to be waited for; borrowed, as their texts */
	size_t n_functions;

	/*
	 * A target's thread enters @name; all that happened before has been put.  False: no more
	 * entries are wanted, until recorder_await_entries().
	 */
	bool (*on_entry)(void *arg, const struct function_name *name,
			 const struct function_entry *entry);
	void *on_entry_arg;
	uint32_t budget_permille; /* of the machine, for stacks of waits at most */
};

/* What has been recorded so far. */
struct recorder_totals {
	uint64_t n_samples;
	uint64_t n_lost;
	uint64_t elapsed_ns;  /* since the window opened */
	uint64_t window_ns;   /* its length, once it is closed */
	uint64_t told_ns;     /* whatever happened until then has been put */
	uint64_t self_cpu_ns; /* processor time of the recorder, since its start */
	bool has_switches;    /* of threads: they are recorded, */
	bool has_wakeups;     /* and wake-ups too */
	bool has_pauses;      /* of runtimes: their probes can be had */
};

/*
 * 0 or -errno, having said why.  @options and what it points to are borrowed until
 * recorder_close().  Nothing is put into @sink before recorder_start().
 */
int recorder_open(const struct recorder_options *options, struct event_sink *sink,
		  struct recorder **ret);
void recorder_close(struct recorder *recorder);

/* Put probes where heap_rate and functions want them.  0 or -errno, having said why. */
int recorder_prepare(struct recorder *recorder);

/*
 * Open the window; let the command go on to its exec.  0 or -errno; -errno of the
 * failed exec, and nothing said, when recorder_command_pid() is 0 afterwards.
 */
int recorder_start(struct recorder *recorder);

/*
 * Wait at most @timeout_ms, then take what has happened.  0: go on; 1: all targets are
 * gone; -errno of the sink.
 */
int recorder_step(struct recorder *recorder, int timeout_ms);

/*
 * From here on tell who touched first what is resident of the targets, as heap_rate does from
 * the start.  Once, between steps.  0 or -errno, having said why: it goes on without.
 */
int recorder_watch_memory(struct recorder *recorder, uint64_t rate);

/* Close the window: take what is left, put the counters and END.  0 or -errno of the sink. */
int recorder_stop(struct recorder *recorder);

/* After definer_restart(): nobody may use ids of before. */
void recorder_forget_ids(struct recorder *recorder);

/* Tell of functions that are entered again. */
void recorder_await_entries(struct recorder *recorder);

/* In a child that was forked between two steps, to name what was recorded so far. */
void recorder_forked(struct recorder *recorder);

struct recorder_totals recorder_totals(const struct recorder *recorder);

pid_t recorder_command_pid(const struct recorder *recorder); /* 0: none */

/* For names: the definer of the ids, and the open file of a module, or -1. */
struct definer *recorder_definer(struct recorder *recorder);
int recorder_module_fd(void *recorder, uint32_t module);

#endif /* RECORD_RECORDER_H */
