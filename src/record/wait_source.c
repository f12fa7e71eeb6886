/* SPDX-License-Identifier: GPL-2.0-only */
#include "wait_source.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "call_stack.h"
#include "trace.h"
#include "trace_filter.h"
#include "tracepoint.h"
#include "wait_cost.h"
#include "wait_fault.h"
#include "wait_filter.h"
#include "wait_look.h"
#include "wait_pointer.h"

#define FAULT_STACK_BYTES 8192u
#define POLL_MS           3 /* so that waits of 10 ms are surely found */
#define MIN_WINDOW_NS     10000000u
#define REFRESH_NS        100000000u /* between better filters, at least */
#define MANY_STRANGERS    50         /* samples that are worth them */

/* Interrupts wake on behalf of nobody: TRACE_FLAG_HARDIRQ and _SOFTIRQ. */
#define IS_NO_INTERRUPT "!(common_flags&24)"

/* TASK_INTERRUPTIBLE or _UNINTERRUPTIBLE: neither preempted nor stopped nor dead. */
#define IS_BLOCKING "prev_state&3"

#define CALLER    "common_pid"
#define IS_THREAD CALLER ">0"

struct wait_source {
	struct wait_context context;
	struct wait_faults *faults;
	struct wait_reasons *reasons;
	struct wait_look *look;
	struct wait_pointers pointers;
	struct call_stacks calls;
	uint32_t switch_id, waking_id; /* 0: this kernel has no such event */
	struct tracepoint_field woken; /* in raw data of a waking */
	uint32_t lock_id;              /* 0: waits for the kernel's locks are not sampled */
	struct tracepoint_field lock;  /* in raw data of such a wait: its address */
	bool has_ids;                  /* of tracepoints are those that /proc has */
	bool is_started;
	uint32_t first_tid;   /* the last id given out before the targets were looked for */
	struct map strangers; /* processes that woke a target, and are none */
	struct wait_cost cost;
	struct budget budget;
	struct budget_load load; /* of this window */
	uint64_t window_ns;      /* when it began */
	uint64_t refreshed_ns;
	uint64_t n_strange;        /* of stats, as of then */
	uint64_t n_strange_before; /* this window */
	uint64_t n_unfinished;     /* stacks, when the window began */
	uint64_t n_near;           /* as of then */
	bool has_deep;             /* the window before had stacks that small samples do not hold */
	struct wait_newborns newborns;
	uint32_t last_tid; /* that the filters have */
	struct wait_stats stats;
};

void wait_source_explain(void *source, struct event_task_state *state, uint64_t now_ns)
{
	wait_look_explain(((struct wait_source *)source)->look, state, now_ns);
}

static int find_tracepoints(struct wait_source *source)
{
	struct tracepoint_field unused;
	int r = tracepoint_find("sched", "sched_switch", "prev_state", &source->switch_id, &unused);

	if (!r)
		r = tracepoint_find("sched", "sched_waking", "pid", &source->waking_id,
				    &source->woken);
	if (r == -ENOENT && source->switch_id)
		r = 0;
	if (!r && source->context.has_calls)
		call_stacks_open(&source->calls);
	if (source->calls.id)
		budget_expect_many(&source->budget, BUDGET_CALLS);
	if (!r && source->context.locks &&
	    !tracepoint_find("lock", "contention_begin", "lock_addr", &source->lock_id,
			     &source->lock))
		budget_expect_many(&source->budget, BUDGET_SPINS);
	return r;
}

int wait_source_open(const struct wait_context *context, uint32_t budget_permille,
		     struct wait_source **ret)
{
	struct wait_source *source = xcalloc(1, sizeof(*source));
	int r = 0;

	source->context = *context;
	source->has_ids = targets_have_first_ids();
	source->faults = wait_faults_new(context->definer);
	source->reasons = wait_reasons_new(context->spaces, context->definer, source->faults);
	source->look = wait_look_new(&source->context, source->reasons);
	wait_pointers_init(&source->pointers, context->stacks, context->definer);
	wait_cost_init(&source->cost);
	budget_init(&source->budget, budget_permille, (uint32_t)sysconf(_SC_NPROCESSORS_ONLN));
	*ret = source;
	if (context->has_samples)
		r = find_tracepoints(source);
	if (r) {
		wait_source_close(source);
		*ret = NULL;
	}
	return r;
}

