/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The language runtimes whose pauses can be seen from outside, one row each: how the file
 * that holds one is recognised, and at which of its instructions a pause begins, ends and
 * says why.  Who wants another runtime adds a row.
 */
#ifndef RUNTIME_RUNTIME_H
#define RUNTIME_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

#include "event/values.h"

/* A step of a pause, and how to find the place in the code that takes it. */
struct runtime_step {
	enum pause_step step;

	/* Where a function begins, or, if @before is set, where it calls that one last.  A
	 * name that ends with '*' stands for all that begin so. */
	const char *function;
	const char *before;

	/* Without such a function: a probe that the program was built with, "provider:name". */
	const char *note;

	/* Which argument tells the reason, from 1 on; 0: none. */
	unsigned int reason;
	bool is_optional; /* a pause can be told without */
	bool or_return;   /* where it calls no such thing: where it returns, in Go */
	bool has_stack;   /* who took the step is of interest */
};

enum runtime_reason {
	REASON_NUMBER, /* an index of reasons */
	REASON_TEXT,   /* the address of a string that stays as it is */
};

#define RUNTIME_MAX_STEPS 8

struct runtime {
	const char *name;
	const char *const *files; /* patterns of the last part of a path, up to a NULL */
	const char *section;      /* that such a file also has; NULL: it does not matter */
	uint32_t since;           /* reasons are told from this version on, as runtime_version() */
	enum pause_scope scope;
	enum runtime_reason reason_kind;
	const char *const *reasons; /* of REASON_NUMBER, up to a NULL */
	struct runtime_step steps[RUNTIME_MAX_STEPS];
};

extern const struct runtime runtimes[]; /* ends with a row without a name */

/* Whether a file with @path may hold @runtime: what is in it is not looked at. */
bool runtime_may_be_in(const struct runtime *runtime, const char *path);

/* The word for a reason that is told by number, or NULL. */
const char *runtime_reason(const struct runtime *runtime, uint64_t number);

#endif /* RUNTIME_RUNTIME_H */
