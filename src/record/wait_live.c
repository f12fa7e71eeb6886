/* SPDX-License-Identifier: GPL-2.0-only */
#include "wait_live.h"

#include <errno.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#define STACK_BYTES 65536u
#define PAGE_BYTES  4096u

/* Registers that nobody knows: an address where nothing can be, so that no rule leads on. */
#define UNKNOWN 0xdead000000000000u

struct wait_live {
	struct wait_reasons *reasons; /* borrowed */
	struct stacks *stacks;        /* borrowed */
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

	for (size_t i = 0; i < PERF_N_REGS; i++)
		regs[i] = UNKNOWN;
	regs[PERF_REG_IP] = call->ip;
	regs[PERF_REG_SP] = call->sp;
	record.sample.stack_size = read_stack(live, call->pid, call->sp);
	if (!record.sample.stack_size)
		return -EFAULT;
	if (wait_reasons_ask(live->reasons, &after, &unused) || after.ip != call->ip ||
	    after.sp != call->sp)
		return -EAGAIN;
	*ret_stack = stacks_intern(live->stacks, &record);
	return 0;
}
