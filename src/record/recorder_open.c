/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "base/err.h"
#include "permission.h"
#include "recorder_state.h"

static void follow_thread(void *arg, pid_t pid, pid_t tid)
{
	struct recorder *r = arg;

	(void)pid;
	if (map_find(&r->targets.tids, (uint32_t)tid))
		return;
	targets_add_thread(&r->targets, (uint32_t)pid, (uint32_t)tid);
	sampler_add_task(r->sampler, tid);
}

/*
 * Follow each thread by an event of its own.  A thread that is made meanwhile, by one
 * that is followed already, inherits; by another one, it is met in the next round.
 */
static void follow_process(struct recorder *r, pid_t pid)
{
	size_t before;

	do {
		before = r->targets.tids.n;
		threads_of(pid, follow_thread, r);
	} while (r->targets.tids.n != before);
}

/* Without them, a recording is the poorer, but is one. */
static void open_waits(struct recorder *r, const struct recorder_options *options)
{
	struct wait_context context = {
		.sampler = r->sampler,
		.stacks = r->stacks,
		.spaces = r->spaces,
		.definer = r->definer,
		.streams = &r->streams,
		.sink = &r->outlet,
		.targets = &r->targets,
		.life = &r->life,
		.has_calls = options->trace,
		.locks = options->kernel_locks ? &r->exact.locks : NULL,
		.has_samples = r->scope == SAMPLER_CPUS,
	};
	int error = wait_source_open(&context, options->budget_permille, &r->waits);

	if (error)
		warn("no stacks of waits: %s",
		     error == -ENOENT ? "this kernel has no event sched_switch" : strerror(-error));
}

/* Every CPU where that is allowed; else the targets only, where those are ours. */
static int open_sampler(struct recorder *r, const struct recorder_options *options)
{
	struct sampler_options wanted = {
		.hz = options->hz,
		.scope = SAMPLER_CPUS,
		.streams = &r->streams,
		.fn = recorder_take,
		.arg = r,
	};
	int error = sampler_open(&wanted, &r->sampler);

	if ((error == -EACCES || error == -EPERM) && !options->is_all) {
		wanted.scope = SAMPLER_TASKS;
		wanted.has_switches = !options->cpu_only;
		wanted.on_exec = options->command != NULL;
		error = sampler_open(&wanted, &r->sampler);
	}
	if (error)
		return permission_explain_open(error, options);
	r->scope = wanted.scope;
	if (!options->cpu_only)
		open_waits(r, options);
	if (r->scope == SAMPLER_CPUS)
		return 0;
	for (size_t i = 0; i < options->n_pids; i++) {
		error = permission_check_pid(options->pids[i]);
		if (error)
			return error;
		follow_process(r, options->pids[i]);
	}
	if (options->command)
		error = sampler_add_task(r->sampler, r->command.pid);
	if (!error)
		permission_note_missing(sampler_facts(r->sampler), r->targets.tids.n);
	return error ? permission_explain_open(error, options) : 0;
}

static void open_functions(struct recorder *r)
{
	r->functions = functions_new(&(struct functions_context){
		.options = r->options,
		.spaces = r->spaces,
		.stacks = r->stacks,
		.targets = &r->targets,
		.uprobes = r->uprobes,
	});
}

static void open_pauses(struct recorder *r)
{
	r->pauses = pauses_new(&(struct pauses_context){
		.spaces = r->spaces,
		.stacks = r->stacks,
		.targets = &r->targets,
		.definer = r->definer,
		.sink = &r->outlet,
		.uprobes = r->uprobes,
	});
}

static bool has_allocations(const struct recorder_options *options)
{
	return options->heap_rate && (options->command || options->heap_inject);
}

static int open_resident(struct recorder *r, uint64_t rate)
{
	if (r->scope != SAMPLER_CPUS)
		return err(-EPERM,
			   "cannot record resident memory: page faults of the whole machine "
			   "are not to be had; run with sudo");
	r->resident = resident_new(
		&(struct resident_context){
			.sampler = r->sampler,
			.stacks = r->stacks,
			.definer = r->definer,
			.sink = &r->outlet,
			.targets = &r->targets,
			.life = &r->life,
		},
		rate);
	return 0;
}

int recorder_watch_memory(struct recorder *r, uint64_t rate)
{
	int error = open_resident(r, rate);

	if (!error)
		error = resident_start(r->resident);
	if (!error)
		return 0;
	resident_free(r->resident);
	r->resident = NULL;
	return error;
}

