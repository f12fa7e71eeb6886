/* SPDX-License-Identifier: GPL-2.0-only */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/human.h"
#include "cmd/command.h"
#include "export/report.h"
#include "export/sheets.h"
#include "input_args.h"
#include "pager.h"
#include "session.h"
#include "view_args.h"

#define ROWS_DEFAULT  30
#define PERCENT_LEAST 0.5 /* of trees */

enum {
	KEY_TREE = 0x100,
	KEY_CALLERS,
	KEY_CALLEES,
	KEY_LINES,
	KEY_BY,
	KEY_CUM,
	KEY_MIN,
	KEY_VALUE,
	KEY_WIDTH,
	KEY_JSON,
	KEY_WAKERS,
	KEY_CHAIN,
	KEY_LOCKS,
	KEY_KERNEL,
	KEY_AT,
	KEY_PEAK,
	KEY_GROWTH,
	KEY_AGE,
	KEY_LEAKS,
};

struct report_args {
	struct input_args input;
	const struct analysis *analysis;
	const char *value;           /* NULL: the profile's own */
	const struct detail *detail; /* or NULL */
	bool has_key, json;
	bool has_rows, has_min, has_width;
	bool has_moment;
	struct report_options options;
};

static const struct argp_option options[] = {
	{ "by", KEY_BY, "KEY", 0,
	  "One row for each function, symbol (function and module), line, module, process, thread, "
	  "cpu or stack",
	  0 },
	{ "lines", KEY_LINES, NULL, 0, "The same as --by line", 0 },
	{ "tree", KEY_TREE, NULL, 0, "The call tree, outermost callers first", 0 },
	{ "callers", KEY_CALLERS, "FUNC", 0, "Who calls FUNC: a name, or else an extended RE", 0 },
	{ "callees", KEY_CALLEES, "FUNC", 0, "What FUNC calls", 0 },
	{ "cum", KEY_CUM, NULL, 0, "Sort by cum, not by flat", 0 },
	{ "rows", 'n', "N", 0, "Show N rows of the table (default 30; 0 is all)", 0 },
	{ "min", KEY_MIN, "PERCENT", 0, "Leave out of trees what is less (default 0.5)", 0 },
	{ "value", KEY_VALUE, "NAME", 0, "Show this value of the profile, such as samples", 0 },
	{ "width", KEY_WIDTH, "COLUMNS", 0, "Cut lines to so many columns (0 cuts nothing)", 0 },
	{ "wakers", KEY_WAKERS, NULL, 0, "Of block: with who ended the waits, the profile wakers",
	  0 },
	{ "chain", KEY_CHAIN, NULL, 0,
	  "Of block: with what kept those who ended the waits, the profile chain", 0 },
	{ "locks", KEY_LOCKS, NULL, 0, "Of mutex: one row for each lock, the profile locks", 0 },
	{ "kernel", KEY_KERNEL, NULL, 0,
	  "Of mutex: locks of the kernel's instead, the profile kernel-locks", 0 },
	{ "at", KEY_AT, "TIME", 0, "Of heap: what was in use at TIME, as --until", 0 },
	{ "peak", KEY_PEAK, NULL, 0, "Of heap: when most was in use, the profile peak", 0 },
	{ "growth", KEY_GROWTH, NULL, 0,
	  "Of heap: how much more is in use than at the start, the profile growth", 0 },
	{ "age", KEY_AGE, NULL, 0, "Of heap: by how long ago it was allocated, the profile age",
	  0 },
	{ "leaks", KEY_LEAKS, NULL, 0,
	  "Of heap: what was there before the last tenth of the time, the profile leaks", 0 },
	{ "json", KEY_JSON, NULL, 0, "For programs: the same figures as JSON", 0 },
	{ 0 },
};

static double parse_percent(struct argp_state *state, const char *arg)
{
	char *end;
	double percent = strtod(arg, &end);

	if (end == arg || *end || !(percent >= 0 && percent <= 100))
		argp_error(state, "--min: '%s' is no percentage from 0 to 100", arg);
	return percent;
}

