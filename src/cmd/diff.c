/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/diff.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "cmd/command.h"
#include "export/exporter.h"
#include "input_args.h"
#include "pager.h"
#include "result.h"
#include "session.h"
#include "view_args.h"

#define ROWS_DEFAULT 30

enum { KEY_BY = 0x100, KEY_CUM, KEY_SCALE, KEY_NOISE, KEY_FAIL_IF, KEY_VALUE, KEY_WIDTH, KEY_JSON };

/* "cpu +5%", "cpu parse_json +10%": what to fail at. */
struct limit {
	char *text;     /* owned: "cpu\0parse_json" */
	char *function; /* in it; NULL: all of the profile */
	double percent; /* of the old amount; its sign is the direction */
};

struct diff_args {
	struct filter filter;
	const char *paths[DIFF_N_SIDES];
	const struct analysis *analysis;
	const char *output; /* NULL: standard output, as text */
	int (*picture)(const struct diff *diff, const struct diff_text_options *options, FILE *out);
	const char *value; /* NULL: the profile's own */
	const char *scale; /* NULL: what suits the recordings */
	bool json, has_rows, has_width;
	struct diff_options options;
	struct diff_text_options text_options;
	ARRAY(struct limit) limits;
};

static const struct argp_option options[] = {
	{ "by", KEY_BY, "KEY", 0,
	  "One row for each function, symbol, line, module, process, thread, cpu or stack", 0 },
	{ "cum", KEY_CUM, NULL, 0, "Compare cum, not flat", 0 },
	{ "scale", KEY_SCALE, "SCALE", 0,
	  "Compare what each second of recording took (time), shares of the profile (share), or "
	  "all of it (run)",
	  0 },
	{ "value", KEY_VALUE, "NAME", 0, "Compare this value of the profile, such as samples", 0 },
	{ "noise", KEY_NOISE, NULL, 0, "Show also what differs by less than its noise", 0 },
	{ "rows", 'n', "N", 0, "Show N rows (default 30; 0 is all)", 0 },
	{ "width", KEY_WIDTH, "COLUMNS", 0, "Cut lines to so many columns (0 cuts nothing)", 0 },
	{ "fail-if", KEY_FAIL_IF, "'PROFILE [FUNC] +N%'", 0,
	  "Exit with status 1 if that grew by more than N% (-N%: shrank), and not by chance", 0 },
	{ "output", 'o', "OUT", 0,
	  "Write a flame graph of both to OUT.svg, or with the table to the page OUT.html", 0 },
	{ "json", KEY_JSON, NULL, 0, "For programs: the same figures as JSON", 0 },
	{ 0 },
};

static const struct {
	const char *format; /* of exporters; NULL ends the table */
	int (*write)(const struct diff *diff, const struct diff_text_options *options, FILE *out);
} pictures[] = { { "svg", diff_svg }, { "html", diff_html }, { 0 } };

static const char *const scales[] = {
	[DIFF_TIME] = "time", [DIFF_SHARE] = "share", [DIFF_RUN] = "run"
};

static void parse_scale(struct argp_state *state, const char *arg, struct diff_args *args)
{
	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		if (!strcmp(scales[i], arg)) {
			args->options.scale = (enum diff_scale)i;
			args->scale = arg;
			return;
		}
	}
	argp_error(state, "--scale: no scale '%s'; there are time, share and run", arg);
}

/* The profile's name in @limit names the profile to compare, too. */
static void parse_limit(struct argp_state *state, const char *arg, struct diff_args *args)
{
	struct limit limit = { .text = xstrdup(arg) };
	char *last = strrchr(limit.text, ' '), *end = NULL;

	if (last) {
		*last++ = '\0';
		limit.percent = strtod(last, &end);
	}
	if (!last || (*last != '+' && *last != '-') || end == last || strcmp(end, "%") != 0 ||
	    !isfinite(limit.percent))
		argp_error(state, "--fail-if: '%s' is not like 'cpu +5%%' or 'cpu parse +10%%'",
			   arg);
	limit.function = strchr(limit.text, ' ');
	if (limit.function)
		*limit.function++ = '\0';
	*array_add(&args->limits) = limit;
}

