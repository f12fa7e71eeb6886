/* SPDX-License-Identifier: GPL-2.0-only */
#include "filter_args.h"

#include "model/filter.h"

#define KEY_FIRST 0x300 /* clear of the keys of commands */

static const struct argp_option options[] = {
	{ "process", KEY_FIRST, "NAME|PID", 0, "Only these processes (several with commas)", 0 },
	{ "thread", KEY_FIRST + 1, "NAME|TID", 0, "Only these threads", 0 },
	{ "cpu", KEY_FIRST + 2, "N[,N-M]", 0, "Only what ran on these CPUs", 0 },
	{ "since", KEY_FIRST + 3, "SPAN", 0,
	  "Leave out what was before SPAN after the start, such as 1.5s or 200ms; negative: before "
	  "the end",
	  0 },
	{ "until", KEY_FIRST + 4, "SPAN", 0, "Leave out what was from then on", 0 },
	{ "focus", KEY_FIRST + 5, "RE", 0, "Only stacks with a function that matches RE", 0 },
	{ "ignore", KEY_FIRST + 6, "RE", 0, "Only stacks without a function that matches RE", 0 },
	{ "no-kernel", KEY_FIRST + 7, NULL, 0,
	  "Leave out kernel functions: their time counts for their callers in user space", 0 },
	{ "wait", KEY_FIRST + 8, "CLASS", 0,
	  "Of block: only waits of this class, such as lock or disk (several with commas)", 0 },
	{ "idle", KEY_FIRST + 9, NULL, 0,
	  "Of block: also the waits of threads that have nothing to do", 0 },
	{ "lock", KEY_FIRST + 10, "NAME", 0,
	  "Of mutex: only this lock, by its name or its address; report then tells all about it",
	  0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct buf message = { 0 };

	if (key < KEY_FIRST || key > KEY_FIRST + 10)
		return ARGP_ERR_UNKNOWN;
	if (filter_set(state->input, options[key - KEY_FIRST].name, arg, &message))
		argp_error(state, "--%s: %s", options[key - KEY_FIRST].name, buf_str(&message));
	buf_release(&message);
	return 0;
}

const struct argp filter_argp = { .options = options, .parser = parse };
