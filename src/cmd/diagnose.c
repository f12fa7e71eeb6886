/* SPDX-License-Identifier: GPL-2.0-only */
#include "analysis/diagnose.h"

#include <argp.h>
#include <errno.h>

#include "base/err.h"
#include "cmd/command.h"
#include "export/sheets.h"
#include "filter_args.h"
#include "session.h"

enum { KEY_JSON = 0x100 };

struct diagnose_args {
	const char *input;
	bool json;
	struct filter filter;
};

static const struct argp_option options[] = {
	{ "input", 'i', "FILE", 0, "Read FILE (default sysprof.data; - is standard input)", 0 },
	{ "json", KEY_JSON, NULL, 0, "For programs: the same figures as JSON", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct diagnose_args *args = state->input;
	const char *misfit;

	switch (key) {
	case 'i':
		args->input = arg;
		return 0;
	case KEY_JSON:
		args->json = true;
		return 0;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->filter;
		return 0;
	case ARGP_KEY_END:
		misfit = session_misfit(&diagnose, &args->filter);
		if (misfit)
			argp_error(state, "%s", misfit);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run(struct diagnose_args *args)
{
	struct sheet_options sheet_options = { .filter = buf_str(&args->filter.text),
					       .is_brief = true };
	struct session session = { 0 };
	struct sheets sheets;
	int status = EXIT_FAILED, error;

	if (!session_open(&session, args->input) &&
	    !session_sheets(&session, &diagnose, &args->filter, &sheets)) {
		error = (args->json ? sheets_json : sheets_text)(&sheets, &sheet_options, stdout);
		if (error && error != -EPIPE)
			err(error, "cannot write the diagnosis: %s", strerror(-error));
		status = error ? EXIT_FAILED : EXIT_DONE;
		sheets_release(&sheets);
	}
	session_close(&session);
	filter_release(&args->filter);
	return status;
}

int cmd_diagnose(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &filter_argp, 0, "Filters:", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Say what stands out in a recording, and where to look.",
		.children = children,
	};
	struct diagnose_args args = { .input = "sysprof.data" };

	if (argp_parse(&argp, argc, argv, 0, NULL, &args))
		return EXIT_USAGE;
	return run(&args);
}
