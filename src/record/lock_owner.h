/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who owns a lock that a thread waits for: read from the memory of its process, from outside.
 *
 * The owner stands in the futex word itself (mutexes that inherit priority or are robust, all of
 * musl's but the plainest), or where glibc keeps it in a mutex.  What a word is, nobody says:
 * so a number counts only if it is the id of a thread there is, of that very process unless
 * processes share the lock, and what is around it fits; or of no thread, in a mutex of glibc,
 * whose owner may have ended with the lock: that it has is for the reader to know.
 */
#ifndef RECORD_LOCK_OWNER_H
#define RECORD_LOCK_OWNER_H

#include <stddef.h>
#include <stdint.h>

struct lock_thread {
	uint32_t tid; /* 0: there was never one, as far as is known */
	uint32_t pid; /* 0: it has ended, or was never there */
};

/* The thread that calls itself @id in process @pid, or in one that shares memory with it. */
typedef struct lock_thread lock_thread_fn(void *arg, uint32_t pid, uint32_t id);

/* The tid of who owns the lock whose word at @address of @pid others wait for; 0: not known. */
uint32_t lock_owner_read(uint32_t pid, uint64_t address, lock_thread_fn *thread_of, void *arg);

/* The same by the first words of what lies there, @n of them. */
uint32_t lock_owner_find(const uint32_t *words, size_t n, uint32_t pid, lock_thread_fn *thread_of,
			 void *arg);

#endif /* RECORD_LOCK_OWNER_H */
