/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/human.h"
#include "record/trigger.h"

static const struct row {
	const char *name;
	enum trigger_kind kind;
	bool has_limit, has_class;
	const char *example;
} rows[] = {
	{ "latency", TRIGGER_LATENCY, true, false, "latency>20ms" },
	{ "wait", TRIGGER_WAIT, true, true, "wait>100ms or wait:lock>50ms" },
	{ "pause", TRIGGER_PAUSE, true, false, "pause>10ms" },
	{ "function", TRIGGER_FUNCTION, false, false, "function:NAME or function:LIBRARY:NAME" },
	{ "signal", TRIGGER_SIGNAL, false, false, "signal" },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

struct parsing {
	const char *text, *at;
	const struct row *row;
	struct buf *message;
};

static int refuse(const struct parsing *parsing, const char *what)
{
	buf_printf(parsing->message, "'%s': %s; try %s", parsing->text, what,
		   parsing->row->example);
	return -EINVAL;
}

static int parse_name(struct parsing *parsing)
{
	size_t size = strcspn(parsing->text, ":>");

	for (size_t i = 0; i < N_ROWS; i++) {
		if (strlen(rows[i].name) != size || strncmp(rows[i].name, parsing->text, size) != 0)
			continue;
		parsing->row = &rows[i];
		parsing->at = parsing->text + size;
		return 0;
	}
	buf_printf(parsing->message, "'%s' is no condition; there are", parsing->text);
	for (size_t i = 0; i < N_ROWS; i++)
		buf_printf(parsing->message, "%s %s", i ? "," : "", rows[i].example);
	return -EINVAL;
}

/* "NAME" or "LIBRARY:NAME", behind a colon; two of them belong to a name. */
static int parse_function(struct parsing *parsing, struct function_name *ret)
{
	const char *name = parsing->at + 1, *colon;

	if (*parsing->at != ':' || !*name)
		return refuse(parsing, "the function is missing");
	colon = strchr(name, ':');
	if (colon && colon[1] != ':') {
		if (colon == name)
			return refuse(parsing, "the library is missing");
		*ret = (struct function_name){ name, (size_t)(colon - name), colon + 1 };
	} else {
		ret->function = name;
	}
	return *ret->function ? 0 : refuse(parsing, "the function is missing");
}

static int parse_class(struct parsing *parsing, uint32_t *ret)
{
	size_t size;

	if (*parsing->at != ':')
		return 0;
	if (!parsing->row->has_class)
		return refuse(parsing, "only waits have classes");
	size = strcspn(++parsing->at, ">");
	for (uint32_t why = 0; why < WAIT_N_CLASSES; why++) {
		const char *name = wait_class_name(why);

		if (strlen(name) != size || strncmp(name, parsing->at, size) != 0)
			continue;
		parsing->at += size;
		*ret = why;
		return 0;
	}
	buf_printf(parsing->message, "'%s': no class of waits is called '%.*s'; there are",
		   parsing->text, (int)size, parsing->at);
	for (uint32_t why = 0; why < WAIT_N_CLASSES; why++)
		buf_printf(parsing->message, "%s %s", why ? "," : "", wait_class_name(why));
	return -EINVAL;
}

static int parse_limit(struct parsing *parsing, uint64_t *ret)
{
	const char *number = parsing->at + 1;
	size_t size;

	if (!parsing->row->has_limit)
		return *parsing->at ? refuse(parsing, "it has no limit") : 0;
	if (*parsing->at != '>')
		return refuse(parsing, "the limit is missing");
	size = strlen(number);
	if (size && isdigit((unsigned char)number[size - 1]))
		return refuse(parsing, "the limit's unit is missing");
	if (human_parse_duration(number, ret))
		return refuse(parsing, "the limit is no duration");
	return 0;
}

int trigger_parse(const char *text, struct trigger_condition *ret, struct buf *message)
{
	struct parsing parsing = { .text = text, .message = message };
	struct trigger_condition condition = { .why = TRIGGER_ANY_CLASS, .text = text };
	int r = parse_name(&parsing);

	if (r)
		return r;
	condition.kind = parsing.row->kind;
	if (condition.kind == TRIGGER_FUNCTION)
		r = parse_function(&parsing, &condition.function);
	else
		r = parse_class(&parsing, &condition.why);
	if (!r && condition.kind != TRIGGER_FUNCTION)
		r = parse_limit(&parsing, &condition.limit_ns);
	if (r)
		return r;
	*ret = condition;
	return 0;
}
