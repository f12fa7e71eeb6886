/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A profile rolled up to one row for each function, line, module, process, thread
 * or CPU.  flat is what stands in the row itself, cum includes what it called; a
 * stack counts once in cum however often the row recurs on it.
 */
#ifndef MODEL_TABLE_H
#define MODEL_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "model/profile.h"
#include "model/tree.h"

enum table_key {
	TABLE_FUNCTION,
	TABLE_SYMBOL,
	TABLE_LINE,
	TABLE_MODULE,
	TABLE_PROCESS, /* flat and cum are the same from here on */
	TABLE_THREAD,
	TABLE_CPU,
	TABLE_STACK, /* whole ones, by the names on them: from the innermost outwards */
};

struct table_row {
	uint32_t name; /* text ids of the profile's names */
	uint32_t module;
	uint32_t file;
	uint32_t line;
	bool is_in_more; /* in more modules than that one */
	bool is_inlined; /* seen inlined; seen called */
	bool is_called;
	uint32_t pid, tid; /* of processes and threads */
	int64_t flat[PROFILE_MAX_VALUES];
	int64_t cum[PROFILE_MAX_VALUES];
	int64_t max; /* as of the profile's rows; of processes and what follows them */
};

struct table {
	const struct profile *profile; /* borrowed */
	ARRAY(struct table_row) rows;
	int64_t total[PROFILE_MAX_VALUES];
};

/* What the tree behind a table is told apart by; of processes and so on, functions. */
enum tree_key table_tree_key(enum table_key key);

void table_build(struct table *ret, const struct profile *profile, enum table_key key);

/* One row for each label of @tree, in the order of its labels. */
void table_from_tree(struct table *ret, const struct tree *tree);

/* Largest first, by flat and then cum, or the other way round; then by name. */
void table_sort(struct table *table, size_t type, bool by_cum);
void table_release(struct table *table);

#endif /* MODEL_TABLE_H */
