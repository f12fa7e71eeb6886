/* SPDX-License-Identifier: GPL-2.0-only */
#include "syscall_words.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

struct word {
	uint32_t value;
	const char *name; /* NULL: the last one */
};

#define W(constant)                             \
	{                                       \
		(uint32_t)(constant), #constant \
	}

static const struct word access_modes[] = {
	W(O_RDONLY),
	W(O_WRONLY),
	W(O_RDWR),
	{ 0 },
};

static const struct word open_flags[] = {
	W(O_CREAT),   W(O_EXCL),    W(O_NOCTTY),  W(O_TRUNC),  W(O_APPEND),    W(O_NONBLOCK),
	W(O_SYNC),    W(O_DSYNC),   W(O_ASYNC),   W(O_DIRECT), W(O_DIRECTORY), W(O_NOFOLLOW),
	W(O_NOATIME), W(O_CLOEXEC), W(O_TMPFILE), W(O_PATH),   { 0 },
};

static const struct word new_flags[] = {
	W(O_CLOEXEC),
	W(O_NONBLOCK),
	{ 0 },
};

static const struct word prots[] = {
	W(PROT_READ), W(PROT_WRITE), W(PROT_EXEC), W(PROT_GROWSDOWN), W(PROT_GROWSUP), { 0 },
};

static const struct word no_prot[] = {
	W(PROT_NONE),
	{ 0 },
};

static const struct word map_kinds[] = {
	W(MAP_SHARED),
	W(MAP_PRIVATE),
	W(MAP_SHARED_VALIDATE),
	{ 0 },
};

static const struct word map_flags[] = {
	W(MAP_FIXED),           W(MAP_ANONYMOUS),
	W(MAP_32BIT),           W(MAP_GROWSDOWN),
	W(MAP_DENYWRITE),       W(MAP_LOCKED),
	W(MAP_NORESERVE),       W(MAP_POPULATE),
	W(MAP_NONBLOCK),        W(MAP_STACK),
	W(MAP_HUGETLB),         W(MAP_SYNC),
	W(MAP_FIXED_NOREPLACE), { 0 },
};

static const struct word futex_ops[] = {
	W(FUTEX_WAIT),           W(FUTEX_WAKE),        W(FUTEX_FD),
	W(FUTEX_REQUEUE),        W(FUTEX_CMP_REQUEUE), W(FUTEX_WAKE_OP),
	W(FUTEX_LOCK_PI),        W(FUTEX_UNLOCK_PI),   W(FUTEX_TRYLOCK_PI),
	W(FUTEX_WAIT_BITSET),    W(FUTEX_WAKE_BITSET), W(FUTEX_WAIT_REQUEUE_PI),
	W(FUTEX_CMP_REQUEUE_PI), W(FUTEX_LOCK_PI2),    { 0 },
};

static const struct word futex_flags[] = {
	W(FUTEX_PRIVATE_FLAG),
	W(FUTEX_CLOCK_REALTIME),
	{ 0 },
};

static const struct word whences[] = {
	W(SEEK_SET), W(SEEK_CUR), W(SEEK_END), W(SEEK_DATA), W(SEEK_HOLE), { 0 },
};

static const struct word advices[] = {
	W(MADV_NORMAL),         W(MADV_RANDOM),
	W(MADV_SEQUENTIAL),     W(MADV_WILLNEED),
	W(MADV_DONTNEED),       W(MADV_FREE),
	W(MADV_REMOVE),         W(MADV_DONTFORK),
	W(MADV_DOFORK),         W(MADV_MERGEABLE),
	W(MADV_UNMERGEABLE),    W(MADV_HUGEPAGE),
	W(MADV_NOHUGEPAGE),     W(MADV_DONTDUMP),
	W(MADV_DODUMP),         W(MADV_WIPEONFORK),
	W(MADV_KEEPONFORK),     W(MADV_COLD),
	W(MADV_PAGEOUT),        W(MADV_POPULATE_READ),
	W(MADV_POPULATE_WRITE), { 0 },
};

