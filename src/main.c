/* SPDX-License-Identifier: GPL-2.0-only */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/command.h"

const struct command commands[] = {
	{ "record", "record what processes do, into a file", cmd_record },
	{ "report", "print a profile: a table, a call tree, callers and callees", cmd_report },
	{ "diagnose", "say what stands out, and where to look", cmd_diagnose },
	{ "diff", "what changed between two recordings, and what may be chance", cmd_diff },
	{ "export", "write a profile for another program, such as go tool pprof", cmd_export },
	{ "top", "show live what processes do: states, functions, waits, locks", cmd_top },
	{ "serve", "offer profiles of every process over HTTP, as Go programs do", cmd_serve },
	{ "dump", "print a recording as text, or make one from text", cmd_dump },
	{ "info", "describe a recording: who made it, how, and what it holds", cmd_info },
	{ "check", "what can be recorded here, and what would make the rest work", cmd_check },
	{ 0 },
};

static void print_help(FILE *out)
{
	const struct command *c;

	fputs("Usage: sysprof COMMAND [OPTION...]\n\nA profiler for any process: see why it is "
	      "slow, from outside.\n\nCommands:\n",
	      out);
	for (c = commands; c->name; c++)
		fprintf(out, "  %-10s %s\n", c->name, c->summary);
	fputs("\n`sysprof COMMAND --help` has the options, `man sysprof-COMMAND` the whole "
	      "story.\n",
	      out);
}

static const struct command *command_find(const char *name)
{
	const struct command *c;

	for (c = commands; c->name; c++) {
		if (!strcmp(c->name, name))
			return c;
	}
	return NULL;
}

/* A result that could not be written, to a full disk say, must not look like success. */
static int check_stdout(int status)
{
	if ((fflush(stdout) || ferror(stdout)) && errno != EPIPE && !status)
		return err(EXIT_FAILED, "cannot write to standard output: %s", strerror(errno));
	return status;
}

int main(int argc, char **argv)
{
	const struct command *command;
	char *name;
	int status;

	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_help(stdout);
		return check_stdout(EXIT_DONE);
	}
	if (!strcmp(argv[1], "--version")) {
		printf("sysprof %s\n", SYSPROF_VERSION);
		return check_stdout(EXIT_DONE);
	}
	command = command_find(argv[1]);
	if (!command)
		return err(EXIT_USAGE, "no command '%s'; `sysprof help` lists them", argv[1]);
	argp_err_exit_status = EXIT_USAGE;
	name = xasprintf("sysprof %s", command->name); /* what usage messages call it */
	argv[1] = name;
	status = check_stdout(command->run(argc - 1, argv + 1));
	free(name);
	return status;
}
