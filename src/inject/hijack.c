/* SPDX-License-Identifier: GPL-2.0-only */
#include "hijack.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/clock.h"

#define RED_ZONE      128
#define ROOM_BYTES    (64u << 10) /* that dlopen() shall have of the stack */
#define SYSCALL_STOP  (SIGTRAP | 0x80)
#define GADGET_BYTES  9   /* of target.sigreturn */
#define SW_BYTES      464 /* into the XSAVE area: for software */
#define XSTATE_MAGIC1 0x46505853u
#define XSTATE_MAGIC2 0x46505845u
#define UC_FP_XSTATE  0x1u
#define UC_SS         0x6u   /* the stack segment is there, and to be restored */
#define NO_CHANGE     0xffff /* as flags of an alternate stack, invalid: it stays */
#define SIGSETXID     33     /* of glibc */

/* Of interrupted system calls, as the kernel leaves them for itself. */
#define RESTART_FIRST 512
#define RESTART_BLOCK 516

/* arch/x86/include/uapi/asm/sigcontext.h: struct _fpx_sw_bytes */
struct sw_bytes {
	uint32_t magic1, extended_size;
	uint64_t features;
	uint32_t xstate_size, padding[7];
};

/* What the kernel reads back in rt_sigreturn(), with the stack pointer behind the first word. */
struct frame {
	uint64_t return_address;
	ucontext_t context; /* its fpregs point behind this */
};

/* 0; -EINTR when time is up, which is a signal; -ESRCH: it is gone. */
static int wait_for(pid_t tid, int *ret_status)
{
	pid_t got = waitpid(tid, ret_status, __WALL);

	if (got != tid)
		return got < 0 ? -errno : -ESRCH;
	return WIFSTOPPED(*ret_status) ? 0 : -ESRCH;
}

static int read_regs(struct hijack *hijack)
{
	struct iovec xstate = { hijack->xstate, sizeof(hijack->xstate) };

	if (ptrace(PTRACE_GETREGS, hijack->tid, 0, &hijack->regs) ||
	    ptrace(PTRACE_GETREGSET, hijack->tid, NT_X86_XSTATE, &xstate) ||
	    ptrace(PTRACE_GETSIGMASK, hijack->tid, sizeof(hijack->mask), &hijack->mask))
		return -errno;
	hijack->xstate_size = xstate.iov_len;
	return hijack->regs.cs == 0x33 ? 0 : -ENOEXEC;
}

int hijack_stop(struct hijack *ret, const struct target *target, pid_t tid)
{
	int status = 0, r;

	ret->target = target;
	ret->tid = tid;
	ret->state = HIJACK_STOPPED;
	ret->due_signal = 0;
	if (ptrace(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACESYSGOOD))
		return -errno;
	ptrace(PTRACE_INTERRUPT, tid, 0, 0);
	r = wait_for(tid, &status);
	ret->stopped_ns = clock_ns(CLOCK_MONOTONIC);
	if (r)
		return r;
	/* A signal that came first is delivered as it would have been. */
	if (status >> 16 != PTRACE_EVENT_STOP || WSTOPSIG(status) != SIGTRAP) {
		bool is_signal = !(status >> 16);

		ptrace(PTRACE_DETACH, tid, 0, is_signal ? WSTOPSIG(status) : 0);
		return -EAGAIN;
	}
	r = read_regs(ret);
	if (r)
		hijack_let_go(ret);
	return r;
}

void hijack_let_go(struct hijack *hijack)
{
	ptrace(PTRACE_DETACH, hijack->tid, 0, 0);
}

bool hijack_is_in_syscall(const struct hijack *hijack)
{
	return (int64_t)hijack->regs.orig_rax >= 0;
}

static bool is_cut_short(const struct user_regs_struct *regs)
{
	int64_t result = (int64_t)regs->rax;

	return (int64_t)regs->orig_rax >= 0 && result <= -RESTART_FIRST && result >= -RESTART_BLOCK;
}