static const struct word families[] = {
	W(AF_UNSPEC), W(AF_UNIX),  W(AF_INET),      W(AF_INET6), W(AF_NETLINK), W(AF_PACKET),
	W(AF_ALG),    W(AF_VSOCK), W(AF_BLUETOOTH), W(AF_XDP),   { 0 },
};

static const struct word socket_types[] = {
	W(SOCK_STREAM), W(SOCK_DGRAM), W(SOCK_RAW), W(SOCK_RDM), W(SOCK_SEQPACKET), { 0 },
};

static const struct word socket_flags[] = {
	W(SOCK_CLOEXEC),
	W(SOCK_NONBLOCK),
	{ 0 },
};

static const struct word hows[] = {
	W(SHUT_RD),
	W(SHUT_WR),
	W(SHUT_RDWR),
	{ 0 },
};

static const struct word fcntl_commands[] = {
	W(F_DUPFD),      W(F_GETFD),      W(F_SETFD),         W(F_GETFL),     W(F_SETFL),
	W(F_GETLK),      W(F_SETLK),      W(F_SETLKW),        W(F_SETOWN),    W(F_GETOWN),
	W(F_SETSIG),     W(F_GETSIG),     W(F_SETOWN_EX),     W(F_GETOWN_EX), W(F_OFD_GETLK),
	W(F_OFD_SETLK),  W(F_OFD_SETLKW), W(F_SETLEASE),      W(F_GETLEASE),  W(F_NOTIFY),
	W(F_SETPIPE_SZ), W(F_GETPIPE_SZ), W(F_DUPFD_CLOEXEC), W(F_ADD_SEALS), W(F_GET_SEALS),
	{ 0 },
};

static const struct word epoll_ops[] = {
	W(EPOLL_CTL_ADD),
	W(EPOLL_CTL_DEL),
	W(EPOLL_CTL_MOD),
	{ 0 },
};

static const struct word clone_flags[] = {
	W(CLONE_VM),
	W(CLONE_FS),
	W(CLONE_FILES),
	W(CLONE_SIGHAND),
	W(CLONE_PIDFD),
	W(CLONE_PTRACE),
	W(CLONE_VFORK),
	W(CLONE_PARENT),
	W(CLONE_THREAD),
	W(CLONE_NEWNS),
	W(CLONE_SYSVSEM),
	W(CLONE_SETTLS),
	W(CLONE_PARENT_SETTID),
	W(CLONE_CHILD_CLEARTID),
	W(CLONE_UNTRACED),
	W(CLONE_CHILD_SETTID),
	W(CLONE_NEWCGROUP),
	W(CLONE_NEWUTS),
	W(CLONE_NEWIPC),
	W(CLONE_NEWUSER),
	W(CLONE_NEWPID),
	W(CLONE_NEWNET),
	W(CLONE_IO),
	{ 0 },
};

static const struct word lock_ops[] = {
	W(LOCK_SH),
	W(LOCK_EX),
	W(LOCK_UN),
	{ 0 },
};

static const struct word lock_flags[] = {
	W(LOCK_NB),
	{ 0 },
};

static const struct word mask_hows[] = {
	W(SIG_BLOCK),
	W(SIG_UNBLOCK),
	W(SIG_SETMASK),
	{ 0 },
};

static const struct word clocks[] = {
	W(CLOCK_REALTIME),          W(CLOCK_MONOTONIC),     W(CLOCK_PROCESS_CPUTIME_ID),
	W(CLOCK_THREAD_CPUTIME_ID), W(CLOCK_MONOTONIC_RAW), W(CLOCK_REALTIME_COARSE),
	W(CLOCK_MONOTONIC_COARSE),  W(CLOCK_BOOTTIME),      W(CLOCK_REALTIME_ALARM),
	W(CLOCK_BOOTTIME_ALARM),    W(CLOCK_TAI),           { 0 },
};

static const struct word wait_flags[] = {
	W(WNOHANG),     W(WUNTRACED), W(WEXITED),  W(WCONTINUED), W(WNOWAIT),
	W(__WNOTHREAD), W(__WALL),    W(__WCLONE), { 0 },
};

