/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words through which modules call functions of others (the global offset table and
 * the like), of all modules of this process.  To change one changes whom a module calls from
 * the next call on.
 *
 * Which they are is read from the modules' relocations in memory.  A slot is changed only if
 * it holds what it is known to hold: the function itself, or, before the first call, the way to
 * the dynamic linker that finds it.  So what others have put there stays, and a slot that is
 * not relocated yet is left alone.
 */
#ifndef SHIM_SLOTS_H
#define SHIM_SLOTS_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

struct slots_hook {
	const char *name;
	void **real; /* where the function is kept that the modules call without us */
	void *hook;
};

/*
 * Find what modules call by the names of @hooks: the first that defines it, in the order of the
 * dynamic linker, and not a stub of the program.  What is not there stays as it was.
 * False: of the first two, one is not there, and nothing can be done.
 */
bool slots_find(const struct slots_hook *hooks, size_t n);

/* From the real ones to the hooks, or back, in all modules but this one.  How many were changed. */
unsigned int slots_swap(const struct slots_hook *hooks, size_t n, bool to_hooks);

#pragma GCC visibility pop

#endif /* SHIM_SLOTS_H */
