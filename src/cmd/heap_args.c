/* SPDX-License-Identifier: GPL-2.0-only */
#include "heap_args.h"

#include "base/err.h"
#include "base/human.h"
#include "cmd/command.h"

#define DEFAULT_RATE          (512u << 10)
#define DEFAULT_RESIDENT_RATE (17 * 4096u)
#define MAX_RATE              (1u << 30)

enum option_key { KEY_HEAP = 512, KEY_RATE, KEY_INJECT };

static const struct argp_option option_table[] = {
	{ "heap", KEY_HEAP, NULL, 0,
	  "Record memory, too: what COMMAND allocates, what is resident of -p PID", 0 },
	{ "heap-rate", KEY_RATE, "SIZE", 0,
	  "Sample one in SIZE bytes (default: allocated 512k, resident 68k; 1 is all)", 0 },
	{ "inject", KEY_INJECT, NULL, 0,
	  "With --heap -p PID: load a library into it, and record what it allocates", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct heap_args *args = state->input;

	switch (key) {
	case KEY_HEAP:
		args->is_on = true;
		return 0;
	case KEY_RATE:
		if (human_parse_size(arg, &args->rate) || !args->rate || args->rate > MAX_RATE)
			argp_error(state, "'%s' is not a size from 1 to 1G; try 64k", arg);
		args->is_on = true;
		return 0;
	case KEY_INJECT:
		args->is_injected = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp heap_argp = { .options = option_table, .parser = parse };

int heap_args_apply(const struct heap_args *args, bool has_ring, struct recorder_options *recorder)
{
	uint64_t rate = recorder->command || args->is_injected ? DEFAULT_RATE :
								 DEFAULT_RESIDENT_RATE;

	if (args->is_on && recorder->is_all)
		return err(EXIT_USAGE, "--heap wants a command to start (-- COMMAND), or processes "
				       "(-p PID): not with -a");
	if (args->is_injected && (!args->is_on || !recorder->n_pids))
		return err(EXIT_USAGE, "--inject is how --heap sees what processes that run "
				       "already allocate: give --heap --inject -p PID");
	if (args->is_on && has_ring)
		return err(EXIT_USAGE, "--heap and --ring exclude each other: what was allocated "
				       "long before would be forgotten");
	if (args->is_on)
		recorder->heap_rate = args->rate ? args->rate : rate;
	recorder->heap_inject = args->is_injected;
	return EXIT_DONE;
}
