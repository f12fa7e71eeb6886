/* SPDX-License-Identifier: GPL-2.0-only */
#include "find.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/file.h"
#include "place.h"

#define STACK_BYTES 65536u
#define PAUSE_US    500 /* between rounds through all threads */

static void list_threads(struct find *find)
{
	char *path = xasprintf("/proc/%d/task", find->target->pid);
	DIR *dir = opendir(path);
	const struct dirent *entry;

	free(path);
	find->tids.n = find->next = 0;
	while (dir && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.')
			*array_add(&find->tids) = (pid_t)strtol(entry->d_name, NULL, 10);
	}
	if (dir)
		closedir(dir);
}

/* Of signals; all, if it is not there. */
static uint64_t status_mask(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at ? strtoull(at + strlen(name), NULL, 16) : UINT64_MAX;
}

/* One of those by which nothing happens unless they are caught; 0: it wants them all. */
static int ignored_signal(const char *status)
{
	static const int candidates[] = { SIGURG, SIGWINCH, SIGCHLD };
	uint64_t taken = status_mask(status, "\nSigBlk:\t") | status_mask(status, "\nSigCgt:\t");

	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
		if (!(taken >> (candidates[i] - 1) & 1))
			return candidates[i];
	}
	return 0;
}

/*
 * One that waits in the kernel for what nothing interrupts cannot be stopped now; one that has
 * a filter of its own may be ended for what it would call.
 */
static bool may_stop(struct find *find, pid_t tid)
{
	char *path = xasprintf("/proc/%d/task/%d/status", find->target->pid, tid);
	struct buf text = { 0 };
	const char *state, *filter;
	bool may;

	file_read(path, &text);
	state = strstr(buf_str(&text), "\nState:\t");
	filter = strstr(buf_str(&text), "\nSeccomp:\t");
	may = state && (state[8] == 'S' || state[8] == 'R');
	if (may && filter && filter[10] != '0') {
		find->lack = "filters its system calls";
		may = false;
	}
	find->hijack->ignored_signal = ignored_signal(buf_str(&text));
	buf_release(&text);
	free(path);
	return may;
}

static bool read_memory(void *arg, uint64_t address, void *data, size_t size)
{
	const struct target *target = arg;

	return target_read_memory(target->pid, address, data, size);
}

static void copy_stack(struct find *find)
{
	uint64_t sp = find->hijack->regs.rsp;
	struct iovec local, remote = { (void *)(uintptr_t)sp, STACK_BYTES };
	ssize_t got;

	buf_clear(&find->stack);
	local = (struct iovec){ buf_extend(&find->stack, STACK_BYTES), STACK_BYTES };
	/* Parts that are not there end it: page by page, so that the last whole one is read. */
	got = process_vm_readv(find->target->pid, &local, 1, &remote, 1, 0);
	if (got < 0) {
		remote.iov_len = 4096 - sp % 4096;
		got = process_vm_readv(find->target->pid, &local, 1, &remote, 1, 0);
	}
	find->stack.size = got < 0 ? 0 : (size_t)got;
}

static void fill_regs(uint64_t *to, const struct user_regs_struct *regs)
{
	to[UNWIND_RAX] = regs->rax;
	to[UNWIND_RDX] = regs->rdx;
	to[UNWIND_RCX] = regs->rcx;
	to[UNWIND_RBX] = regs->rbx;
	to[UNWIND_RSI] = regs->rsi;
	to[UNWIND_RDI] = regs->rdi;
	to[UNWIND_RBP] = regs->rbp;
	to[UNWIND_RSP] = regs->rsp;
	to[UNWIND_R8] = regs->r8;
	to[UNWIND_R9] = regs->r9;
	to[UNWIND_R10] = regs->r10;
	to[UNWIND_R11] = regs->r11;
	to[UNWIND_R12] = regs->r12;
	to[UNWIND_R13] = regs->r13;
	to[UNWIND_R14] = regs->r14;
	to[UNWIND_R15] = regs->r15;
	to[UNWIND_RIP] = regs->rip;
}

/* Of the registers and the stack that were copied. */
static const char *lack_of_place(struct find *find)
{
	struct unwind_sample sample = {
		.stack = find->stack.data,
		.stack_size = find->stack.size,
		.space = (struct space *)(uintptr_t)find->target->space,
		.read_memory = read_memory,
		.arg = find->target,
	};
	struct unwind_result result;

	fill_regs(sample.regs, &find->hijack->regs);
	unwinder_run(find->target->unwinder, &sample, &result);
	return place_lack(&find->target->facts, &result, hijack_is_in_syscall(find->hijack));
}

/* One that is in a restartable sequence would not notice that it was elsewhere. */
static bool is_in_rseq(const struct hijack *hijack)
{
	struct {
		uint64_t pointer;
		uint32_t size, signature, flags, pad;
	} configuration = { 0 };
	uint64_t section = 0;

	if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, hijack->tid, sizeof(configuration),
		   &configuration) < 0 ||
	    !configuration.pointer)
		return false;
	return !target_read_memory(hijack->target->pid, configuration.pointer + 8, &section,
				   sizeof(section)) ||
	       section;
}

/*
 * What the unwinder has to read for a stack takes it milliseconds the first time: so a thread
 * is stopped for a copy of its stack, and once more if that was a safe place, and is.
 */
static int rehearse(struct find *find, pid_t tid)
{
	struct hijack *hijack = find->hijack;
	int r = hijack_stop(hijack, find->target, tid);

	if (r)
		return r;
	copy_stack(find);
	hijack_let_go(hijack);
	find->lack = lack_of_place(find);
	if (find->lack)
		return -EAGAIN;
	if (target_area(find->target->pid, hijack->regs.rsp, &hijack->area_start, &hijack->area_end,
			&hijack->is_main))
		return 0;
	return -EAGAIN;
}

static int perform(struct find *find, pid_t tid)
{
	int r = hijack_stop(find->hijack, find->target, tid);

	if (r)
		return r;
	copy_stack(find);
	find->lack = lack_of_place(find);
	if (!find->lack && !hijack_is_in_syscall(find->hijack) && is_in_rseq(find->hijack))
		find->lack = "is in a restartable sequence";
	if (!find->lack)
		return 0;
	hijack_let_go(find->hijack);
	return -EAGAIN;
}

int find_next(struct find *find)
{
	pid_t tid;
	int r;

	if (find->next == find->tids.n) {
		if (find->tids.n)
			usleep(PAUSE_US);
		list_threads(find);
		if (!find->tids.n)
			return -ESRCH;
	}
	tid = find->tids.items[find->next++];
	if (!may_stop(find, tid))
		return -EAGAIN;
	find->n_tries++;
	r = rehearse(find, tid);
	if (!r)
		r = perform(find, tid);
	return r == -ESRCH ? -EAGAIN : r; /* a thread that has ended meanwhile */
}

void find_release(struct find *find)
{
	array_release(&find->tids);
	buf_release(&find->stack);
}
