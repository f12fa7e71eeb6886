/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "model/filter.h"
#include "model/names.h"

#define COMM_MAX 15 /* the kernel cuts names of threads there */

enum answer { UNKNOWN, NO, YES };

/*
 * Answers about names and stacks are kept: a stack matches if its frame or its
 * parent does, and a parent is always an older id.
 */
struct sieve {
	const struct filter *filter;
	struct profile *profile;
	const struct dictionary *dict;
	unsigned char *focus_of; /* of each text id: enum answer; NULL: no such filter */
	unsigned char *ignore_of;
	bool *has_focus; /* of each stack */
	bool *has_ignore;
	uint32_t *user_of; /* of each stack: what is left of it without the kernel */
	uint32_t n_stacks;
};

static bool match_text(struct sieve *sieve, unsigned char *memo, const regex_t *regex,
		       uint32_t text)
{
	if (memo[text] == UNKNOWN)
		memo[text] = regexec(regex, names_text(sieve->profile->names, text), 0, NULL, 0) ?
				     NO :
				     YES;
	return memo[text] == YES;
}

static void sift_frame(struct sieve *sieve, uint32_t stack, uint32_t frame)
{
	struct names *names = sieve->profile->names;
	struct levels levels = names_frame(names, frame);

	for (size_t i = 0; i < levels.n; i++) {
		uint32_t text = names_function(names, levels.items[i].function).name;

		if (sieve->filter->has_focus)
			sieve->has_focus[stack] |=
				match_text(sieve, sieve->focus_of, &sieve->filter->focus, text);
		if (sieve->filter->has_ignore)
			sieve->has_ignore[stack] |=
				match_text(sieve, sieve->ignore_of, &sieve->filter->ignore, text);
	}
}

static bool is_kernel(const struct sieve *sieve, uint32_t frame)
{
	uint32_t module = dictionary_frame(sieve->dict, frame).module;

	return dictionary_module(sieve->dict, module).kind == MODULE_KERNEL;
}

/* Names must all be made before the memos, which have a place for each. */
static void name_all(struct sieve *sieve)
{
	for (uint32_t id = 1; id <= sieve->n_stacks + 1; id++)
		names_frame(sieve->profile->names,
			    names_frame_of(dictionary_stack(sieve->dict, id)));
}

static void sieve_init(struct sieve *sieve)
{
	size_t n = (size_t)sieve->n_stacks + 2, n_texts; /* with none and an undefined one */

	names_frame(sieve->profile->names, NAMES_NO_STACK);
	name_all(sieve);
	n_texts = (size_t)names_n_texts(sieve->profile->names) + 1;
	sieve->focus_of = xcalloc(n_texts, 1);
	sieve->ignore_of = xcalloc(n_texts, 1);
	sieve->has_focus = xcalloc(n, sizeof(*sieve->has_focus));
	sieve->has_ignore = xcalloc(n, sizeof(*sieve->has_ignore));
	sieve->user_of = xcalloc(n, sizeof(*sieve->user_of));
	sift_frame(sieve, 0, NAMES_NO_STACK);
	for (uint32_t id = 1; id < n; id++) {
		struct dict_stack stack = dictionary_stack(sieve->dict, id);

		/* "[no stack]" is what stack 0 is called, not a frame below all others. */
		if (stack.parent) {
			sieve->has_focus[id] = sieve->has_focus[stack.parent];
			sieve->has_ignore[id] = sieve->has_ignore[stack.parent];
		}
		sift_frame(sieve, id, names_frame_of(stack));
		sieve->user_of[id] = is_kernel(sieve, stack.frame) ? sieve->user_of[stack.parent] :
								     id;
	}
}

static void sieve_release(struct sieve *sieve)
{
	free(sieve->focus_of);
	free(sieve->ignore_of);
	free(sieve->has_focus);
	free(sieve->has_ignore);
	free(sieve->user_of);
}

static bool is_called(const char *comm, const char *name)
{
	return !strcmp(comm, name) || (strlen(comm) == COMM_MAX && !strncmp(comm, name, COMM_MAX));
}

static bool has_who(const struct filter_who *items, size_t n, uint32_t id, const char *comm)
{
	for (size_t i = 0; i < n; i++) {
		if ((items[i].is_id && items[i].id == id) ||
		    (items[i].name && is_called(comm, items[i].name)))
			return true;
	}
	return n == 0;
}

bool filter_has_task(const struct filter *filter, const struct model *model, uint32_t task)
{
	struct model_thread thread = model_thread(model, model_task(model, task).thread);
	const struct dictionary *dict = model_dictionary(model);
	const char *process, *comm;

	if (!filter->processes.n && !filter->threads.n)
		return true;
	process = dictionary_string(dict, model_task_process_name(model, task));
	comm = dictionary_string(dict, model_task_name(model, task));
	return has_who(filter->processes.items, filter->processes.n, thread.pid, process) &&
	       has_who(filter->threads.items, filter->threads.n, thread.tid, comm);
}

static bool has_cpu(const struct filter *filter, uint32_t cpu)
{
	for (size_t i = 0; i < filter->cpus.n; i++) {
		if (cpu >= filter->cpus.items[i].first && cpu <= filter->cpus.items[i].last)
			return true;
	}
	return filter->cpus.n == 0;
}

/* Whether a row stays; its stack is cut if need be. */
static bool sift(const struct sieve *sieve, struct profile_key *key)
{
	const struct filter *filter = sieve->filter;
	uint32_t stack = key->stack <= sieve->n_stacks ? key->stack : sieve->n_stacks + 1;

	/* Rows of nobody, such as a lock that was not unlocked, are left out by their analysis. */
	if (!has_cpu(filter, key->cpu) ||
	    (key->task && !filter_has_task(filter, sieve->profile->model, key->task)))
		return false;
	if (filter->no_kernel && stack) {
		stack = sieve->user_of[stack];
		if (!stack)
			return false;
		key->stack = stack;
	}
	return (!filter->has_focus || sieve->has_focus[stack]) &&
	       (!filter->has_ignore || !sieve->has_ignore[stack]);
}

void filter_apply(const struct filter *filter, struct profile *profile)
{
	struct dictionary *dict = model_dictionary(profile->model);
	struct sieve sieve = {
		.filter = filter,
		.profile = profile,
		.dict = dict,
		.n_stacks = dictionary_n_stacks(dict),
	};
	struct profile old = *profile;
	struct profile_row *row;

	if (filter_is_empty(filter))
		return;
	sieve_init(&sieve);
	memset(&profile->rows, 0, sizeof(profile->rows));
	profile->by_key = (struct map){ 0 };
	array_for_each(row, &old.rows) {
		if (sift(&sieve, &row->key))
			profile_row_add(profile_row(profile, &row->key), row);
	}
	array_release(&old.rows);
	map_release(&old.by_key);
	sieve_release(&sieve);
}
