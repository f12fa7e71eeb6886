/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What sort of thing a futex is, by the functions that wait for it or wake others: the
 * kernel knows words in memory only.  One row of a table a function, in lock_kind.c.
 */
#ifndef ANALYSIS_LOCK_KIND_H
#define ANALYSIS_LOCK_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/map.h"
#include "model/names.h"

enum lock_kind {
	LOCK_NONE,  /* no lock */
	LOCK_FUTEX, /* nothing more is known than that it looks like a lock */
	LOCK_MUTEX,
	LOCK_PI_MUTEX,
	LOCK_RWLOCK,
	LOCK_SPIN, /* of a runtime: spins first */
	LOCK_MONITOR,
	LOCK_GIL,
	LOCK_FILE,
	LOCK_ONCE,
	LOCK_LAST_CONTENDED = LOCK_ONCE, /* those up to here are fought over, the rest is not */
	LOCK_QUEUE,                      /* looks like a condition variable */
	LOCK_CONDVAR,
	LOCK_SEMAPHORE,
	LOCK_BARRIER,
	LOCK_JOIN,
	LOCK_PARK,
	LOCK_ATOMIC,
	LOCK_SIGNAL, /* not waited for: wakes whoever waits */
	LOCK_N_KINDS
};

const char *lock_kind_name(enum lock_kind kind);

static inline bool lock_is_contended(enum lock_kind kind)
{
	return kind > LOCK_NONE && kind <= LOCK_LAST_CONTENDED;
}

struct lock_site {           /* of a stack */
	enum lock_kind kind; /* LOCK_NONE: no function of it is known */
	uint32_t function;   /* text id: who called what is known; 0: nobody */
	bool is_parked;      /* the word is the waiting thread's own and says nothing of the lock */
};

/* It lies between a lock and who wants it. */
bool lock_is_library(struct names *names, const struct function *function);

struct lock_sites {          /* all-zero is valid */
	struct map by_stack; /* to an index + 1 */
	ARRAY(struct lock_site) items;
};

struct lock_site lock_site_find(struct lock_sites *sites, struct names *names,
				const struct dictionary *dict, uint32_t stack);
void lock_sites_release(struct lock_sites *sites);

#endif /* ANALYSIS_LOCK_KIND_H */