void wait_source_close(struct wait_source *source)
{
	if (!source)
		return;
	wait_look_free(source->look);
	wait_reasons_free(source->reasons);
	wait_faults_free(source->faults);
	wait_pointers_release(&source->pointers);
	map_release(&source->strangers);
	free(source);
}

/* Which threads: all but our own, or the targets' by their ids in @field. */
static void add_who(struct wait_source *source, struct buf *out, const char *field)
{
	const struct map *tids = &source->context.targets->tids;
	ARRAY(uint32_t) list = { 0 };
	struct map_slot *slot;

	if (source->context.targets->is_all || !source->has_ids) {
		if (source->has_ids) {
			buf_puts(out, "&&");
			trace_filter_not_ours(field, out);
			buf_puts(out, "&&");
			trace_filter_not_ours("common_pid", out);
		}
		return;
	}
	map_for_each(slot, tids)
		*array_add(&list) = (uint32_t)slot->key;
	buf_puts(out, "&&");
	wait_filter_add_tids(out, field, list.items, list.n, source->last_tid);
	array_release(&list);
}

/* Which budget a source of samples is under. */
static const enum budget_event budgets[SAMPLER_N_SOURCES] = {
	[SAMPLER_SWITCHES] = BUDGET_WAITS, [SAMPLER_WAKINGS] = BUDGET_WAKES,
	[SAMPLER_CALLS] = BUDGET_CALLS,    [SAMPLER_LOCKS] = BUDGET_LOCKS,
	[SAMPLER_SPINS] = BUDGET_SPINS,
};

static int open_event(struct wait_source *source, enum sampler_source from, uint32_t id,
		      const char *filter)
{
	return sampler_trace(source->context.sampler, from,
			     &(struct sampler_tracepoint){
				     .type = PERF_TYPE_TRACEPOINT,
				     .id = id,
				     .period = budget_period(&source->budget, budgets[from]),
				     .stack_bytes = budget_stack_bytes(&source->budget),
				     .has_kernel = from >= SAMPLER_LOCKS,
				     .filter = filter,
			     });
}

/* What a thread does by itself: system calls, waits for the kernel's locks. */
static int open_own(struct wait_source *source, enum sampler_source from, uint32_t id,
		    const char *of)
{
	struct buf filter = { 0 };
	int r;

	if (!id)
		return 0;
	buf_puts(&filter, of);
	add_who(source, &filter, CALLER);
	r = open_event(source, from, id, buf_str(&filter));
	buf_release(&filter);
	return r;
}

static void pause_calls(struct wait_source *source)
{
	sampler_pause(source->context.sampler, SAMPLER_CALLS, source->calls.is_paused);
}

static int open_events(struct wait_source *source)
{
	const struct {
		enum sampler_source from;
		uint32_t id;
		const char *of;
	} own[] = {
		{ SAMPLER_CALLS, source->calls.id, IS_THREAD },
		{ SAMPLER_LOCKS, source->lock_id, IS_THREAD "&&" IS_NO_INTERRUPT "&&!(flags&1)" },
		{ SAMPLER_SPINS, source->lock_id, IS_THREAD "&&" IS_NO_INTERRUPT "&&flags&1" },
	};
	struct buf waits = { 0 }, wakes = { 0 };
	int r;

	source->last_tid = source->newborns.last_ids[1];
	buf_puts(&waits, IS_BLOCKING);
	add_who(source, &waits, "prev_pid");
	buf_puts(&wakes, IS_NO_INTERRUPT);
	add_who(source, &wakes, "pid");
	r = open_event(source, SAMPLER_SWITCHES, source->switch_id, buf_str(&waits));
	if (!r && source->waking_id)
		r = open_event(source, SAMPLER_WAKINGS, source->waking_id, buf_str(&wakes));
	for (size_t i = 0; !r && i < sizeof(own) / sizeof(own[0]); i++)
		r = open_own(source, own[i].from, own[i].id, own[i].of);
	if (source->calls.is_paused)
		pause_calls(source);
	buf_release(&waits);
	buf_release(&wakes);
	return r;
}