/* A stack that the C library made, or the kernel: others may be small, and have no end. */
static bool has_room(const struct hijack *hijack, uint64_t lowest)
{
	const struct user_regs_struct *regs = &hijack->regs;

	if (regs->rsp < hijack->area_start || regs->rsp >= hijack->area_end)
		return false;
	return hijack->is_main || (regs->fs_base > regs->rsp && regs->fs_base < hijack->area_end &&
				   lowest > hijack->area_start + ROOM_BYTES);
}

/* So that what was cut short is begun again, as the kernel does it. */
static void set_restart(struct user_regs_struct *regs)
{
	if (!is_cut_short(regs))
		return;
	regs->rax = (int64_t)regs->rax == -RESTART_BLOCK ? SYS_restart_syscall : regs->orig_rax;
	regs->rip -= 2;
}

static void fill_context(ucontext_t *context, const struct hijack *hijack, uint64_t xstate)
{
	struct user_regs_struct regs = hijack->regs;
	greg_t *to = context->uc_mcontext.gregs;

	set_restart(&regs);
	to[REG_R8] = (greg_t)regs.r8;
	to[REG_R9] = (greg_t)regs.r9;
	to[REG_R10] = (greg_t)regs.r10;
	to[REG_R11] = (greg_t)regs.r11;
	to[REG_R12] = (greg_t)regs.r12;
	to[REG_R13] = (greg_t)regs.r13;
	to[REG_R14] = (greg_t)regs.r14;
	to[REG_R15] = (greg_t)regs.r15;
	to[REG_RDI] = (greg_t)regs.rdi;
	to[REG_RSI] = (greg_t)regs.rsi;
	to[REG_RBP] = (greg_t)regs.rbp;
	to[REG_RBX] = (greg_t)regs.rbx;
	to[REG_RDX] = (greg_t)regs.rdx;
	to[REG_RAX] = (greg_t)regs.rax;
	to[REG_RCX] = (greg_t)regs.rcx;
	to[REG_RSP] = (greg_t)regs.rsp;
	to[REG_RIP] = (greg_t)regs.rip;
	to[REG_EFL] = (greg_t)regs.eflags;
	to[REG_CSGSFS] = (greg_t)(regs.cs | (uint64_t)regs.ss << 48);
	context->uc_flags = UC_FP_XSTATE | UC_SS;
	context->uc_stack.ss_flags = NO_CHANGE;
	context->uc_mcontext.fpregs = (void *)(uintptr_t)xstate; // NOLINT
	memcpy(&context->uc_sigmask, &hijack->mask, sizeof(hijack->mask));
}

static bool write_frame(const struct hijack *hijack, uint64_t xstate_at)
{
	uint32_t magic2 = XSTATE_MAGIC2, size = (uint32_t)hijack->xstate_size;
	struct frame frame = { .return_address = hijack->target->sigreturn };
	unsigned char xstate[HIJACK_XSTATE_BYTES + sizeof(magic2)];
	struct sw_bytes sw = { XSTATE_MAGIC1, size + 4, 0, size, { 0 } };

	memcpy(&sw.features, hijack->xstate + SW_BYTES, sizeof(sw.features));
	memcpy(xstate, hijack->xstate, size);
	memcpy(xstate + SW_BYTES, &sw, sizeof(sw));
	memcpy(xstate + size, &magic2, sizeof(magic2));
	fill_context(&frame.context, hijack, xstate_at);
	return target_write_memory(hijack->target->pid, xstate_at, xstate, size + sizeof(magic2)) &&
	       target_write_memory(hijack->target->pid, hijack->frame, &frame, sizeof(frame));
}

/*
 * Signals wait: no handler is to run on top of this.  But those that an instruction makes,
 * and that by which the C library has all threads change their user: who waits for it may hold
 * what dlopen() needs.
 */
