/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What there is to name, in the order it is done: module by module, and by address
 * within one.  Frames, and what pointers that frames held point to.
 */
#ifndef SYMBOL_PLAN_H
#define SYMBOL_PLAN_H

#include <stdbool.h>

#include "base/array.h"
#include "event/dictionary.h"
#include "symbol/resolver.h"

struct plan_frame {
	uint32_t module; /* ids in the dictionary */
	uint32_t frame;
	const struct event_pointer *pointer; /* in it, to be named; NULL: the frame is */
	uint64_t address;
};

struct plan_job { /* one module */
	uint32_t module;
	int fd;          /* borrowed, or -1 */
	size_t first, n; /* of the frames */
};

struct plan {
	ARRAY(struct plan_frame) frames;
	size_t n_pointers; /* of those */
	ARRAY(struct plan_job) jobs;
};

void plan_init(struct plan *plan, const struct dictionary *dict,
	       const struct resolver_options *options);
/* Whether pointers that one frame held are to be named alike. */
bool plan_is_same_pointer(const struct event_pointer *a, const struct event_pointer *b);
void plan_release(struct plan *plan);

#endif /* SYMBOL_PLAN_H */
