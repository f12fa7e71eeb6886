/* SPDX-License-Identifier: GPL-2.0-only */
#include "lock_owner.h"

#include <linux/futex.h>
#include <stdbool.h>
#include <sys/uio.h>

/* A glibc mutex, as struct __pthread_mutex_s is on x86-64, in words of 32 bits. */
enum { WORD_LOCK, WORD_COUNT, WORD_OWNER, WORD_N_USERS, WORD_KIND, N_WORDS };

#define KIND_BITS   0x3ffu /* type, robust, inherits, protects, shared, two of elision */
#define KIND_SHARED 128u
#define MAX_USERS   (1u << 22) /* as many threads as there can be */

/* Who waits has set the word to 2; whoever gets the lock without waiting sets it to 1. */
static bool looks_locked(uint32_t word)
{
	return word == 1 || word == 2;
}

static bool is_glibc_mutex(const uint32_t *words, size_t n)
{
	return n >= N_WORDS && words[WORD_OWNER] && words[WORD_N_USERS] &&
	       words[WORD_N_USERS] <= MAX_USERS && !(words[WORD_KIND] & ~KIND_BITS);
}

uint32_t lock_owner_find(const uint32_t *words, size_t n, uint32_t pid, lock_thread_fn *thread_of,
			 void *arg)
{
	struct lock_thread owner;
	uint32_t in_word, id;
	bool is_glibc;

	if (!n)
		return 0;
	is_glibc = is_glibc_mutex(words, n);
	in_word = words[WORD_LOCK] & FUTEX_WAITERS ? words[WORD_LOCK] & FUTEX_TID_MASK : 0;
	if (in_word)
		id = in_word;
	else
		id = is_glibc && looks_locked(words[WORD_LOCK]) ? words[WORD_OWNER] : 0;
	if (!id || id > FUTEX_TID_MASK)
		return 0;
	owner = thread_of(arg, pid, id);
	if (owner.pid == pid)
		return owner.tid;
	if (!owner.pid)
		return is_glibc && !in_word ? owner.tid : 0;
	return is_glibc && words[WORD_OWNER] == id && words[WORD_KIND] & KIND_SHARED ? owner.tid :
										       0;
}

uint32_t lock_owner_read(uint32_t pid, uint64_t address, lock_thread_fn *thread_of, void *arg)
{
	uint32_t words[N_WORDS];
	struct iovec local = { words, sizeof(words) };
	struct iovec remote[2];
	size_t first = 4096 - address % 4096;
	ssize_t size;

	/* The word may be the last before memory that is not there. */
	if (first > sizeof(words))
		first = sizeof(words);
	remote[0] = (struct iovec){ (void *)(uintptr_t)address, first };
	remote[1] = (struct iovec){ (void *)(uintptr_t)(address + first), sizeof(words) - first };
	size = process_vm_readv((pid_t)pid, &local, 1, remote, 2, 0);
	return size < 0 ?
		       0 :
		       lock_owner_find(words, (size_t)size / sizeof(words[0]), pid, thread_of, arg);
}
