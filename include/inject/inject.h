/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Brings libsysprof-heap.so (src/shim) into a process that runs already, and lets it stand
 * before the allocator or stand aside.
 *
 * One thread is stopped where it provably holds no lock of the C library's, has it call dlopen()
 * with a copy of the library in memory, and goes on where it was.  The registers it goes
 * on with lie on its stack, in the form in which the kernel puts them there for a signal's handler,
 * and what the thread calls returns to rt_sigreturn(): so that it goes on also when
 * who stopped it is killed meanwhile.
 *
 * The library stays: code that a thread may be in cannot be taken away.
 */
#ifndef INJECT_INJECT_H
#define INJECT_INJECT_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

struct inject_request {
	pid_t pid;
	pid_t recorder;        /* for whom; another one is refused until that is gone */
	const char *shim;      /* path of the library */
	uint64_t rate;         /* of samples, in bytes; 0: let it stand aside */
	unsigned int limit_ms; /* to look for a place to stop it; 0: some seconds */
};

struct inject_result {
	uint64_t stop_ns;              /* how long the thread did not run its own code */
	uint32_t n_tries;              /* stops until the place was a safe one, that one included */
	uint32_t was_there;            /* the library was in from an earlier time */
	int64_t n_slots;               /* that were changed */
	uint32_t has_own_malloc;       /* the program: which only what it loads is seen to call */
	uint64_t shim_start, shim_end; /* where its code is mapped */
	uint64_t page_start, page_end; /* the same of the shared memory */
};

/*
 * Load the library, or take the one that is there, and have it do what @request says.  Done in a
 * child process; returns when that is over.  0; -ENOENT: it is not there to stand aside, or for
 * somebody else by now; or -errno, and @ret_why has what stands in
 * the way, and what to do, as a sentence about "it", the process.
 */
int inject(const struct inject_request *request, struct inject_result *ret, struct buf *ret_why);

/* Open what inject() found: the file of the mapping.  A descriptor, or -errno. */
int inject_open(pid_t pid, uint64_t start, uint64_t end, int flags);

#endif /* INJECT_INJECT_H */
