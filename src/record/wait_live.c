/* SPDX-License-Identifier: GPL-2.0-only */
#include "wait_live.h"

#include <errno.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/file.h"

#define STACK_BYTES  65536u
#define PAGE_BYTES   4096u
#define MIN_CHECK_NS 250000000u /* the events of a time have surely been put so long after */
#define THREAD_NS    600000u    /* for each thread: 3 us of reading are half a percent of it */
#define MAX_CHECKED  2000       /* threads in one check */
#define IS_TOLD      ((uint64_t)1 << 63)

/* Registers that nobody knows: an address where nothing can be, so that no rule leads on. */
#define UNKNOWN 0xdead000000000000u

struct wait_live {
	struct wait_reasons *reasons; /* borrowed */
	struct stacks *stacks;        /* borrowed */
	struct map slices; /* thread → how often it had run at the last check, and whether told */
	uint64_t checked_ns;
	size_t next; /* slot of the targets' to go on at */
	unsigned char *bytes;
};

struct wait_live *wait_live_new(struct wait_reasons *reasons, struct stacks *stacks)
{
	struct wait_live *live = xcalloc(1, sizeof(*live));

	live->reasons = reasons;
	live->stacks = stacks;
	live->bytes = xmalloc(STACK_BYTES);
	return live;
}

void wait_live_free(struct wait_live *live)
{
	if (!live)
		return;
	map_release(&live->slices);
	free(live->bytes);
	free(live);
}

/* Page by page: what is mapped is read although what follows is not. */
static size_t read_stack(struct wait_live *live, uint32_t pid, uint64_t sp)
{
	struct iovec local = { live->bytes, STACK_BYTES };
	struct iovec remote[STACK_BYTES / PAGE_BYTES];
	ssize_t size;

	for (size_t i = 0, at = 0; i < STACK_BYTES / PAGE_BYTES; i++) {
		size_t part = PAGE_BYTES - (size_t)((sp + at) % PAGE_BYTES);

		remote[i] = (struct iovec){ (void *)(uintptr_t)(sp + at), part };
		at += part;
	}
	size = process_vm_readv((pid_t)pid, &local, 1, remote, STACK_BYTES / PAGE_BYTES, 0);
	return size > 0 ? (size_t)size & ~(size_t)7 : 0;
}

int wait_live_unwind(struct wait_live *live, const struct wait_call *call, uint32_t *ret_stack)
{
	uint64_t regs[PERF_N_REGS];
	struct perf_record record = {
		.type = PERF_RECORD_SAMPLE,
		.time_ns = call->now_ns,
		.pid = call->pid,
		.tid = call->tid,
		.sample = {
			.abi = PERF_SAMPLE_REGS_ABI_64,
			.regs = regs,
			.stack = live->bytes,
		},
	};
	struct wait_call after = *call;
	struct wait_reason unused;
	uint32_t stack;

	for (size_t i = 0; i < PERF_N_REGS; i++)
		regs[i] = UNKNOWN;
	regs[PERF_REG_IP] = call->ip;
	regs[PERF_REG_SP] = call->sp;
	record.sample.stack_size = read_stack(live, call->pid, call->sp);
	if (!record.sample.stack_size)
		return -EFAULT;
	stack = stacks_intern(live->stacks, &record);
	if (wait_reasons_ask(live->reasons, &after, &unused) || after.ip != call->ip ||
	    after.sp != call->sp)
		return -EAGAIN;
	*ret_stack = stack;
	return 0;
}

/* How often a thread has run: the third number of its schedstat.  0: not known. */
static uint64_t slices_of(uint32_t pid, uint32_t tid)
{
	struct buf text = { 0 };
	const char *last;
	uint64_t n = 0;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%u/task/%u/schedstat", pid, tid);
	if (file_read(path, &text) > 0) {
		last = strrchr(buf_str(&text), ' ');
		n = last ? strtoull(last, NULL, 10) : 0;
	}
	buf_release(&text);
	return n;
}

/* Whether the thread has not run since the last check, and this is not known yet. */
static bool is_new_wait(struct wait_live *live, uint32_t pid, uint32_t tid)
{
	uint64_t n = slices_of(pid, tid), *known = map_insert(&live->slices, tid);
	bool is_new = n && *known == n;

	if ((*known & ~IS_TOLD) != n)
		*known = n;
	else if (is_new)
		*known |= IS_TOLD;
	return is_new;
}

void wait_live_check(struct wait_live *live, const struct targets *targets, uint64_t now_ns,
		     void (*fn)(void *arg, uint32_t pid, uint32_t tid, uint64_t now_ns), void *arg)
{
	const struct map *tids = &targets->tids;

	if (now_ns - live->checked_ns < MIN_CHECK_NS ||
	    now_ns - live->checked_ns < tids->n * THREAD_NS)
		return;
	live->checked_ns = now_ns;
	if (live->slices.n > 4 * tids->n + MAX_CHECKED) /* threads that are gone */
		map_clear(&live->slices);
	for (size_t i = 0, n = 0; i < tids->n_slots && n < MAX_CHECKED; i++, live->next++) {
		const struct map_slot *slot = &tids->slots[live->next % tids->n_slots];

		if (!slot->used)
			continue;
		n++;
		if (is_new_wait(live, (uint32_t)slot->value, (uint32_t)slot->key))
			fn(arg, (uint32_t)slot->value, (uint32_t)slot->key, now_ns);
	}
}
