/* SPDX-License-Identifier: GPL-2.0-only */
#include "blame.h"

#include <string.h>

#include "base/escape.h"
#include "base/human.h"
#include "leaf.h"
#include "lock_kind.h"

#define NAME_WIDTH        48
#define CALLERS           3
#define LEAST_END_PERCENT 10.0

struct sum { /* of what has one key: the first row that had it stands for all */
	const struct wait_row *row;
	int64_t ns;
};

struct sums { /* all-zero is an empty one */
	struct map by_key;
	ARRAY(struct sum) items;
	int64_t ns;
};

static void sums_add(struct sums *sums, uint64_t key, const struct wait_row *row)
{
	uint64_t *id = map_insert(&sums->by_key, key);

	if (!*id) {
		array_add(&sums->items)->row = row;
		*id = sums->items.n;
	}
	sums->items.items[*id - 1].ns = value_add(sums->items.items[*id - 1].ns, row->ns);
	sums->ns = value_add(sums->ns, row->ns);
}

/* The largest, which is taken out; .row is NULL when nothing is left. */
static struct sum sums_take(struct sums *sums)
{
	struct sum *sum, *most = NULL, ret = { 0 };

	array_for_each(sum, &sums->items) {
		if (sum->ns > 0 && (!most || sum->ns > most->ns))
			most = sum;
	}
	if (most) {
		ret = *most;
		most->ns = 0;
	}
	return ret;
}

static void sums_release(struct sums *sums)
{
	map_release(&sums->by_key);
	array_release(&sums->items);
}

enum place {                /* of a function, by how much it tells */
	     PLACE_NOWHERE, /* the kernel, a note */
	     PLACE_LIBRARY, /* what every program calls */
	     PLACE_RUNTIME,
	     PLACE_PROGRAM,
};

