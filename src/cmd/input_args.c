/* SPDX-License-Identifier: GPL-2.0-only */
#include "input_args.h"

#include <stdlib.h>

#include "cmd/command.h"
#include "session.h"

#define KEY_FILTER 0x300 /* clear of the keys of commands */

static const struct argp_option options[] = {
	{ "input", 'i', "FILE", 0, "Read FILE (default sysprof.data; - is standard input)", 0 },
	{ 0 },
};

static const struct argp_option filters[] = {
	{ "process", KEY_FILTER, "NAME|PID", 0, "Only these processes (several with commas)", 0 },
	{ "thread", KEY_FILTER + 1, "NAME|TID", 0, "Only these threads", 0 },
	{ "cpu", KEY_FILTER + 2, "N[,N-M]", 0, "Only what ran on these CPUs", 0 },
	{ "since", KEY_FILTER + 3, "SPAN", 0,
	  "Leave out what was before SPAN after the start, such as 1.5s or 200ms; negative: before "
	  "the end",
	  0 },
	{ "until", KEY_FILTER + 4, "SPAN", 0, "Leave out what was from then on", 0 },
	{ "focus", KEY_FILTER + 5, "RE", 0, "Only stacks with a function that matches RE", 0 },
	{ "ignore", KEY_FILTER + 6, "RE", 0, "Only stacks without a function that matches RE", 0 },
	{ "no-kernel", KEY_FILTER + 7, NULL, 0,
	  "Leave out kernel functions: their time counts for their callers in user space", 0 },
	{ "wait", KEY_FILTER + 8, "CLASS", 0,
	  "Of block: only waits of this class, such as lock or disk (several with commas)", 0 },
	{ "idle", KEY_FILTER + 9, NULL, 0,
	  "Of block: also the waits of threads that have nothing to do", 0 },
	{ "lock", KEY_FILTER + 10, "NAME", 0,
	  "Of mutex: only this lock, by its name or its address; report then tells all about it",
	  0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct input_args *args = state->input;

	switch (key) {
	case 'i':
		args->path = arg;
		return 0;
	case ARGP_KEY_INIT:
		args->path = "sysprof.data";
		state->child_inputs[0] = &args->filter;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_filter(int key, char *arg, struct argp_state *state)
{
	const size_t n = sizeof(filters) / sizeof(filters[0]) - 1;
	const char *name;
	struct buf message = { 0 };

	if (key < KEY_FILTER || key >= KEY_FILTER + (int)n)
		return ARGP_ERR_UNKNOWN;
	name = filters[key - KEY_FILTER].name;
	if (filter_set(state->input, name, arg, &message))
		argp_error(state, "--%s: %s", name, buf_str(&message));
	buf_release(&message);
	return 0;
}

static const struct argp filter_argp = { .options = filters, .parser = parse_filter };
const struct argp_child filter_children[] = {
	{ &filter_argp, 0, "Filters:", 0 },
	{ 0 },
};

static const struct argp input_argp = {
	.options = options,
	.parser = parse,
	.children = filter_children,
};
const struct argp_child input_children[] = {
	{ &input_argp, 0, NULL, 0 },
	{ 0 },
};

void input_parse_profile(struct argp_state *state, const char *arg, const struct analysis **ret)
{
	if (state->arg_num > 0)
		argp_error(state, "one PROFILE at a time");
	*ret = session_analysis(arg);
	if (!*ret)
		exit(EXIT_USAGE);
}
