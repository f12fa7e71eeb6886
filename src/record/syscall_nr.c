/* SPDX-License-Identifier: GPL-2.0-only */
#include "syscall_nr.h"

#include <linux/futex.h>
#include <stdbool.h>
#include <stdlib.h>

/* An instruction between the load of the number and the call. */
struct insn {
	size_t size;     /* 0: not understood */
	bool writes_rax; /* the register, in whatever width */
};

/* Bytes of a ModRM byte and what belongs to it; 0: cut off. */
static size_t modrm_size(const unsigned char *at, size_t left)
{
	unsigned int mod, rm;
	size_t size = 1;

	if (!left)
		return 0;
	mod = at[0] >> 6;
	rm = at[0] & 7;
	if (mod == 3)
		return 1;
	if (rm == 4) {
		if (left < 2)
			return 0;
		size = 2;
		if (mod == 0 && (at[1] & 7) == 5)
			return 6;
	}
	if (mod == 0)
		return rm == 5 ? 5 : size;
	return size + (mod == 1 ? 1 : 4);
}

enum form { FORM_UNKNOWN, FORM_REG, FORM_RM, FORM_READ }; /* which operand is written */

static enum form form_of(unsigned char opcode)
{
	switch (opcode) {
	case 0x03: /* add, or, and, sub, xor, movsxd, mov, lea: to the register */
	case 0x0b:
	case 0x23:
	case 0x2b:
	case 0x33:
	case 0x63:
	case 0x8b:
	case 0x8d:
		return FORM_REG;
	case 0x01: /* add, or, and, sub, xor, mov, of bytes too: to the other operand */
	case 0x09:
	case 0x21:
	case 0x29:
	case 0x31:
	case 0x88:
	case 0x89:
	case 0x80: /* with a constant */
	case 0x81:
	case 0x83:
	case 0xc1:
	case 0xc7:
		return FORM_RM;
	case 0x39: /* cmp, test */
	case 0x3b:
	case 0x84:
	case 0x85:
		return FORM_READ;
	default:
		return FORM_UNKNOWN;
	}
}

static size_t constant_size(unsigned char opcode)
{
	if (opcode == 0x80 || opcode == 0x83 || opcode == 0xc1)
		return 1;
	return opcode == 0x81 || opcode == 0xc7 ? 4 : 0;
}

/* @at: behind a REX prefix @rex (0: none). */
static struct insn decode_short(const unsigned char *at, unsigned int rex)
{
	if (at[0] >= 0xb8 && at[0] <= 0xbf && !(rex & 8)) /* mov $constant, register */
		return (struct insn){ 5, at[0] == 0xb8 && !(rex & 1) };
	if (at[0] >= 0x50 && at[0] <= 0x57) /* push */
		return (struct insn){ 1, false };
	return (struct insn){ 0 };
}

static bool writes_rax(enum form form, unsigned char modrm, unsigned int rex)
{
	if (form == FORM_REG)
		return !(modrm & 0x38) && !(rex & 4);
	return form == FORM_RM && (modrm & 0xc7) == 0xc0 && !(rex & 1);
}

static struct insn decode_opcode(const unsigned char *at, size_t left, unsigned int rex)
{
	enum form form = form_of(at[0]);
	size_t size;

	if (form == FORM_UNKNOWN)
		return decode_short(at, rex);
	size = modrm_size(at + 1, left - 1);
	if (!size)
		return (struct insn){ 0 };
	/* Of bytes, without a prefix, register 4 is the second byte of rax. */
	if ((at[0] == 0x80 || at[0] == 0x88) && !rex && (at[1] & 0xc7) == 0xc4)
		return (struct insn){ 0 };
	return (struct insn){
		.size = 1 + size + constant_size(at[0]),
		.writes_rax = writes_rax(form, at[1], rex),
	};
}

static struct insn decode(const unsigned char *at, size_t left)
{
	struct insn insn;

	if (!left)
		return (struct insn){ 0 };
	if ((at[0] & 0xf0) != 0x40)
		return decode_opcode(at, left, 0);
	if (left < 2)
		return (struct insn){ 0 };
	insn = decode_opcode(at + 1, left - 1, at[0] & 15);
	insn.size += insn.size != 0;
	return insn;
}

/* Whether what lies between a load and the call leaves the number as it is. */
static bool is_kept(const unsigned char *at, size_t left)
{
	while (left) {
		struct insn insn = decode(at, left);

		if (!insn.size || insn.size > left || insn.writes_rax)
			return false;
		at += insn.size;
		left -= insn.size;
	}
	return true;
}

static int constant(const unsigned char *at)
{
	uint32_t value = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
			 (uint32_t)at[3] << 24;

	return value < 4096 ? (int)value : -1;
}