/* Of all threads, as they are few: each has waited. */
static int open_faults(struct wait_source *source)
{
	struct sampler_tracepoint tp = {
		.type = PERF_TYPE_SOFTWARE,
		.id = PERF_COUNT_SW_PAGE_FAULTS_MAJ,
		.period = 1,
		.stack_bytes = FAULT_STACK_BYTES,
	};

	return sampler_trace(source->context.sampler, SAMPLER_FAULTS, &tp);
}

void wait_source_begin(struct wait_source *source)
{
	source->first_tid = trace_last_id();
}

int wait_source_start(struct wait_source *source)
{
	int r;

	source->is_started = true;
	source->newborns.last_ids[0] = source->newborns.last_ids[1] = source->first_tid;
	if (!source->context.has_samples)
		return 0;
	sampler_hold(source->context.sampler);
	r = open_events(source);
	if (!r)
		r = open_faults(source);
	sampler_release(source->context.sampler);
	if (source->calls.is_paused)
		pause_calls(source);
	return r;
}

static void put_wait(struct wait_source *source, const struct perf_record *record)
{
	uint32_t stack = stacks_intern(source->context.stacks, record);
	struct wait_reason reason = wait_reasons_find(source->reasons, record, stack);
	struct event event = {
		.kind = EVENT_WAIT_STACK,
		.time_ns = record->time_ns,
		.wait_stack = {
			.pid = record->pid,
			.tid = record->tid,
			.cpu = record->cpu,
			.stack = stack,
			.why = reason.why,
			.nr = reason.nr,
			.object = reason.object,
			.address = reason.address,
			.period = record->period,
			.offset = reason.offset,
		},
	};

	if (reason.why == WAIT_LOCK || reason.why == WAIT_CONDVAR)
		wait_pointers_take(&source->pointers, record, &event.wait_stack);
	wait_look_remember(source->look, record, stack);
	life_meet(source->context.life, record->pid, record->tid, record->time_ns);
	source->stats.n_waits++;
	event_sink_put(source->context.sink, &event);
	wait_look_take(source->look, &event);
}

static void put_wake(struct wait_source *source, const struct perf_record *record, uint32_t woken)
{
	uint32_t stack = stacks_intern(source->context.stacks, record);
	struct event event = {
		.kind = EVENT_WAKE_STACK,
		.time_ns = record->time_ns,
		.wake_stack = {
			.pid = record->pid,
			.tid = record->tid,
			.woken = woken,
			.cpu = record->cpu,
			.stack = stack,
			.address = wait_reasons_futex(source->reasons, record, stack),
			.period = record->period,
		},
	};

	life_meet(source->context.life, record->pid, record->pid, record->time_ns);
	life_meet(source->context.life, record->pid, record->tid, record->time_ns);
	if (!targets_has(source->context.targets, record->pid))
		*map_insert(&source->strangers, record->pid) = 1;
	source->stats.n_wakes++;
	event_sink_put(source->context.sink, &event);
}

static void put_call(struct wait_source *source, const struct perf_record *record)
{
	struct event event = call_stacks_event(&source->calls, record,
					       stacks_intern(source->context.stacks, record));

	life_meet(source->context.life, record->pid, record->tid, record->time_ns);
	event_sink_put(source->context.sink, &event);
}

/* Threads of the kernel's, too, which have no other stack than the kernel's. */
static bool put_lock(struct wait_source *source, const struct perf_record *record)
{
	if (!targets_has(source->context.targets, record->pid))
		return false;
	life_meet(source->context.life, record->pid, record->tid, record->time_ns);
	source->stats.n_locks++;
	kernel_locks_sample(source->context.locks, record->tid,
			    tracepoint_number(&record->sample, &source->lock),
			    stacks_intern(source->context.stacks, record), record->period);
	return true;
}

