/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Places in a file's code where a probe tells something: those of a runtime's pauses, or
 * where a function is entered.  Found by the notes that programs are built with, by the
 * symbol tables, and in a stripped Go program by its own table of functions.
 *
 * The file may have been written by anybody.  It is read in a child process without
 * privilege, and what that says is checked.
 */
#ifndef RUNTIME_POINTS_H
#define RUNTIME_POINTS_H

#include <stdint.h>
#include <stdlib.h>

#include "runtime/runtime.h"

#define POINTS_MAX (2 * RUNTIME_MAX_STEPS)

enum argument_kind {
	ARGUMENT_NONE,
	ARGUMENT_REGISTER, /* register, with value as an offset to add: 0 */
	ARGUMENT_MEMORY,   /* what is in memory at register + value */
	ARGUMENT_CONSTANT, /* value */
};

struct argument {
	uint32_t kind; /* enum argument_kind */
	uint32_t reg; /* as perf numbers them: 0 is rax … 16 is r15 without rflags and segments */
	uint32_t bytes; /* 1, 2, 4 or 8 */
	uint32_t is_signed;
	int64_t value;
};

struct point {
	uint64_t offset;         /* in the file */
	uint64_t counter_offset; /* in the file: what makes the probe fire while not 0; 0: none */
	uint32_t step;           /* index of the runtime's steps */
	uint32_t filler;
	struct argument reason;
};

struct points {
	uint32_t runtime; /* index of runtimes + 1; 0: of a function, or of none */
	uint32_t n;
	struct point list[POINTS_MAX];
};

struct points_query {
	int fd;               /* the file */
	const char *path;     /* what it is called */
	const char *function; /* as linked, or as written in C++ or Rust; NULL: a runtime's steps */
};

/*
 * 0: @ret has what was found, which may be nothing; -ENOENT: no such function, or a runtime
 * without a step that it needs, as its symbols are stripped (@ret says which runtime);
 * another -errno: the file could not be read.
 */
int points_find(const struct points_query *query, struct points *ret);

/* The same, in a child without privilege. */
int points_find_confined(const struct points_query *query, struct points *ret);

#endif /* RUNTIME_POINTS_H */
