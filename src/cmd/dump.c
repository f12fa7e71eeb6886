/* SPDX-License-Identifier: GPL-2.0-only */
#include <argp.h>
#include <errno.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "data/reader.h"
#include "data/writer.h"
#include "event/text.h"

struct options {
	const char *input;
	const char *output; /* NULL: not said */
	const char *text;   /* to assemble; NULL: print */
};

enum option_key {
	KEY_ASSEMBLE = 256,
};

static const struct argp_option option_table[] = {
	{ "input", 'i', "FILE", 0, "Print FILE (default sysprof.data; - is standard input)", 0 },
	{ "assemble", KEY_ASSEMBLE, "TEXT", 0,
	  "Make a recording of the events in TEXT (- is standard input)", 0 },
	{ "output", 'o', "FILE", 0,
	  "With --assemble: write FILE (default sysprof.data; - is standard output)", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'i':
		o->input = arg;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case KEY_ASSEMBLE:
		o->text = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is one argument too many; a recording is named by -i", arg);
		return 0;
	case ARGP_KEY_END:
		if (o->output && !o->text)
			argp_error(state, "-o is for --assemble; the text goes to standard output");
		if (o->input && o->text)
			argp_error(state, "--assemble reads TEXT, and no recording (-i)");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const char *input_name(const char *path)
{
	return strcmp(path, "-") ? path : "standard input";
}

static void warn_of_damage(const char *path, struct reader_damage damage)
{
	if (damage.n_gaps)
		warn("%s is damaged: %llu bytes in %u places were passed over", path,
		     (unsigned long long)damage.skipped_bytes, damage.n_gaps);
	if (damage.n_bad_events)
		warn("%s has %llu events that cannot be decoded", path,
		     (unsigned long long)damage.n_bad_events);
	if (damage.cut_off)
		warn("%s is cut off: its end is missing", path);
}

static int print(const char *path)
{
	struct event_printer *printer;
	struct buf message = { 0 };
	struct reader *reader;
	int r = reader_open(path, &reader, &message);

	if (r) {
		err(r, "%s", buf_str(&message));
		buf_release(&message);
		return EXIT_FAILED;
	}
	printer = event_printer_new(stdout);
	r = reader_feed(reader, READ_ALL, event_printer_sink(printer));
	if (!r)
		warn_of_damage(input_name(path), reader_damage(reader));
	else if (!ferror(stdout)) /* or else main() says so */
		err(r, "cannot read %s: %s", input_name(path), strerror(-r));
	event_printer_free(printer);
	reader_close(reader);
	return r ? EXIT_FAILED : EXIT_DONE;
}

static int read_text(const char *path, struct buf *ret)
{
	ssize_t r = strcmp(path, "-") ? file_read(path, ret) : file_read_fd(STDIN_FILENO, ret);

	if (r < 0)
		return err(EXIT_FAILED, "cannot read %s: %s", input_name(path), strerror((int)-r));
	if (ret->size && memchr(ret->data, 0, ret->size))
		return err(EXIT_FAILED,
			   "%s is no text of events; `sysprof dump -i` prints recordings",
			   input_name(path));
	return EXIT_DONE;
}

static int explain_write(const char *path, int error)
{
	return err(EXIT_FAILED, "cannot write %s: %s", strcmp(path, "-") ? path : "standard output",
		   error == -ENOTTY ? "it is a terminal; name a file with -o" : strerror(-error));
}

static int assemble(const char *text_path, const char *text, const char *output)
{
	const struct writer_options options = { .path = output };
	struct buf message = { 0 };
	struct writer *writer;
	int r = writer_open(&options, &writer);

	if (r)
		return explain_write(output, r);
	r = event_assemble(text, writer_sink(writer), &message);
	if (r) {
		writer_abandon(writer);
		err(r, "%s, %s", input_name(text_path), buf_str(&message));
		buf_release(&message);
		return EXIT_FAILED;
	}
	r = writer_close(writer);
	return r ? explain_write(output, r) : EXIT_DONE;
}

static int make(const struct options *o)
{
	struct buf text = { 0 };
	int status = read_text(o->text, &text);

	if (status == EXIT_DONE)
		status = assemble(o->text, buf_str(&text), o->output ? o->output : "sysprof.data");
	buf_release(&text);
	return status;
}

int cmd_dump(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = parse_option,
		.doc = "Print a recording as text, an event a line, or make one from text.",
	};
	struct options o = { 0 };

	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return EXIT_USAGE;
	return o.text ? make(&o) : print(o.input ? o.input : "sysprof.data");
}