static bool begins(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

static enum place place_of(struct names *names, const struct dictionary *dict,
			   const struct function *function)
{
	struct dict_module module = dictionary_module(dict, function->module);
	const char *file = names_text(names, names_module_short(names, function->module));
	const char *name = names_text(names, function->name);

	if (module.kind == MODULE_KERNEL || module.kind == MODULE_NOTE)
		return PLACE_NOWHERE;
	if (begins(file, "libc.so") || begins(file, "libc-") || !strcmp(file, "libc") ||
	    begins(file, "libpthread") || begins(file, "ld-") || module.kind == MODULE_VDSO)
		return PLACE_LIBRARY;
	if (lock_is_library(names, function) || begins(name, "runtime.") ||
	    begins(name, "internal/runtime/") || begins(name, "syscall."))
		return PLACE_RUNTIME;
	return PLACE_PROGRAM;
}

typedef ARRAY(uint32_t) texts; /* text ids, innermost first */

struct walk {
	struct names *names;
	const struct dictionary *dict;
	enum place least;
	texts found;
	struct function nameless; /* the innermost one without a name, and where it is */
	uint32_t nameless_stack;
};

/* False: further out it is another story. */
static bool see(struct walk *walk, uint32_t stack, const struct function *function)
{
	if (place_of(walk->names, walk->dict, function) < walk->least)
		return true;
	if (!function->is_named) {
		if (!walk->nameless_stack) {
			walk->nameless = *function;
			walk->nameless_stack = stack;
		}
		return true;
	}
	if (walk->nameless_stack && !walk->found.n && function->module != walk->nameless.module)
		return false;
	if (!walk->found.n || walk->found.items[walk->found.n - 1] != function->name)
		*array_add(&walk->found) = function->name;
	return walk->found.n < CALLERS;
}

/*
 * The functions of @stack, up to CALLERS, from the innermost one that is as near to the
 * program as @walk wants, to @until.  One without a name tells little: it is left out where
 * another one of its file has one.
 */
static void walk_stack(struct walk *walk, uint32_t stack, uint32_t until)
{
	bool goes_on = true;

	for (struct dict_stack node; goes_on && stack != until; stack = node.parent) {
		struct levels levels;

		node = dictionary_stack(walk->dict, stack);
		levels = names_frame(walk->names, names_frame_of(node));
		for (size_t i = 0; goes_on && i < levels.n; i++) {
			struct function function =
				names_function(walk->names, levels.items[i].function);

			goes_on = see(walk, stack, &function);
		}
	}
}

/* Of the program, or of its runtime where nothing else is known, or of the C library. */
static texts own_functions(struct names *names, const struct dictionary *dict, uint32_t stack)
{
	struct walk walk = { names, dict, PLACE_PROGRAM, { 0 }, { 0 }, 0 };
	struct walk inner = { names, dict, PLACE_RUNTIME, { 0 }, { 0 }, 0 };

	walk_stack(&walk, stack, 0);
	while (!walk.found.n && !walk.nameless_stack && walk.least > PLACE_LIBRARY) {
		walk.least--;
		walk_stack(&walk, stack, 0);
	}
	if (walk.found.n || !walk.nameless_stack)
		return walk.found;
	walk_stack(&inner, stack, walk.nameless_stack);
	if (!inner.found.n)
		*array_add(&inner.found) = walk.nameless.name;
	return inner.found;
}

/* Names can have any length. */
static void put_short(struct buf *out, const char *name)
{
	if (utf8_length(name) <= NAME_WIDTH)
		buf_puts(out, name);
	else
		buf_printf(out, "%.*s…", (int)utf8_prefix(name, NAME_WIDTH - 1), name);
}

void blame_functions(struct buf *out, const struct model *model, struct names *names,
		     uint32_t stack)
{
	texts functions = own_functions(names, model_dictionary(model), stack);

	for (size_t i = 0; i < functions.n; i++)
		buf_printf(out, "%s%s", i ? " < " : ", in ", names_text(names, functions.items[i]));
	array_release(&functions);
}

void blame_waits(struct buf *out, const struct model *model, struct names *names,
		 const blame_rows *rows)
{
	struct sums stacks = { 0 }, objects = { 0 };
	const struct wait_row *const *row;
	struct sum most;

	array_for_each(row, rows)
		sums_add(&stacks, (*row)->place.stack, *row);
	most = sums_take(&stacks);
	array_for_each(row, rows) {
		if (most.row && (*row)->place.stack == most.row->place.stack)
			sums_add(&objects, (uint64_t)(*row)->place.object << 32 | (*row)->place.nr,
				 *row);
	}
	if (most.row) {
		leaf_reason(out, model, sums_take(&objects).row);
		if (objects.items.n > 1)
			buf_printf(out, " and %zu more", objects.items.n - 1);
		blame_functions(out, model, names, most.row->place.stack);
		buf_printf(out, " (%.0f%% of it)", human_percent(most.ns, stacks.ns));
	}
	sums_release(&stacks);
	sums_release(&objects);
}

/* What is the same for people: who exactly ran is not. */
static uint64_t end_key(const struct chain_node *node)
{
	if (node->what != CHAIN_BLOCKED)
		return node->what == CHAIN_RUNNING_UNTIL ? CHAIN_RUNNING : node->what;
	return hash_u64((uint64_t)node->object << 32 | node->nr) ^
	       hash_u64((uint64_t)node->is_sampled << 32 | (node->why + 1));
}

static void put_end(struct buf *out, const struct model *model, const struct chain_node *node)
{
	static const char *const what[] = {
		[CHAIN_RUNNING] = "others running",
		[CHAIN_RUNNING_UNTIL] = "others running",
		[CHAIN_RUNNABLE] = "others without a CPU",
		[CHAIN_UNKNOWN] = "not known",
		[CHAIN_TOO_OLD] = "too long ago",
		[CHAIN_UNBORN] = "threads not born yet",
		[CHAIN_UNRECORDED] = "processes not recorded",
		[CHAIN_DEEP] = "longer chains",
	};

	if (node->what != CHAIN_BLOCKED)
		buf_puts(out, what[node->what]);
	else
		leaf_reason(out, model,
			    &(struct wait_row){ .is_sampled = node->is_sampled,
						.place = { .why = node->why,
							   .nr = node->nr,
							   .object = node->object } });
}

void blame_ends(struct buf *out, const struct model *model, const struct chain *chain,
		const blame_rows *rows)
{
	const struct wait_row *const *row;
	struct sums ends = { 0 };
	struct sum most;
	int64_t ns = 0;

	array_for_each(row, rows) {
		struct chain_node node;

		ns = value_add(ns, (*row)->ns);
		if (!(*row)->place.chain)
			continue;
		node = chain_node(chain, (*row)->place.chain);
		sums_add(&ends, end_key(&node), *row);
	}
	for (int i = 0; i < 2; i++) {
		struct chain_node node;

		most = sums_take(&ends);
		if (!most.row || human_percent(most.ns, ns) < LEAST_END_PERCENT)
			break;
		node = chain_node(chain, most.row->place.chain);
		buf_puts(out, i ? ", " : "in the end: ");
		put_end(out, model, &node);
		buf_printf(out, " (%.0f%%)", human_percent(most.ns, ns));
	}
	sums_release(&ends);
}

void blame_add(struct map *sums, uint64_t key, int64_t value)
{
	uint64_t *sum = map_insert(sums, key);

	*sum = (uint64_t)value_add((int64_t)*sum, value);
}

uint64_t blame_take(struct map *sums, int64_t *ret)
{
	const struct map_slot *slot, *most = NULL;
	uint64_t key;

	map_for_each(slot, sums) {
		if (slot->value && (!most || slot->value > most->value ||
				    (slot->value == most->value && slot->key < most->key)))
			most = slot;
	}
	*ret = most ? (int64_t)most->value : 0;
	key = most ? most->key : 0;
	if (most)
		*map_insert(sums, key) = 0;
	return key;
}

/* The program's function that a sample is charged to: a text id. */
static uint32_t function_of(const struct profile *profile, uint32_t stack)
{
	texts functions = own_functions(profile->names, model_dictionary(profile->model), stack);
	uint32_t ret = functions.n ? functions.items[0] : 0;

	array_release(&functions);
	return ret;
}

/* Where exactly it was: a text id. */
static uint32_t leaf_of(const struct profile *profile, uint32_t stack)
{
	const struct dictionary *dict = model_dictionary(profile->model);
	struct dict_stack node = dictionary_stack(dict, stack);
	struct dict_frame frame = dictionary_frame(dict, node.frame);
	struct levels levels;

	if (dictionary_module(dict, frame.module).kind == MODULE_KERNEL)
		return names_intern(profile->names, "the kernel");
	levels = names_frame(profile->names, names_frame_of(node));
	return names_function(profile->names, levels.items[0].function).name;
}

void blame_cpu(struct buf *out, const struct profile *profile)
{
	int64_t total = profile_total(profile, profile->default_type), ns, leaf_ns;
	struct map functions = { 0 }, leaves = { 0 };
	const struct profile_row *row;
	uint32_t function, leaf;

	array_for_each(row, &profile->rows)
		blame_add(&functions, function_of(profile, row->key.stack),
			  row->values[profile->default_type]);
	function = (uint32_t)blame_take(&functions, &ns);
	array_for_each(row, &profile->rows) {
		if (function_of(profile, row->key.stack) == function)
			blame_add(&leaves, leaf_of(profile, row->key.stack),
				  row->values[profile->default_type]);
	}
	leaf = (uint32_t)blame_take(&leaves, &leaf_ns);
	if (!ns) {
		buf_puts(out, "no CPU samples tell the function");
	} else {
		buf_puts(out, "in ");
		put_short(out, function ? names_text(profile->names, function) : "the kernel");
		buf_printf(out, " (%.0f%% of the samples", human_percent(ns, total));
		if (function && leaf != function && 2 * leaf_ns > ns) {
			buf_puts(out, ", most of that in ");
			put_short(out, names_text(profile->names, leaf));
		}
		buf_puts(out, ")");
	}
	map_release(&functions);
	map_release(&leaves);
}
