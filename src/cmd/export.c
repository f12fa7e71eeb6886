/* SPDX-License-Identifier: GPL-2.0-only */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "cmd/command.h"
#include "export/exporter.h"
#include "input_args.h"
#include "result.h"
#include "session.h"

enum { KEY_VALUE = 0x100, KEY_NO_SOURCE };

struct export_args {
	struct input_args input;
	const char *output;              /* NULL: not said */
	const char *value;               /* NULL: the format's choice */
	const struct analysis *analysis; /* NULL: not said, or the timeline */
	bool is_timeline, has_no_source;
	const struct exporter *exporter;
};

static const struct argp_option options[] = {
	{ "output", 'o', "OUT", 0, "Write OUT (- is standard output); its suffix picks the format",
	  0 },
	{ "format", 'f', "FORMAT", 0, "Write FORMAT, whatever the suffix", 0 },
	{ "no-source", KEY_NO_SOURCE, NULL, 0, "Of html: without lines of source", 0 },
	{ "value", KEY_VALUE, "NAME", 0,
	  "The value to write, where a format holds one, such as cpu or samples", 0 },
	{ 0 },
};

static void list_formats(struct buf *out)
{
	const struct exporter *e;

	for (e = exporters; e->name; e++)
		buf_printf(out, "%s%s (%s)", out->size ? ", " : "", e->name, e->suffix);
}

static void set_format(struct argp_state *state, struct export_args *args, const char *name)
{
	struct buf formats = { 0 };

	args->exporter = exporter_find(name);
	if (args->exporter)
		return;
	list_formats(&formats);
	argp_error(state, "no format is called '%s'; there are: %s", name, buf_str(&formats));
}

static void check_profile(struct argp_state *state, struct export_args *args)
{
	const char *misfit;

	if (!args->analysis && !args->is_timeline) {
		args->is_timeline = args->exporter->timeline != NULL;
		args->analysis = args->is_timeline ? NULL : analyses;
	}
	if (args->is_timeline && !args->exporter->timeline)
		argp_error(state, "%s is no format of timelines; say -o OUT.json",
			   args->exporter->name);
	if (!args->is_timeline && !args->analysis->profile)
		argp_error(state, "%s is no profile of stacks; see `sysprof report %s`",
			   args->analysis->name, args->analysis->name);
	if (!args->is_timeline && !args->exporter->profile)
		argp_error(state, "%s is a format of the timeline only", args->exporter->name);
	misfit = args->is_timeline ? session_timeline_misfit(&args->input.filter) :
				     session_misfit(args->analysis, &args->input.filter);
	if (misfit)
		argp_error(state, "%s", misfit);
}

