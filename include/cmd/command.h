/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A subcommand is one file in src/cmd, one row of commands[] (src/main.c) and one
 * page, Documentation/sysprof-NAME.1; tests/lint holds the three to each other.
 */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

/* Of every command. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
};

struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv); /* argv[0] is "sysprof NAME" */
};

extern const struct command commands[]; /* ends with a row without a name */

int cmd_record(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_diagnose(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_dump(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_check(int argc, char **argv);

#endif /* CMD_COMMAND_H */