static void select_view(struct report_args *args, enum report_view view, const char *function)
{
	args->options.view = view;
	args->options.function = function;
}

/* Options that ask for another profile, which shows more of one. */
static const struct detail {
	int key;
	const char *option, *of, *name;
} details[] = {
	{ KEY_WAKERS, "wakers", "block", "wakers" },
	{ KEY_CHAIN, "chain", "block", "chain" },
	{ KEY_LOCKS, "locks", "mutex", "locks" },
	{ KEY_KERNEL, "kernel", "mutex", "kernel-locks" },
	{ KEY_PEAK, "peak", "heap", "peak" },
	{ KEY_GROWTH, "growth", "heap", "growth" },
	{ KEY_AGE, "age", "heap", "age" },
	{ KEY_LEAKS, "leaks", "heap", "leaks" },
	{ 0 },
};

/* Of heap, --until is a moment rather than an end. */
static void set_moment(struct argp_state *state, struct report_args *args, const char *arg)
{
	struct buf message = { 0 };

	if (filter_set(&args->input.filter, "until", arg, &message))
		argp_error(state, "--at: %s", buf_str(&message));
	args->has_moment = true;
	buf_release(&message);
}

static error_t parse_detail(int key, struct report_args *args)
{
	const struct detail *detail = details;

	while (detail->key && detail->key != key)
		detail++;
	if (!detail->key)
		return ARGP_ERR_UNKNOWN;
	args->detail = detail;
	return 0;
}

/* What picks the view and its form. */
static error_t parse_view(int key, char *arg, struct argp_state *state)
{
	struct report_args *args = state->input;

	switch (key) {
	case KEY_TREE:
		select_view(args, REPORT_TREE, NULL);
		return 0;
	case KEY_CALLERS:
		select_view(args, REPORT_CALLERS, arg);
		return 0;
	case KEY_CALLEES:
		select_view(args, REPORT_CALLEES, arg);
		return 0;
	case KEY_AT:
		set_moment(state, args, arg);
		return 0;
	case KEY_LINES:
		args->options.key = TABLE_LINE;
		args->has_key = true;
		return 0;
	case KEY_BY:
		view_parse_key(state, arg, &args->options.key);
		args->has_key = true;
		return 0;
	case KEY_CUM:
		args->options.by_cum = true;
		return 0;
	case KEY_JSON:
		args->json = true;
		return 0;
	default:
		return parse_detail(key, args);
	}
}

static bool is_default_view(const struct report_args *args)
{
	return !args->value && args->options.view == REPORT_TABLE &&
	       args->options.key == TABLE_FUNCTION;
}

static void pick_detail(struct argp_state *state, struct report_args *args)
{
	const char *name = args->detail ? args->detail->name : NULL;

	if (name && strcmp(args->analysis->name, args->detail->of) != 0)
		argp_error(state, "--%s is for the %s profile", args->detail->option,
			   args->detail->of);
	if (!name && args->input.filter.lock && !strcmp(args->analysis->name, "mutex") &&
	    is_default_view(args))
		name = "locks"; /* all about one lock */
	if (args->has_moment && strcmp(args->analysis->name, "heap") != 0)
		argp_error(state, "--at is for the heap profile");
	if (name)
		args->analysis = analysis_find(name);
}

/* Of what is sheets or stacks: whether something asks for stacks. */
static bool is_about_stacks(const struct report_args *args)
{
	const struct filter *filter = &args->input.filter;

	return !is_default_view(args) || args->options.by_cum || filter->has_focus ||
	       filter->has_ignore || filter->no_kernel;
}