static void parse_argument(struct argp_state *state, char *arg, struct diff_args *args)
{
	if (state->arg_num < DIFF_N_SIDES) {
		args->paths[state->arg_num] = arg;
		return;
	}
	if (args->analysis)
		argp_error(state, "one PROFILE at a time");
	args->analysis = session_analysis(arg);
	if (!args->analysis)
		exit(EXIT_USAGE);
}

static void check_limits(struct argp_state *state, struct diff_args *args)
{
	const struct limit *limit;

	array_for_each(limit, &args->limits) {
		if (!args->analysis)
			args->analysis = session_analysis(limit->text);
		if (!args->analysis)
			exit(EXIT_USAGE);
		if (strcmp(limit->text, args->analysis->name) != 0)
			argp_error(state, "--fail-if: %s is not compared, but %s", limit->text,
				   args->analysis->name);
		if (!limit->function && args->options.scale == DIFF_SHARE)
			argp_error(state, "--fail-if: of shares the whole is always 100%%; name a "
					  "function or another --scale");
	}
}

static void check_output(struct argp_state *state, struct diff_args *args)
{
	const struct exporter *format = args->output ? exporter_for_path(args->output) : NULL;

	for (size_t i = 0; format && pictures[i].format; i++) {
		if (!strcmp(format->name, pictures[i].format))
			args->picture = pictures[i].write;
	}
	if (args->output && !args->picture)
		argp_error(state, "-o: differences are drawn as OUT.svg or OUT.html, not '%s'",
			   args->output);
	if (args->output && args->json)
		argp_error(state, "-o writes a picture, --json text: one at a time");
}