static const struct word at_flags[] = {
	W(AT_SYMLINK_NOFOLLOW), W(AT_REMOVEDIR),  W(AT_SYMLINK_FOLLOW),
	W(AT_NO_AUTOMOUNT),     W(AT_EMPTY_PATH), { 0 },
};

static const struct word message_flags[] = {
	W(MSG_OOB),          W(MSG_PEEK), W(MSG_DONTROUTE),  W(MSG_CTRUNC),   W(MSG_TRUNC),
	W(MSG_DONTWAIT),     W(MSG_EOR),  W(MSG_WAITALL),    W(MSG_CONFIRM),  W(MSG_ERRQUEUE),
	W(MSG_NOSIGNAL),     W(MSG_MORE), W(MSG_WAITFORONE), W(MSG_ZEROCOPY), W(MSG_FASTOPEN),
	W(MSG_CMSG_CLOEXEC), { 0 },
};

static const struct word directories[] = {
	W(AT_FDCWD),
	{ 0 },
};

/* A value is one of the choices, in the bits of the mask, and any of the flags. */
static const struct {
	char type;
	uint32_t choice_mask;
	const struct word *choices; /* NULL: none */
	const struct word *flags;
} vocabularies[] = {
	{ 'O', O_ACCMODE, access_modes, open_flags },
	{ 'X', 0, NULL, new_flags },
	{ 'P', 0, no_prot, prots },
	{ 'M', 3, map_kinds, map_flags },
	{ 'F', 127, futex_ops, futex_flags },
	{ 'W', UINT32_MAX, whences, NULL },
	{ 'V', UINT32_MAX, advices, NULL },
	{ 'D', UINT32_MAX, families, NULL },
	{ 'T', 15, socket_types, socket_flags },
	{ 'H', UINT32_MAX, hows, NULL },
	{ 'c', UINT32_MAX, fcntl_commands, NULL },
	{ 'E', UINT32_MAX, epoll_ops, NULL },
	{ 'K', 0, NULL, clone_flags },
	{ 'L', LOCK_SH | LOCK_EX | LOCK_UN, lock_ops, lock_flags },
	{ 'B', UINT32_MAX, mask_hows, NULL },
	{ 'k', UINT32_MAX, clocks, NULL },
	{ 'w', 0, NULL, wait_flags },
	{ 'R', 0, NULL, at_flags },
	{ 'N', 0, NULL, message_flags },
	{ 'd', UINT32_MAX, directories, NULL },
};

static void add_word(struct buf *out, size_t start, const char *word)
{
	if (out->size > start)
		buf_add(out, "|", 1);
	buf_puts(out, word);
}

/* What is left of @value without the flags that were appended. */
static uint32_t add_flags(struct buf *out, size_t start, const struct word *flags, uint32_t value)
{
	for (const struct word *flag = flags; flag && flag->name; flag++) {
		if ((value & flag->value) != flag->value)
			continue;
		add_word(out, start, flag->name);
		value &= ~flag->value;
	}
	return value;
}

static uint32_t add_choice(struct buf *out, const struct word *choices, uint32_t mask,
			   uint32_t value)
{
	for (const struct word *choice = choices; choice && choice->name; choice++) {
		if (choice->value == (mask ? value & mask : value)) {
			buf_puts(out, choice->name);
			return mask ? value & ~mask : 0;
		}
	}
	return value;
}

void syscall_words(char type, uint64_t value, struct buf *out)
{
	uint32_t rest = (uint32_t)value;
	size_t start = out->size;
	char hex[16];

	for (size_t i = 0; i < sizeof(vocabularies) / sizeof(vocabularies[0]); i++) {
		if (vocabularies[i].type != type)
			continue;
		rest = add_choice(out, vocabularies[i].choices, vocabularies[i].choice_mask, rest);
		rest = add_flags(out, start, vocabularies[i].flags, rest);
	}
	if (!rest && out->size > start)
		return;
	snprintf(hex, sizeof(hex), type == 'd' ? "%u" : rest ? "0x%x" : "0", rest);
	add_word(out, start, hex);
}
