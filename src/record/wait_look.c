/* SPDX-License-Identifier: GPL-2.0-only */
#include "wait_look.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "inner_tid.h"
#include "lock_owner.h"
#include "wait_live.h"
#include "wait_poll.h"
#include "wait_source.h"

#define MAX_NS     30000 /* what takes longer met something for the first time */
#define MAX_STACKS 98304 /* remembered: what a map of 3 MiB holds */
#define GLANCES    16    /* threads at a time, where nothing is sampled */
#define SHARE      0.25  /* of the budget, at most */
#define SAVED_NS   1e9   /* how long what is not used of that can be saved up */

struct wait_look {
	const struct wait_context *context; /* borrowed, as is reasons */
	struct wait_reasons *reasons;
	struct wait_live *live;
	struct wait_poll *poll;
	struct inner_tids inner;
	struct map stacks; /* thread, PC and SP → the stack they had last */
	double left_ns;    /* that it may take now */
	uint64_t at_ns;    /* when that was reckoned */
	uint64_t taken_ns; /* in this step */
	uint64_t n_explained;
};

void wait_look_forget_ids(struct wait_look *look)
{
	map_clear(&look->stacks);
	wait_poll_forget_ids(look->poll);
}

/* How a thread that is blocked now waits, and its stack.  -errno: it went on meanwhile, or else. */
static int find_blocked(struct wait_look *look, struct wait_call *call,
			struct wait_reason *ret_reason, uint32_t *ret_stack)
{
	const uint64_t *known;
	int r = wait_reasons_ask(look->reasons, call, ret_reason);

	if (r)
		return r;
	known = map_find(&look->stacks, wait_live_key(call->tid, call->ip, call->sp));
	if (known)
		*ret_stack = (uint32_t)*known;
	else
		r = wait_live_unwind(look->live, call, ret_stack);
	look->n_explained += !r;
	return r;
}

/* What began at @start_ns has cost, off what all may. */
static void charge(struct wait_look *look, uint64_t start_ns)
{
	uint64_t took_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns;

	if (took_ns > MAX_NS)
		took_ns = MAX_NS;
	look->left_ns -= (double)took_ns;
	look->taken_ns += took_ns;
}

static int look_up(void *arg, struct event_wait_stack *wait)
{
	struct wait_look *look = arg;
	struct wait_call call = {
		.pid = life_pid(look->context->life, wait->tid),
		.tid = wait->tid,
		.now_ns = clock_ns(CLOCK_MONOTONIC),
	};
	struct wait_reason reason;
	uint64_t start_ns;
	int r;

	if (!call.pid || !targets_has(look->context->targets, call.pid))
		return -ESRCH;
	if (look->left_ns <= 0)
		return -EBUSY;
	start_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	r = find_blocked(look, &call, &reason, &wait->stack);
	charge(look, start_ns);
	if (r)
		return r;
	wait->pid = call.pid;
	wait->why = reason.why;
	wait->nr = reason.nr;
	wait->object = reason.object;
	wait->address = reason.address;
	wait->offset = reason.offset;
	return 0;
}

/* One that is not there now may have got its id after the threads were looked at. */
static struct lock_thread thread_of(void *arg, uint32_t pid, uint32_t id)
{
	struct wait_look *look = arg;
	const struct life *life = look->context->life;
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	uint32_t tid = inner_tids_find(&look->inner, pid, id, false, now_ns);

	if (tid && !life_pid(life, tid))
		tid = inner_tids_find(&look->inner, pid, id, true, now_ns);
	return (struct lock_thread){ tid, life_pid(life, tid) };
}

static int find_owner(void *arg, const struct event_wait_stack *wait, uint32_t *ret)
{
	struct wait_look *look = arg;
	uint64_t start_ns;

	if (look->left_ns <= 0)
		return -EBUSY;
	start_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	*ret = lock_owner_read(wait->pid, wait->address, thread_of, look);
	charge(look, start_ns);
	return 0;
}

struct wait_look *wait_look_new(const struct wait_context *context, struct wait_reasons *reasons)
{
	static const struct wait_poll_ops ops = { look_up, find_owner };
	struct wait_look *look = xcalloc(1, sizeof(*look));

	look->context = context;
	look->reasons = reasons;
	look->live = wait_live_new(reasons, context->stacks);
	look->poll = wait_poll_new(context->streams, context->sink, &ops, look);
	return look;
}

void wait_look_free(struct wait_look *look)
{
	if (!look)
		return;
	wait_poll_free(look->poll);
	wait_live_free(look->live);
	map_release(&look->stacks);
	inner_tids_release(&look->inner);
	free(look);
}

void wait_look_remember(struct wait_look *look, const struct perf_record *record, uint32_t stack)
{
	const uint64_t *regs = record->sample.regs;

	if (look->stacks.n >= MAX_STACKS)
		map_clear(&look->stacks);
	*map_insert(&look->stacks,
		    wait_live_key(record->tid, regs[PERF_REG_IP], regs[PERF_REG_SP])) = stack;
}

void wait_look_take(struct wait_look *look, const struct event *event)
{
	wait_poll_take(look->poll, event);
}

void wait_look_explain(struct wait_look *look, struct event_task_state *state, uint64_t now_ns)
{
	struct wait_call call = { .pid = state->pid, .tid = state->tid, .now_ns = now_ns };
	struct event_wait_stack wait = { .pid = state->pid, .tid = state->tid };
	struct wait_reason reason;
	uint32_t stack;

	if (find_blocked(look, &call, &reason, &stack))
		return;
	state->stack = stack;
	state->why = reason.why;
	state->nr = reason.nr;
	state->object = reason.object;
	wait.why = reason.why;
	wait.address = reason.address;
	wait_poll_meet(look->poll, &wait, now_ns);
}

uint64_t wait_look_step(struct wait_look *look, double limit, uint64_t now_ns)
{
	double share = look->context->has_samples ? SHARE : 1;
	double rate = share * limit, saved = rate * SAVED_NS;

	look->left_ns += rate * (double)(now_ns - look->at_ns);
	look->at_ns = now_ns;
	if (look->left_ns > saved)
		look->left_ns = saved; /* also at first */
	look->taken_ns = 0;
	wait_poll_step(look->poll);
	if (!look->context->has_samples)
		wait_poll_glance(look->poll, GLANCES);
	return look->taken_ns;
}

uint64_t wait_look_n_put(const struct wait_look *look)
{
	return wait_poll_n_put(look->poll);
}

uint64_t wait_look_n_explained(const struct wait_look *look)
{
	return look->n_explained;
}