/* They are too few to have to keep to the budget. */
static void put_fault(struct wait_source *source, const struct perf_record *record)
{
	struct event event;

	if (record->sample.abi == PERF_SAMPLE_REGS_ABI_NONE ||
	    !targets_has(source->context.targets, record->pid))
		return;
	event = wait_faults_event(source->faults, record,
				  stacks_intern(source->context.stacks, record));
	life_meet(source->context.life, record->pid, record->tid, record->time_ns);
	source->stats.n_faults++;
	event_sink_put(source->context.sink, &event);
}

void wait_source_see_fault(struct wait_source *source, uint32_t tid, uint64_t ip, uint64_t address)
{
	wait_faults_see(source->faults, tid, ip, address);
}

/* What strangers cost is kept low by better filters, not by fewer samples of the targets. */
static bool take(struct wait_source *source, const struct perf_record *record)
{
	const struct targets *targets = source->context.targets;
	uint32_t woken;

	if (record->source >= SAMPLER_LOCKS)
		return put_lock(source, record);
	if (record->sample.abi == PERF_SAMPLE_REGS_ABI_NONE)
		return true; /* a thread of the kernel's */
	if (record->source != SAMPLER_WAKINGS) {
		if (!targets_has(targets, record->pid))
			return false;
		(record->source == SAMPLER_CALLS ? put_call : put_wait)(source, record);
		return true;
	}
	woken = source->has_ids ? (uint32_t)tracepoint_number(&record->sample, &source->woken) : 0;
	if (!targets->is_all && !map_find(&targets->tids, woken) &&
	    (woken || !targets_has(targets, record->pid)))
		return false;
	put_wake(source, record, woken);
	return true;
}

void wait_source_take(struct wait_source *source, const struct perf_record *record)
{
	uint64_t begun;
	bool is_ours;

	if (record->source == SAMPLER_FAULTS) {
		put_fault(source, record);
		return;
	}
	begun = wait_cost_begin(&source->cost);
	is_ours = take(source, record);
	source->load.n_samples[budgets[record->source]] += is_ours;
	source->stats.n_strangers += !is_ours;
	source->stats.copy_ns += budget_sample_ns(&source->budget);
	source->load.recorder_ns += wait_cost_end(&source->cost, begun);
}

/* What it runs is read anew from /proc when it wakes a target again. */
void wait_source_take_other(struct wait_source *source, const struct perf_record *record)
{
	bool is_end = record->type == PERF_RECORD_EXIT && record->pid == record->tid;

	if (!map_find(&source->strangers, record->pid))
		return;
	if (is_end || (record->type == PERF_RECORD_COMM && record->comm.is_exec) ||
	    (record->type == PERF_RECORD_MMAP2 && record->mmap.is_exec))
		spaces_exec(source->context.spaces, (pid_t)record->pid);
	if (is_end)
		map_remove(&source->strangers, record->pid);
}

void wait_source_take_lost(struct wait_source *source, uint64_t n)
{
	source->load.n_lost += n;
}

/* Of what was lost, those that were not of strangers, if they were like the others. */
static uint64_t lost_of_ours(const struct wait_source *source)
{
	const struct budget_load *load = &source->load;
	uint64_t n_ours = 0, n_strange = source->stats.n_strangers - source->n_strange_before;

	for (size_t i = 0; i < BUDGET_N_EVENTS; i++)
		n_ours += load->n_samples[i];
	return n_strange ? load->n_lost * n_ours / (n_ours + n_strange) : load->n_lost;
}

/* True: the events must be opened anew. */
static bool close_window(struct wait_source *source, uint64_t now_ns)
{
	uint64_t n_unfinished = stacks_n_unknown_callers(source->context.stacks);
	uint64_t n_near = stacks_n_near(source->context.stacks);
	struct budget_load load = source->load;

	load.elapsed_ns = now_ns - source->window_ns;
	load.n_lost = lost_of_ours(source);
	source->n_strange_before = source->stats.n_strangers;
	load.n_unfinished = n_unfinished - source->n_unfinished;
	source->n_unfinished = n_unfinished;
	source->has_deep = n_near != source->n_near;
	source->n_near = n_near;
	source->load = (struct budget_load){ 0 };
	source->window_ns = now_ns;
	source->stats.recorder_ns += load.recorder_ns;
	return budget_update(&source->budget, &load);
}