/* A load of the number at @at, of @left bytes: what it loads, else -1. */
static int load_at(const unsigned char *at, size_t left, size_t *ret_size)
{
	if (left >= 5 && at[0] == 0xb8) {
		*ret_size = 5;
		return constant(at + 1);
	}
	if (left >= 7 && at[0] == 0x48 && at[1] == 0xc7 && at[2] == 0xc0) {
		*ret_size = 7;
		return constant(at + 3);
	}
	if (left >= 2 && (at[0] == 0x31 || at[0] == 0x33) && at[1] == 0xc0) {
		*ret_size = 2;
		return 0;
	}
	return -1;
}

int syscall_nr_decode(const unsigned char *code, size_t size)
{
	size_t load_size;

	if (size < 4 || code[size - 2] != 0x0f || code[size - 1] != 0x05)
		return -1;
	size -= 2;
	for (size_t at = size - 2; at != SIZE_MAX; at--) {
		int nr = load_at(code + at, size - at, &load_size);

		/* Behind a REX prefix it is another instruction, or the end of one. */
		if (nr < 0 || (at && (code[at - 1] & 0xf0) == 0x40))
			continue;
		if (is_kept(code + at + load_size, size - at - load_size))
			return nr;
	}
	return -1;
}

#define FD(name, why)                                \
	{                                            \
		SYS_##name, WAIT_##why, OBJECT_FD, 0 \
	}
#define OTHER(name, why)                               \
	{                                              \
		SYS_##name, WAIT_##why, OBJECT_NONE, 0 \
	}
#define ARG(name, why, object, arg)                          \
	{                                                    \
		SYS_##name, WAIT_##why, OBJECT_##object, arg \
	}

static const struct syscall_row rows[] = {
	/* by number */
	FD(read, OTHER),
	FD(write, OTHER),
	OTHER(open, DISK),
	FD(close, OTHER),
	OTHER(stat, DISK),
	OTHER(lstat, DISK),
	ARG(poll, POLL, POLL, 0),
	FD(ioctl, OTHER),
	FD(pread64, DISK),
	FD(pwrite64, DISK),
	FD(readv, OTHER),
	FD(writev, OTHER),
	ARG(select, POLL, SELECT, 0),
	OTHER(msync, DISK),
	OTHER(pause, IPC),
	ARG(nanosleep, SLEEP, TIME, 0),
	FD(sendfile, OTHER),
	FD(connect, NETWORK),
	FD(accept, NETWORK),
	FD(sendto, NETWORK),
	FD(recvfrom, NETWORK),
	FD(sendmsg, NETWORK),
	FD(recvmsg, NETWORK),
	OTHER(clone, CHILD), /* vfork() and posix_spawn(): until the child executes */
	OTHER(vfork, CHILD),
	OTHER(execve, DISK),
	ARG(wait4, CHILD, CHILD, 0),
	OTHER(semop, IPC),
	OTHER(msgsnd, IPC),
	OTHER(msgrcv, IPC),
	FD(fcntl, LOCK),
	FD(flock, LOCK),
	FD(fsync, DISK),
	FD(fdatasync, DISK),
	OTHER(truncate, DISK),
	FD(ftruncate, DISK),
	FD(getdents, DISK),
	OTHER(rename, DISK),
	OTHER(mkdir, DISK),
	OTHER(rmdir, DISK),
	OTHER(unlink, DISK),
	OTHER(rt_sigtimedwait, IPC),
	OTHER(rt_sigsuspend, IPC),
	OTHER(sync, DISK),
	FD(readahead, DISK),
	ARG(futex, LOCK, FUTEX, 0),
	OTHER(io_getevents, DISK),
	FD(getdents64, DISK),
	OTHER(semtimedop, IPC),
	ARG(clock_nanosleep, SLEEP, TIME, 2),
	ARG(epoll_wait, POLL, EPOLL, 0),
	OTHER(mq_timedsend, IPC),
	OTHER(mq_timedreceive, IPC),
	ARG(waitid, CHILD, CHILD_BY, 1),
	OTHER(openat, DISK),
	OTHER(newfstatat, DISK),
	OTHER(unlinkat, DISK),
	OTHER(renameat, DISK),
	ARG(pselect6, POLL, SELECT, 0),
	ARG(ppoll, POLL, POLL, 0),
	FD(splice, OTHER),
	FD(sync_file_range, DISK),
	ARG(epoll_pwait, POLL, EPOLL, 0),
	FD(fallocate, DISK),
	FD(accept4, NETWORK),
	FD(preadv, DISK),
	FD(pwritev, DISK),
	FD(recvmmsg, NETWORK),
	FD(syncfs, DISK),
	FD(sendmmsg, NETWORK),
	OTHER(renameat2, DISK),
	FD(copy_file_range, DISK),
	FD(preadv2, DISK),
	FD(pwritev2, DISK),
	OTHER(statx, DISK),
	OTHER(io_pgetevents, DISK),
	OTHER(io_uring_enter, POLL),
	OTHER(clone3, CHILD),
	OTHER(openat2, DISK),
	ARG(epoll_pwait2, POLL, EPOLL, 0),
	{ SYS_futex_waitv, WAIT_CONDVAR, OBJECT_FUTEXES, 0 },
	{ NR_FUTEX_WAKE, WAIT_OTHER, OBJECT_FUTEX, 0 },
	{ NR_FUTEX_WAIT, WAIT_LOCK, OBJECT_FUTEX, 0 },
	{ NR_FUTEX_REQUEUE, WAIT_OTHER, OBJECT_FUTEXES, 0 },
};

