/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What there is to name, in the order it is done: module by module, and by address
 * within one.
 */
#ifndef SYMBOL_PLAN_H
#define SYMBOL_PLAN_H

#include "base/array.h"
#include "event/dictionary.h"
#include "symbol/resolver.h"

struct plan_frame {
	uint32_t module; /* ids in the dictionary */
	uint32_t frame;
	uint64_t address;
};

struct plan_job { /* one module */
	uint32_t module;
	int fd;          /* borrowed, or -1 */
	size_t first, n; /* of the frames */
};

struct plan {
	ARRAY(struct plan_frame) frames;
	ARRAY(struct plan_job) jobs;
};

void plan_init(struct plan *plan, const struct dictionary *dict,
	       const struct resolver_options *options);
void plan_release(struct plan *plan);

#endif /* SYMBOL_PLAN_H */