static void block_signals(const struct hijack *hijack)
{
	static const int kept[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSETXID };
	uint64_t mask = ~UINT64_C(0);

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		mask &= ~(UINT64_C(1) << (kept[i] - 1));
	ptrace(PTRACE_SETSIGMASK, hijack->tid, sizeof(mask), &mask);
}

static uint64_t errno_address(const struct hijack *hijack)
{
	return hijack->regs.fs_base + hijack->target->errno_offset;
}

int hijack_begin(struct hijack *hijack)
{
	uint64_t texts = (hijack->regs.rsp - RED_ZONE - 2 * HIJACK_TEXT_BYTES) & ~UINT64_C(63);
	uint64_t xstate = (texts - hijack->xstate_size - 8) & ~UINT64_C(63);

	if (hijack->xstate_size < SW_BYTES + sizeof(struct sw_bytes))
		return -ENOTSUP;
	hijack->texts = texts;
	hijack->frame = ((xstate - sizeof(struct frame) - 512) & ~UINT64_C(15)) - 8;
	if (!has_room(hijack, hijack->frame))
		return -ENOSPC;
	if (!target_read_memory(hijack->target->pid, errno_address(hijack), &hijack->error_number,
				sizeof(hijack->error_number)) ||
	    !write_frame(hijack, xstate))
		return -EFAULT;
	return 0;
}

/* At the system call that everything returns to. */
static bool has_returned(const struct hijack *hijack, const struct user_regs_struct *regs)
{
	return regs->rip == hijack->target->sigreturn + GADGET_BYTES &&
	       regs->orig_rax == SYS_rt_sigreturn && regs->rsp == hijack->frame + 8;
}

/* Back to where it was when it was stopped, what was pending then included. */
static void restore(const struct hijack *hijack, const struct user_regs_struct *regs)
{
	struct iovec xstate = { (void *)(uintptr_t)hijack->xstate, hijack->xstate_size };

	ptrace(PTRACE_SETREGSET, hijack->tid, NT_X86_XSTATE, &xstate);
	ptrace(PTRACE_SETSIGMASK, hijack->tid, sizeof(hijack->mask), &hijack->mask);
	ptrace(PTRACE_SETREGS, hijack->tid, 0, regs);
	ptrace(PTRACE_DETACH, hijack->tid, 0, hijack->due_signal);
}

/* Whether what it is stopped for is that it crashed, and not what somebody sent. */
static bool has_crashed(const struct hijack *hijack, int status)
{
	siginfo_t info = { 0 };

	return !(status >> 16) && !ptrace(PTRACE_GETSIGINFO, hijack->tid, 0, &info) &&
	       info.si_code > 0;
}

/* Until it has returned.  0, or -errno. */
static int await_return(struct hijack *hijack)
{
	struct user_regs_struct regs;
	int status, signal_number = 0, r;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, hijack->tid, 0, signal_number))
			return -errno;
		r = wait_for(hijack->tid, &status);
		if (r)
			return r;
		signal_number = 0;
		if (WSTOPSIG(status) == SYSCALL_STOP) {
			if (ptrace(PTRACE_GETREGS, hijack->tid, 0, &regs))
				return -errno;
			if (has_returned(hijack, &regs))
				return 0;
			hijack->result = (int64_t)regs.rax;
		} else if (has_crashed(hijack, status)) {
			restore(hijack, &hijack->regs);
			return -EFAULT;
		} else if (!(status >> 16)) {
			signal_number = WSTOPSIG(status);
		}
	}
}