/* Strangers are sampled, or ids that are not passed will soon be given out. */
static bool is_outdated(struct wait_source *source, uint64_t now_ns)
{
	uint64_t n = source->stats.n_strangers - source->n_strange;

	if (source->context.targets->is_all || !source->has_ids)
		return false;
	wait_newborns_look(&source->newborns, now_ns);
	if (now_ns - source->refreshed_ns < REFRESH_NS ||
	    (n < MANY_STRANGERS &&
	     source->newborns.last_ids[0] - source->last_tid < WAIT_FILTER_NEWBORNS / 2))
		return false;
	source->refreshed_ns = now_ns;
	source->n_strange = source->stats.n_strangers;
	return true;
}

/* A flood is met before it has filled the rings. */
static bool is_window_over(const struct wait_source *source, uint64_t now_ns)
{
	uint64_t elapsed_ns = now_ns - source->window_ns;

	return elapsed_ns >= BUDGET_WINDOW_NS ||
	       (elapsed_ns >= MIN_WINDOW_NS &&
		(source->load.n_lost || budget_is_spent(&source->budget, &source->load)));
}

/* As much as can be afforded. */
static void step_samples(struct wait_source *source, uint64_t now_ns)
{
	bool again = false;

	if (!source->window_ns)
		source->window_ns = now_ns;
	if (is_window_over(source, now_ns))
		again = close_window(source, now_ns);
	again |= is_outdated(source, now_ns);
	if (source->calls.id &&
	    call_stacks_step(&source->calls, budget_period(&source->budget, BUDGET_CALLS), now_ns))
		pause_calls(source);
	if (again)
		open_events(source);
}

void wait_source_step(struct wait_source *source, uint64_t now_ns)
{
	if (!source->is_started)
		return;
	if (source->context.has_samples)
		step_samples(source, now_ns);
	source->load.poll_ns += wait_look_step(source->look, source->budget.limit, now_ns);
}

/* Unless all is in the samples: what is not is in memory, for the time of the wait. */
int wait_source_timeout_ms(const struct wait_source *source)
{
	bool is_all = source->context.has_samples &&
		      !(source->budget.is_small && source->has_deep) &&
		      budget_period(&source->budget, BUDGET_WAITS) == 1;

	return is_all ? INT_MAX : POLL_MS;
}

void wait_source_take_exact(struct wait_source *source, const struct event *event)
{
	wait_look_take(source->look, event);
}

void wait_source_forget_ids(struct wait_source *source)
{
	wait_look_forget_ids(source->look);
	wait_pointers_forget_ids(&source->pointers);
	wait_reasons_forget_ids(source->reasons);
}

void wait_source_put_counters(struct wait_source *source, uint64_t now_ns)
{
	const struct wait_stats *stats = &source->stats;
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "waits.stacks", stats->n_waits },
		{ "waits.wakers", stats->n_wakes },
		{ "waits.faults", stats->n_faults },
		{ "waits.calls", source->calls.n },
		{ "waits.kernel_locks", stats->n_locks },
		{ "waits.late", wait_look_n_put(source->look) },
		{ "waits.explained", wait_look_n_explained(source->look) },
		{ "waits.strangers", stats->n_strangers },
		{ "waits.unknown_calls", wait_reasons_stats(source->reasons)->n_unknown },
		{ "waits.copy_ns", stats->copy_ns },
		{ "waits.recorder_ns", stats->recorder_ns },
	};
	struct event event = { .kind = EVENT_COUNTER, .time_ns = now_ns };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		event.counter.name = definer_string(source->context.definer, rows[i].name);
		event.counter.value = rows[i].value;
		event_sink_put(source->context.sink, &event);
	}
}