static void check_args(struct argp_state *state, struct diff_args *args)
{
	const char *misfit;

	if (!args->paths[DIFF_NEW])
		argp_error(state, "two recordings are compared: OLD and NEW");
	check_limits(state, args);
	if (!args->analysis)
		args->analysis = analyses;
	check_output(state, args);
	misfit = session_misfit(args->analysis, &args->filter);
	if (misfit)
		argp_error(state, "%s", misfit);
	if (!args->analysis->profile)
		argp_error(state, "%s has no stacks: it cannot be compared", args->analysis->name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct diff_args *args = state->input;

	switch (key) {
	case 'n':
		args->text_options.n_rows = view_parse_count(state, "-n", arg);
		args->has_rows = true;
		return 0;
	case KEY_WIDTH:
		args->text_options.width = (unsigned int)view_parse_count(state, "--width", arg);
		args->has_width = true;
		return 0;
	case KEY_BY:
		view_parse_key(state, arg, &args->options.key);
		return 0;
	case KEY_CUM:
		args->options.by_cum = true;
		return 0;
	case KEY_SCALE:
		parse_scale(state, arg, args);
		return 0;
	case KEY_VALUE:
		args->value = arg;
		return 0;
	case KEY_NOISE:
		args->text_options.with_noise = true;
		return 0;
	case KEY_FAIL_IF:
		parse_limit(state, arg, args);
		return 0;
	case 'o':
		args->output = arg;
		return 0;
	case KEY_JSON:
		args->json = true;
		return 0;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->filter;
		return 0;
	case ARGP_KEY_ARG:
		parse_argument(state, arg, args);
		return 0;
	case ARGP_KEY_END:
		check_args(state, args);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Runs of a command are compared as they are, what was attached to by the second. */
static enum diff_scale scale_for_both(const struct session sessions[DIFF_N_SIDES])
{
	for (int side = 0; side < DIFF_N_SIDES; side++) {
		if (!dictionary_meta(model_dictionary(sessions[side].model), "command"))
			return DIFF_TIME;
	}
	return DIFF_RUN;
}

static int choose(struct diff_args *args, const struct session sessions[DIFF_N_SIDES],
		  const struct profile profiles[DIFF_N_SIDES])
{
	int value = session_value(&profiles[DIFF_OLD], args->value);

	if (value < 0)
		return EXIT_USAGE;
	args->options.value = (size_t)value;
	if (!args->scale)
		args->options.scale = scale_for_both(sessions);
	for (int side = 0; side < DIFF_N_SIDES; side++) {
		if (args->options.scale == DIFF_TIME && !profiles[side].duration_ns)
			return err(EXIT_FAILED,
				   "%s does not tell for how long it was recorded; compare with "
				   "--scale share or run",
				   args->paths[side]);
	}
	return EXIT_DONE;
}

static bool is_over(const struct limit *limit, const struct diff_row *row, struct buf *change)
{
	double difference = diff_of(row);
	double least = row->amounts[DIFF_OLD] * fabs(limit->percent) / 100;

	diff_put_percent(change, row);
	if (signbit(limit->percent))
		difference = -difference;
	return difference > least && !diff_is_noise(row);
}

/* A function is judged by its cum: all that it takes, whoever does it for it. */
static int judge(const struct diff_args *args, const struct profile profiles[DIFF_N_SIDES])
{
	struct diff_options by_cum = args->options;
	const struct limit *limit;
	int status = EXIT_DONE;
	struct diff diff;

	by_cum.by_cum = true;
	by_cum.key = TABLE_FUNCTION;
	diff_build(&diff, &profiles[DIFF_OLD], &profiles[DIFF_NEW], &by_cum);
	array_for_each(limit, &args->limits) {
		const struct diff_row *row = limit->function ? diff_find(&diff, limit->function) :
							       &diff.total;
		struct buf change = { 0 };

		if (!row) {
			warn("--fail-if: %s stands in neither recording", limit->function);
			status = EXIT_FAILED;
		} else if (is_over(limit, row, &change)) {
			warn("%s%s%s: %s, which is beyond %+g%%", limit->text,
			     limit->function ? " of " : "", limit->function ? row->name : "",
			     buf_str(&change), limit->percent);
			status = EXIT_FAILED;
		}
		buf_release(&change);
	}
	diff_release(&diff);
	return status;
}

/* As text for people or programs, or as a picture. */
static int write_diff(const struct diff_args *args, const struct diff *diff)
{
	struct result result;
	int error;

	if (args->output)
		return result_open(&result, args->output) ||
		       result_close(&result, args->picture(diff, &args->text_options, result.file));
	if (!args->limits.n) /* what is said of them would stand beside it */
		pager_start();
	error = (args->json ? diff_json : diff_text)(diff, &args->text_options, stdout);
	return error && error != -EPIPE ?
		       err(EXIT_FAILED, "cannot write the differences: %s", strerror(-error)) :
		       EXIT_DONE;
}

static int print(struct diff_args *args, const struct profile profiles[DIFF_N_SIDES])
{
	struct diff diff;
	int status;

	diff_build(&diff, &profiles[DIFF_OLD], &profiles[DIFF_NEW], &args->options);
	status = write_diff(args, &diff);
	diff_release(&diff);
	return status ? status : judge(args, profiles);
}

static void set_defaults(struct diff_args *args)
{
	if (!args->has_rows)
		args->text_options.n_rows = args->json ? 0 : ROWS_DEFAULT;
	if (!args->has_width)
		args->text_options.width = view_width();
	args->text_options.has_colour = view_has_colour();
	args->text_options.filter = buf_str(&args->filter.text);
	memcpy(args->text_options.paths, args->paths, sizeof(args->paths));
}

static int run(struct diff_args *args)
{
	struct session sessions[DIFF_N_SIDES] = { 0 };
	struct profile profiles[DIFF_N_SIDES];
	int status = EXIT_DONE, n = 0;

	set_defaults(args);
	for (int side = 0; side < DIFF_N_SIDES && !status; side++) {
		if (session_open(&sessions[side], args->paths[side]) ||
		    session_profile(&sessions[side], args->analysis, &args->filter,
				    &profiles[side]))
			status = EXIT_FAILED;
		else
			n++;
	}
	if (!status)
		status = choose(args, sessions, profiles);
	if (!status)
		status = print(args, profiles);
	while (n--)
		profile_release(&profiles[n]);
	for (int side = 0; side < DIFF_N_SIDES; side++)
		session_close(&sessions[side]);
	filter_release(&args->filter);
	return status;
}

int cmd_diff(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "OLD NEW [PROFILE]",
		.doc = "Say what changed from one recording to another: of the cpu profile, if "
		       "PROFILE does not say otherwise.",
		.children = filter_children,
	};
	struct diff_args args = { 0 };
	struct limit *limit;
	int status;

	if (argp_parse(&argp, argc, argv, 0, NULL, &args))
		return EXIT_USAGE;
	status = run(&args);
	array_for_each(limit, &args.limits)
		free(limit->text);
	array_release(&args.limits);
	return status;
}
