/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts what the calling thread allocates, and samples it and what frees that.  The usual call is
 * two additions; the rest is out of line.
 */
#ifndef SHIM_ACCOUNT_H
#define SHIM_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "shim/heap_page.h"
#include "table.h"

/* All of it is between our own files. */
#pragma GCC visibility push(hidden)

#define LIKELY_NOT(condition) __builtin_expect(!!(condition), 0)

/* Where the calling thread counts: until it has a slot of its own, where a sample is due always. */
extern __thread struct heap_slot *account_self;

void account_sample(void *pointer, size_t size);

/* Whether account_self is a slot, if only the one of those that are not to be sampled. */
bool account_has_joined(void);

/*
 * @pointer, if it is one, is about to be freed: 0, or the size if that was sampled, and has
 * been told of.
 */
size_t account_untrack(const void *pointer);

/* What account_untrack() took was not freed after all. */
void account_retrack(void *pointer, size_t size);

static inline void account_alloc(void *pointer, size_t size)
{
	struct heap_slot *self = account_self;

	if (LIKELY_NOT(!pointer))
		return;
	self->n_allocs++;
	self->left -= (int64_t)size;
	if (LIKELY_NOT(self->left < 0))
		account_sample(pointer, size);
}

/* What another allocator than the one behind us hands out is not seen: said once, at the start. */
void account_bypassed(void);

/* In the child of a fork: it has no slots yet. */
void account_forked(void);

/* When the library is loaded. */
void account_begin(void);

/* Loaded into a process that runs already, it makes what it shares.  False: it cannot. */
bool account_begin_late(uint64_t rate);

/* Of a late one: the recorder is told, and may ask for another rate when it comes again. */
void account_tell_slots(int64_t n_slots);
void account_resume(uint64_t rate);

#pragma GCC visibility pop

#endif /* SHIM_ACCOUNT_H */