static int enter(struct hijack *hijack, uint64_t function, const uint64_t arguments[4])
{
	struct user_regs_struct regs = hijack->regs;

	if (hijack->state == HIJACK_LOST)
		return -ESRCH;
	regs.rip = function;
	regs.rsp = hijack->frame;
	regs.rdi = arguments[0];
	regs.rsi = arguments[1];
	regs.rdx = arguments[2];
	regs.rcx = arguments[3];
	regs.rax = 0;
	regs.orig_rax = (unsigned long long)-1;
	regs.eflags &= ~UINT64_C(0x500); /* neither single steps nor strings backwards */
	if (ptrace(PTRACE_SETREGS, hijack->tid, 0, &regs))
		return -errno;
	/* Only now: before, nothing would unblock them if we were killed. */
	block_signals(hijack);
	return 0;
}

static int end_call(struct hijack *hijack, int r)
{
	hijack->state = r ? HIJACK_LOST : HIJACK_RETURNED;
	return r;
}

int hijack_call(struct hijack *hijack, uint64_t function, const uint64_t arguments[4])
{
	int r = enter(hijack, function, arguments);

	return end_call(hijack, r ? r : await_return(hijack));
}

/* What it goes on with when rt_sigreturn() is done. */
static bool is_back(const struct hijack *hijack, const struct user_regs_struct *regs)
{
	struct user_regs_struct back = hijack->regs;

	set_restart(&back);
	return regs->rip == back.rip && regs->rsp == back.rsp;
}

/*
 * Until rt_sigreturn() has put it back, and unblocked the signal that waits for that.  Then it
 * is in no system call any more.
 */
static int await_back(struct hijack *hijack)
{
	struct user_regs_struct regs;
	int status, signal_number = 0, r;

	for (;;) {
		if (ptrace(PTRACE_CONT, hijack->tid, 0, signal_number))
			return -errno;
		r = wait_for(hijack->tid, &status);
		if (r)
			return r;
		signal_number = status >> 16 ? 0 : WSTOPSIG(status);
		if (!signal_number)
			continue;
		if (ptrace(PTRACE_GETREGS, hijack->tid, 0, &regs))
			return -errno;
		if (is_back(hijack, &regs))
			break;
		if (has_crashed(hijack, status)) {
			restore(hijack, &hijack->regs);
			return -EFAULT;
		}
	}
	hijack->due_signal = signal_number == hijack->ignored_signal ? 0 : signal_number;
	hijack->regs = regs;
	hijack->regs.orig_rax = (unsigned long long)-1;
	return 0;
}

/*
 * A timed wait that was cut short is known to the kernel until rt_sigreturn(): it has to be
 * stopped before that.
 */
static bool can_run(const struct hijack *hijack)
{
	return hijack->ignored_signal &&
	       !(is_cut_short(&hijack->regs) && (int64_t)hijack->regs.rax == -RESTART_BLOCK);
}

int hijack_run(struct hijack *hijack, uint64_t function, const uint64_t arguments[4])
{
	int r;

	if (!can_run(hijack))
		return hijack_call(hijack, function, arguments);
	r = enter(hijack, function, arguments);
	/* Blocked until it is back.  If we are killed meanwhile, nothing becomes of it. */
	if (!r && syscall(SYS_tgkill, hijack->target->pid, hijack->tid, hijack->ignored_signal))
		r = -errno;
	return end_call(hijack, r ? r : await_back(hijack));
}

/*
 * It stands before a system call: that which it was in, if that is to be begun again, or none.
 * What is known to the kernel of a timed wait is still that.
 */
void hijack_end(struct hijack *hijack)
{
	struct user_regs_struct regs = hijack->regs;

	if (hijack->state == HIJACK_STOPPED)
		hijack_let_go(hijack);
	if (hijack->state != HIJACK_RETURNED)
		return;
	target_write_memory(hijack->target->pid, errno_address(hijack), &hijack->error_number,
			    sizeof(hijack->error_number));
	set_restart(&regs);
	if (is_cut_short(&hijack->regs)) {
		regs.rip = hijack->regs.rip;
		regs.orig_rax = regs.rax;
	} else {
		regs.orig_rax = (unsigned long long)-1;
	}
	restore(hijack, &regs);
}