static void check_args(struct argp_state *state, struct export_args *args)
{
	struct buf formats = { 0 };

	if (!args->output && args->exporter)
		args->output = "-";
	if (!args->output)
		argp_error(state, "say where to write: -o OUT");
	if (!args->exporter)
		args->exporter = exporter_for_path(args->output);
	if (args->exporter) {
		check_profile(state, args);
		return;
	}
	list_formats(&formats);
	argp_error(state, "the suffix of '%s' is of no format; say -f: %s", args->output,
		   buf_str(&formats));
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct export_args *args = state->input;

	switch (key) {
	case 'o':
		args->output = arg;
		return 0;
	case 'f':
		set_format(state, args, arg);
		return 0;
	case KEY_NO_SOURCE:
		args->has_no_source = true;
		return 0;
	case KEY_VALUE:
		args->value = arg;
		return 0;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->input;
		return 0;
	case ARGP_KEY_ARG:
		args->is_timeline = !state->arg_num && !strcmp(arg, "trace");
		if (!args->is_timeline)
			input_parse_profile(state, arg, &args->analysis);
		return 0;
	case ARGP_KEY_END:
		check_args(state, args);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* 0 or -errno after saying why; the program reads @ret_in and writes to @out. */
static int start_program(const char *const through[2], int out, pid_t *ret, FILE **ret_in)
{
	char *argv[] = { (char *)through[0], (char *)through[1], NULL };
	posix_spawn_file_actions_t actions;
	int ends[2], error;

	if (pipe2(ends, O_CLOEXEC))
		return err(-errno, "cannot run '%s': %s", argv[0], strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	error = posix_spawnp(ret, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[0]);
	if (!error) {
		*ret_in = fdopen(ends[1], "w");
		return 0;
	}
	close(ends[1]);
	if (error == ENOENT)
		return err(-error,
			   "Graphviz's '%s' is not installed (package graphviz); install it, "
			   "or write OUT.dot or OUT.svg, which need nothing",
			   argv[0]);
	return err(-error, "cannot run '%s': %s", argv[0], strerror(error));
}

static int write_through(const struct exporter *exporter, const struct profile *profile,
			 const struct export_options *export_options, struct result *result)
{
	int error, status = 0;
	FILE *in = NULL;
	pid_t pid;

	signal(SIGPIPE, SIG_IGN); /* the program may end before it has read everything */
	if (start_program(exporter->through, fileno(result->file), &pid, &in)) {
		result_drop(result);
		return EXIT_FAILED;
	}
	error = exporter->profile(profile, export_options, in);
	if (fclose(in) && !error)
		error = -errno;
	if (waitpid(pid, &status, 0) == pid && status) {
		result_drop(result);
		return err(EXIT_FAILED,
			   "'%s %s' failed: its reasons are above; OUT.dot has what it "
			   "was given",
			   exporter->through[0], exporter->through[1]);
	}
	return result_close(result, error) ? EXIT_FAILED : EXIT_DONE;
}

static int write_profile(struct export_args *args, const struct profile *profile)
{
	struct export_options export_options = { .value = -1 };
	struct result result;

	export_options.filter = buf_str(&args->input.filter.text);
	if (args->value) {
		export_options.value = session_value(profile, args->value);
		if (export_options.value < 0)
			return EXIT_USAGE;
	}
	if (result_open(&result, args->output))
		return EXIT_FAILED;
	if (*args->exporter->through)
		return write_through(args->exporter, profile, &export_options, &result);
	if (result_close(&result, args->exporter->profile(profile, &export_options, result.file)))
		return EXIT_FAILED;
	return EXIT_DONE;
}

/* What makes the picture less than the whole truth is no part of the picture. */
static void say_flaws(const struct audit *audit)
{
	const struct audit_line *line;

	array_for_each(line, &audit->lines) {
		if (line->is_flaw)
			note("%s", line->text);
	}
}

static int write_timeline(struct export_args *args, struct session *session)
{
	struct result result;
	int error, write_error = 0;

	if (result_open(&result, args->output))
		return EXIT_FAILED;
	session->has_sources = !args->has_no_source;
	error = session_timeline(session, &args->input.filter, args->exporter, result.file,
				 &write_error);
	if (error) {
		result_drop(&result);
		return EXIT_FAILED;
	}
	say_flaws(&session->audit);
	return result_close(&result, write_error) ? EXIT_FAILED : EXIT_DONE;
}

static int run(struct export_args *args)
{
	struct session session = { 0 };
	struct profile profile;
	int status = EXIT_FAILED;

	if (session_open(&session, args->input.path))
		status = EXIT_FAILED;
	else if (args->is_timeline)
		status = write_timeline(args, &session);
	else if (!session_profile(&session, args->analysis, &args->input.filter, &profile)) {
		status = write_profile(args, &profile);
		profile_release(&profile);
	}
	session_close(&session);
	filter_release(&args->input.filter);
	return status;
}

int cmd_export(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[PROFILE]",
		.doc = "Write a profile of a recording, or its timeline (trace), for another "
		       "program: what PROFILE says, else what suits the format.",
		.children = input_children,
	};
	struct export_args args = { 0 };

	if (argp_parse(&argp, argc, argv, 0, NULL, &args))
		return EXIT_USAGE;
	if (args.exporter->is_binary && !strcmp(args.output, "-") && isatty(STDOUT_FILENO))
		return err(EXIT_USAGE, "%s is nothing for a terminal; say -o FILE",
			   args.exporter->name);
	return run(&args);
}
