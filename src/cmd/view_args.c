/* SPDX-License-Identifier: GPL-2.0-only */
#include "view_args.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/human.h"

#define WIDTH_OF_PIPES 0 /* what reads them may want whole names */

void view_parse_key(struct argp_state *state, const char *arg, enum table_key *ret)
{
	static const char *const keys[] = {
		[TABLE_FUNCTION] = "function", [TABLE_SYMBOL] = "symbol",
		[TABLE_LINE] = "line",         [TABLE_MODULE] = "module",
		[TABLE_PROCESS] = "process",   [TABLE_THREAD] = "thread",
		[TABLE_CPU] = "cpu",           [TABLE_STACK] = "stack",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!strcmp(keys[i], arg)) {
			*ret = (enum table_key)i;
			return;
		}
	}
	argp_error(state, "--by: no key '%s'", arg);
}

uint64_t view_parse_count(struct argp_state *state, const char *option, const char *arg)
{
	uint64_t count = 0;

	if (human_parse_number(arg, 0, 1000000000, &count))
		argp_error(state, "%s: '%s' is no number", option, arg);
	return count;
}

unsigned int view_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t width;

	if (columns && !human_parse_number(columns, 20, 10000, &width))
		return (unsigned int)width;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col > 0)
		return size.ws_col;
	return WIDTH_OF_PIPES;
}

bool view_has_colour(void)
{
	const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && terminal && strcmp(terminal, "dumb") != 0;
}