static int compare_nr(const void *key, const void *row)
{
	return *(const int *)key - ((const struct syscall_row *)row)->nr;
}

const struct syscall_row *syscall_row_find(int nr)
{
	return bsearch(&nr, rows, sizeof(rows) / sizeof(rows[0]), sizeof(rows[0]), compare_nr);
}

/*
 * The kernel does not know mutexes from condition variables.  By what the C libraries
 * and Rust do: LOCK_PI is a mutex; WAIT_REQUEUE_PI a condition variable.  Nobody waits
 * for a lock whose word is 0, as that is a free one: condition variables (glibc), parked
 * threads (Go) and semaphores do.  WAIT is what mutexes of glibc and musl use,
 * WAIT_BITSET glibc's condition variables, with or without a timeout; but a word of 2
 * means "taken, others wait" in Rust's mutexes, which use WAIT_BITSET too.  The names on
 * the stack, where there are any, say more: that is for who reads the recording.
 */
enum wait_class syscall_futex_class(int nr, const uint64_t args[6])
{
	uint32_t op = (uint32_t)args[1] & FUTEX_CMD_MASK, value = (uint32_t)args[2];

	if (nr != SYS_futex)
		return nr == NR_FUTEX_WAIT && args[1] ? WAIT_LOCK : WAIT_CONDVAR;
	if (op == FUTEX_LOCK_PI || op == FUTEX_LOCK_PI2)
		return WAIT_LOCK;
	if (op == FUTEX_WAIT_REQUEUE_PI || !value)
		return WAIT_CONDVAR;
	return op == FUTEX_WAIT_BITSET && value != 2 ? WAIT_CONDVAR : WAIT_LOCK;
}

#define MIN_ADDRESS 65536u /* nobody may map what lies lower */
#define FUTEX2_U32  2u     /* the size of a word, in the flags of the newer calls */

/* A word in memory, and an operation without other bits than a futex has. */
static bool is_futex(const uint64_t args[6])
{
	return args[0] >= MIN_ADDRESS && !(args[0] % sizeof(uint32_t)) &&
	       !(args[1] & ~(uint64_t)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME | 15));
}

/* Of the newer calls: a word, and flags that say how large it is. */
static bool is_futex2(const uint64_t args[6], uint64_t flags)
{
	return args[0] >= MIN_ADDRESS && !(args[0] % sizeof(uint32_t)) &&
	       (flags & ~(uint64_t)FUTEX_PRIVATE_FLAG) == FUTEX2_U32;
}

static bool is_wait(uint32_t op)
{
	return op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET || op == FUTEX_LOCK_PI ||
	       op == FUTEX_LOCK_PI2;
}

int syscall_waits_futex(const uint64_t args[6])
{
	if (is_futex(args) && args[1] & FUTEX_PRIVATE_FLAG && args[2] <= UINT32_MAX &&
	    is_wait((uint32_t)args[1] & FUTEX_CMD_MASK))
		return SYS_futex;
	return args[1] <= UINT32_MAX && args[2] == UINT32_MAX && is_futex2(args, args[3]) ?
		       NR_FUTEX_WAIT :
		       -1;
}

bool syscall_waits_words(const uint64_t args[6], const struct futex_waitv *word)
{
	const uint64_t as_futex2[6] = { word->uaddr };

	return args[1] >= 1 && args[1] <= FUTEX_WAITV_MAX && !args[2] &&
	       (!args[3] || args[3] >= MIN_ADDRESS) && word->val <= UINT32_MAX &&
	       !word->__reserved && is_futex2(as_futex2, word->flags);
}

/* futex_wake(), which nobody calls but to wake whoever waits. */
static bool is_futex_wake(const uint64_t args[6])
{
	return args[1] == UINT32_MAX && args[2] >= 1 && args[2] <= INT32_MAX &&
	       is_futex2(args, args[3]);
}

bool syscall_wakes_futex(const uint64_t args[6])
{
	if (!is_futex(args))
		return is_futex_wake(args);
	switch ((uint32_t)args[1] & FUTEX_CMD_MASK) {
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
	case FUTEX_WAKE_OP:
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
	case FUTEX_CMP_REQUEUE_PI:
	case FUTEX_UNLOCK_PI:
		return true;
	default:
		return false;
	}
}
