/* SPDX-License-Identifier: GPL-2.0-only */
#include "plan.h"

#include <stdbool.h>

static int compare_frames(const void *a, const void *b)
{
	const struct plan_frame *x = a, *y = b;

	if (x->module != y->module)
		return x->module < y->module ? -1 : 1;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

/* A path alone finds a file; it does not find a kernel that ran or a process's JIT. */
static bool can_be_named(const struct dict_module *module, int fd)
{
	switch (module->kind) {
	case MODULE_ELF:
		return fd >= 0 || module->path[0] == '/';
	case MODULE_VDSO: /* every process has it, the one that asks too */
		return true;
	case MODULE_KERNEL:
	case MODULE_JIT:
		return fd >= 0;
	default:
		return false;
	}
}

static bool is_code(const struct dictionary *dict, uint32_t module)
{
	enum module_kind kind = dictionary_module(dict, module).kind;

	return kind && kind != MODULE_NOTE;
}

static void collect(struct plan *plan, const struct dictionary *dict)
{
	uint32_t n = dictionary_n_frames(dict);

	for (uint32_t id = 1; id && id <= n; id++) {
		struct dict_frame frame = dictionary_frame(dict, id);

		if (!frame.n_names && is_code(dict, frame.module))
			*array_add(&plan->frames) =
				(struct plan_frame){ frame.module, id, frame.address };
	}
	if (plan->frames.n)
		qsort(plan->frames.items, plan->frames.n, sizeof(*plan->frames.items),
		      compare_frames);
}

static void add_job(struct plan *plan, const struct dictionary *dict,
		    const struct resolver_options *options, size_t first, size_t n)
{
	uint32_t id = plan->frames.items[first].module;
	struct dict_module module = dictionary_module(dict, id);
	int fd = options->module_fd ? options->module_fd(options->arg, id) : -1;

	if (can_be_named(&module, fd))
		*array_add(&plan->jobs) = (struct plan_job){ id, fd, first, n };
}

void plan_init(struct plan *plan, const struct dictionary *dict,
	       const struct resolver_options *options)
{
	size_t first = 0;

	memset(plan, 0, sizeof(*plan));
	collect(plan, dict);
	for (size_t i = 1; i <= plan->frames.n; i++) {
		if (i < plan->frames.n &&
		    plan->frames.items[i].module == plan->frames.items[first].module)
			continue;
		add_job(plan, dict, options, first, i - first);
		first = i;
	}
}

void plan_release(struct plan *plan)
{
	array_release(&plan->frames);
	array_release(&plan->jobs);
}
