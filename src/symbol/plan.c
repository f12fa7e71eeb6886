/* SPDX-License-Identifier: GPL-2.0-only */
#include "plan.h"

#include <stdbool.h>

/* Pointers that will have the same name stand together: of one variable, to one place in it. */
bool plan_is_same_pointer(const struct event_pointer *a, const struct event_pointer *b)
{
	return a->where == b->where && a->reg == b->reg && a->below == b->below &&
	       a->distance == b->distance && a->sp == b->sp && a->fp == b->fp &&
	       (a->where != POINTER_HERE || (a->pid == b->pid && a->tid == b->tid));
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* A frame comes before its pointers. */
static int compare_pointers(const struct event_pointer *x, const struct event_pointer *y)
{
	int r;

	if (!x || !y)
		return (x != NULL) - (y != NULL);
	r = compare_numbers(x->where, y->where);
	r = r ? r : compare_numbers(x->reg, y->reg);
	r = r ? r : compare_numbers(x->below, y->below);
	return r ? r : compare_numbers(x->distance, y->distance);
}

static int compare_frames(const void *a, const void *b)
{
	const struct plan_frame *x = a, *y = b;

	if (x->module != y->module)
		return x->module < y->module ? -1 : 1;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	if (x->frame != y->frame)
		return x->frame < y->frame ? -1 : 1;
	return compare_pointers(x->pointer, y->pointer);
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
	const struct event_pointer *pointer;

	for (uint32_t id = 1; id && id <= n; id++) {
		struct dict_frame frame = dictionary_frame(dict, id);

		if (!frame.n_names && is_code(dict, frame.module))
			*array_add(&plan->frames) =
				(struct plan_frame){ frame.module, id, NULL, frame.address };
	}
	for (size_t i = 0; (pointer = dictionary_pointer(dict, i)); i++) {
		struct dict_frame frame = dictionary_frame(dict, pointer->frame);

		if (dictionary_module(dict, frame.module).kind != MODULE_ELF)
			continue;
		*array_add(&plan->frames) =
			(struct plan_frame){ frame.module, pointer->frame, pointer, frame.address };
		plan->n_pointers++;
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
