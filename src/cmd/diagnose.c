/* SPDX-License-Identifier: GPL-2.0-only */
#include "analysis/diagnose.h"

#include <argp.h>
#include <errno.h>

#include "base/err.h"
#include "cmd/command.h"
#include "export/sheets.h"
#include "input_args.h"
#include "pager.h"
#include "session.h"
#include "view_args.h"

enum { KEY_JSON = 0x100 };

struct diagnose_args {
	struct input_args input;
	bool json;
};

static const struct argp_option options[] = {
	{ "json", KEY_JSON, NULL, 0, "For programs: the same figures as JSON", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct diagnose_args *args = state->input;
	const char *misfit;

	(void)arg;
	switch (key) {
	case KEY_JSON:
		args->json = true;
		return 0;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->input;
		return 0;
	case ARGP_KEY_END:
		misfit = session_misfit(&diagnose, &args->input.filter);
		if (misfit)
			argp_error(state, "%s", misfit);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run(struct diagnose_args *args)
{
	struct sheet_options sheet_options = { .filter = buf_str(&args->input.filter.text),
					       .has_colour = view_has_colour(),
					       .is_brief = true };
	struct session session = { 0 };
	struct sheets sheets;
	int status = EXIT_FAILED, error;

	if (!session_open(&session, args->input.path) &&
	    !session_sheets(&session, &diagnose, &args->input.filter, &sheets)) {
		pager_start();
		error = (args->json ? sheets_json : sheets_text)(&sheets, &sheet_options, stdout);
		if (error && error != -EPIPE)
			err(error, "cannot write the diagnosis: %s", strerror(-error));
		status = error ? EXIT_FAILED : EXIT_DONE;
		sheets_release(&sheets);
	}
	session_close(&session);
	filter_release(&args->input.filter);
	return status;
}

int cmd_diagnose(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Say what stands out in a recording, and where to look.",
		.children = input_children,
	};
	struct diagnose_args args = { 0 };

	if (argp_parse(&argp, argc, argv, 0, NULL, &args))
		return EXIT_USAGE;
	return run(&args);
}
