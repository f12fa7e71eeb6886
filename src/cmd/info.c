/* SPDX-License-Identifier: GPL-2.0-only */
#include "info.h"

#include <argp.h>
#include <string.h>

#include "base/err.h"
#include "cmd/command.h"
#include "data/chunk.h"

struct options {
	const char *input;
	bool json;
	bool all_chunks;
};

static const struct argp_option option_table[] = {
	{ "input", 'i', "FILE", 0, "Describe FILE (default sysprof.data; - is standard input)", 0 },
	{ "json", 'j', NULL, 0, "For programs: everything, as JSON", 0 },
	{ "chunks", 'c', NULL, 0, "List every chunk of the file", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'i':
		o->input = arg;
		return 0;
	case 'j':
		o->json = true;
		return 0;
	case 'c':
		o->all_chunks = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is one argument too many; a recording is named by -i", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const char *info_chunk_kind(uint32_t kind)
{
	return kind == CHUNK_DEFS ? "definitions" : kind == CHUNK_EVENTS ? "events" : "unknown";
}

static int count(struct event_sink *sink, const struct event *event)
{
	struct info *info = (struct info *)sink;

	info->n_events[event->kind]++;
	return event_sink_put(model_sink(info->model), event);
}

static int describe(struct info *info, const struct options *o)
{
	int r = reader_feed(info->reader, READ_ALL, &info->sink);

	if (r)
		return err(EXIT_FAILED, "cannot read '%s': %s", o->input, strerror(-r));
	if (o->json)
		return info_print_json(info) ? EXIT_FAILED : EXIT_DONE; /* main() says why */
	info_print_text(info, o->all_chunks);
	return EXIT_DONE;
}

int cmd_info(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = parse_option,
		.doc = "Describe a recording: who made it, how, and what it holds.",
	};
	struct options o = { .input = "sysprof.data" };
	struct info info = { .sink = { count } };
	struct buf message = { 0 };
	int status;

	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return EXIT_USAGE;
	if (reader_open(o.input, &info.reader, &message)) {
		status = err(EXIT_FAILED, "%s", buf_str(&message));
		buf_release(&message);
		return status;
	}
	info.path = o.input;
	info.model = model_new();
	status = describe(&info, &o);
	model_free(info.model);
	reader_close(info.reader);
	return status;
}