/* Into what runs already it is brought only when all else is there. */
static int open_guests(struct recorder *r, const struct recorder_options *options)
{
	if (!options->heap_inject)
		return 0;
	return heap_source_inject(options->pids, options->n_pids, options->heap_rate, &r->heap);
}

/* Probes see every CPU: without that privilege they are refused. */
static int open_probes(struct recorder *r, const struct recorder_options *options)
{
	bool has_pauses = (options->trace || options->pauses) && r->scope == SAMPLER_CPUS;
	bool has_heap = has_allocations(options);
	int error = -EPERM;

	if (!has_pauses && !has_heap && !options->n_functions)
		return 0;
	if (r->scope == SAMPLER_CPUS)
		error = uprobes_open(r->sampler, &r->uprobes);
	if (error && has_heap)
		return err(error,
			   "cannot record allocations: no probes in programs: %s; run with sudo",
			   strerror(-error));
	if (error && options->n_functions)
		return err(error,
			   "cannot wait for functions: no probes in programs: %s; run with sudo",
			   strerror(-error));
	if (options->n_functions)
		open_functions(r);
	if (error)
		note("no pauses of garbage collectors: no probes in programs: %s",
		     strerror(-error));
	else if (has_pauses)
		open_pauses(r);
	return 0;
}

static int open_all(struct recorder *r, const struct recorder_options *options)
{
	int error = permission_check_targets(options);

	if (!error && options->heap_rate && options->command)
		error = heap_source_new(options->command[0], options->heap_rate, &r->heap);
	if (error)
		return error;
	if (options->command) {
		error = launch_prepare(options->command, heap_source_environment(r->heap),
				       &r->command);
		if (error)
			return err(error, "cannot start a process: %s", strerror(-error));
		targets_add_thread(&r->targets, (uint32_t)r->command.pid, (uint32_t)r->command.pid);
		r->waits_for_exec = true;
	}
	permission_raise_fds();
	error = open_sampler(r, options);
	if (!error)
		error = open_probes(r, options);
	if (!error && options->heap_rate && !has_allocations(options))
		error = open_resident(r, options->heap_rate);
	if (!error)
		error = open_guests(r, options);
	if (error || options->cpu_only)
		return error;
	r->exact.waits_for_exec = r->waits_for_exec;
	exact_open(&r->exact, &(struct exact_options){
				      .is_detailed = options->trace,
				      .of_locks = options->kernel_locks ? r->stacks : NULL,
				      .has_perf_switches = r->scope == SAMPLER_TASKS,
				      .buffer_bytes = options->trace_buffer_bytes,
				      .streams = &r->streams,
				      .sink = &r->outlet,
				      .definer = r->definer,
				      .life = &r->life,
				      .waits = r->waits,
				      .pids = options->pids,
				      .n_pids = options->n_pids,
			      });
	return 0;
}

int recorder_open(const struct recorder_options *options, struct event_sink *sink,
		  struct recorder **ret)
{
	struct recorder *r = xcalloc(1, sizeof(*r));
	int error;

	r->options = options;
	r->sink = sink;
	r->hz = options->hz;
	r->targets.is_all = options->is_all;
	r->outlet.put = recorder_put_through;
	r->definer = definer_new(sink);
	r->modules = modules_new();
	r->spaces = spaces_new(r->modules);
	r->stacks = stacks_new(r->spaces, r->definer);
	r->life = (struct life){
		.sink = &r->outlet,
		.definer = r->definer,
		.spaces = r->spaces,
		.targets = &r->targets,
	};
	error = open_all(r, options);
	if (error) {
		recorder_close(r);
		return error;
	}
	for (size_t i = 0; i < options->n_pids; i++)
		targets_add_process(&r->targets, (uint32_t)options->pids[i]);
	*ret = r;
	return 0;
}

void recorder_close(struct recorder *r)
{
	if (!r)
		return;
	if (r->command.pid && !r->start_ns)
		launch_abandon(&r->command);
	exact_close(&r->exact);
	wait_source_close(r->waits);
	pauses_free(r->pauses);
	functions_free(r->functions);
	heap_source_free(r->heap);
	resident_free(r->resident);
	sampler_close(r->sampler);
	uprobes_close(r->uprobes);
	streams_release(&r->streams);
	stacks_free(r->stacks);
	spaces_free(r->spaces);
	modules_free(r->modules);
	definer_free(r->definer);
	targets_release(&r->targets);
	life_release(&r->life);
	free(r);
}
