/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether a stopped thread can be made to call dlopen() where it is: neither it nor who
 * called it may be in the middle of what dlopen() needs, the allocator, the dynamic linker, or
 * a lock of the C library's.
 *
 * What is inside the C library is unknown, but for the functions that wait for something outside
 * and hold nothing meanwhile, when they do wait.  All else in it is refused.
 */
#ifndef INJECT_PLACE_H
#define INJECT_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exports.h"
#include "unwind/unwind.h"

struct place_module { /* what it is to us */
	const struct module *module;
	enum { PLACE_LIBC, PLACE_LINKER, PLACE_ALLOCATOR, PLACE_GO } is;
};

struct place_facts { /* of a process */
	const struct place_module *modules;
	size_t n_modules;
	uint64_t libc_bias;
	uint64_t entry; /* where the program begins: the outermost frame of its first thread */
	const struct export *waits; /* as place_waits(), found in the C library */
	size_t n_waits;
	bool has_own_malloc; /* the program defines it: frames do not tell whether in it */
};

/* The names of functions that only wait; the first *ret_n_quiet of them never for a lock. */
const char *const *place_waits(size_t *ret_n, size_t *ret_n_quiet);

/*
 * NULL: it is safe.  Else why not, as in "is in its allocator".  @is_in_syscall: as the
 * registers say.
 */
const char *place_lack(const struct place_facts *facts, const struct unwind_result *stack,
		       bool is_in_syscall);

#endif /* INJECT_PLACE_H */