/* What does not go with the profile is refused, not left aside. */
static void check_args(struct argp_state *state, struct report_args *args)
{
	const char *misfit;

	pick_detail(state, args);
	misfit = session_misfit(args->analysis, &args->input.filter);
	if (misfit)
		argp_error(state, "%s", misfit);
	if (!args->analysis->profile && !is_default_view(args))
		argp_error(state, "%s has no stacks: no trees, no --by, no --value",
			   args->analysis->name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct report_args *args = state->input;

	switch (key) {
	case 'n':
		args->options.n_rows = view_parse_count(state, "-n", arg);
		args->has_rows = true;
		return 0;
	case KEY_MIN:
		args->options.min_percent = parse_percent(state, arg);
		args->has_min = true;
		return 0;
	case KEY_WIDTH:
		args->options.width = (unsigned int)view_parse_count(state, "--width", arg);
		args->has_width = true;
		return 0;
	case KEY_VALUE:
		args->value = arg;
		return 0;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->input;
		return 0;
	case ARGP_KEY_ARG:
		input_parse_profile(state, arg, &args->analysis);
		return 0;
	case ARGP_KEY_END:
		check_args(state, args);
		return 0;
	default:
		return parse_view(key, arg, state);
	}
}

/* Programs get everything, people what fits. */
static void set_defaults(struct report_args *args)
{
	if (!args->has_rows)
		args->options.n_rows = args->json ? 0 : ROWS_DEFAULT;
	if (!strcmp(args->analysis->name, "block") && args->options.view == REPORT_TABLE &&
	    !args->has_key && !args->options.by_cum && !args->json)
		args->options.key = TABLE_STACK;
	if (!args->has_min)
		args->options.min_percent = args->json ? 0 : PERCENT_LEAST;
	if (!args->has_width)
		args->options.width = view_width();
	args->options.has_colour = view_has_colour();
	args->options.filter = buf_str(&args->input.filter.text);
}

static int print(struct report_args *args, const struct profile *profile)
{
	struct buf message = { 0 };
	int value = session_value(profile, args->value);
	int error;

	if (value < 0)
		return EXIT_USAGE;
	args->options.value = (size_t)value;
	pager_start();
	error = (args->json ? report_json : report_text)(profile, &args->options, stdout, &message);
	if (message.size)
		err(error, "%s", buf_str(&message));
	else if (error && error != -EPIPE)
		err(error, "cannot write the report: %s", strerror(-error));
	buf_release(&message);
	return error == -EINVAL ? EXIT_USAGE : error ? EXIT_FAILED : EXIT_DONE;
}

static int print_sheets(const struct report_args *args, const struct sheets *sheets)
{
	struct sheet_options sheet_options = {
		.n_rows = args->options.n_rows,
		.width = args->options.width,
		.has_colour = args->options.has_colour,
		.filter = args->options.filter,
	};
	int error;

	pager_start();
	error = (args->json ? sheets_json : sheets_text)(sheets, &sheet_options, stdout);

	if (error && error != -EPIPE)
		err(error, "cannot write the report: %s", strerror(-error));
	return error ? EXIT_FAILED : EXIT_DONE;
}

static int run(struct report_args *args)
{
	struct session session = { 0 };
	struct profile profile;
	struct sheets sheets;
	int status = EXIT_FAILED;
	bool is_open, is_sheets = args->analysis->sheets &&
				  !(args->analysis->profile && is_about_stacks(args));

	set_defaults(args);
	is_open = !session_open(&session, args->input.path);
	if (is_open && is_sheets) {
		if (!session_sheets(&session, args->analysis, &args->input.filter, &sheets)) {
			status = print_sheets(args, &sheets);
			sheets_release(&sheets);
		}
	} else if (is_open &&
		   !session_profile(&session, args->analysis, &args->input.filter, &profile)) {
		status = print(args, &profile);
		profile_release(&profile);
	}
	session_close(&session);
	filter_release(&args->input.filter);
	return status;
}

int cmd_report(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[PROFILE]",
		.doc = "Print a profile of a recording: cpu, if PROFILE does not say otherwise.",
		.children = input_children,
	};
	struct report_args args = { .analysis = analyses };

	if (argp_parse(&argp, argc, argv, 0, NULL, &args))
		return EXIT_USAGE;
	return run(&args);
}
