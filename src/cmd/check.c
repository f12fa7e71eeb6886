/* SPDX-License-Identifier: GPL-2.0-only */
#include <argp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/command.h"
#include "record/sources.h"

static void print_source(const struct source *source)
{
	static const char *const states[] = { "yes", "partly", "no" };
	struct buf detail = { 0 }, remedy = { 0 };
	enum source_state state = source->probe(&detail, &remedy);

	printf("%-22s %-7s %s\n", source->name, states[state], source->gives);
	if (detail.size)
		printf("%-30s %s\n", "", buf_str(&detail));
	if (state != SOURCE_WORKS && remedy.size)
		printf("%-30s to have it: %s\n", "", buf_str(&remedy));
	buf_release(&detail);
	buf_release(&remedy);
}

int cmd_check(int argc, char **argv)
{
	static const struct argp argp = {
		.doc = "Try every source of events and names, and say what would make it work.",
	};
	const struct passwd *user = getpwuid(geteuid());
	const struct source *source;

	if (argp_parse(&argp, argc, argv, 0, NULL, NULL))
		return EXIT_USAGE;
	printf("For %s (uid %u) on this machine, now:\n\n", user ? user->pw_name : "this user",
	       geteuid());
	printf("%-22s %-7s %s\n", "SOURCE", "WORKS", "GIVES");
	for (source = sources; source->name; source++)
		print_source(source);
	return EXIT_DONE;
}
