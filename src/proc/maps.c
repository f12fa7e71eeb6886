/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/maps.h"

#include <string.h>

#define DELETED " (deleted)"

struct cursor {
	const char *at, *end;
	bool failed;
};

static unsigned int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	return c >= 'a' && c <= 'f' ? (unsigned int)(c - 'a') + 10 : 99;
}

static uint64_t number(struct cursor *c, unsigned int base)
{
	const char *start = c->at;
	uint64_t value = 0;

	for (; c->at < c->end; c->at++) {
		unsigned int digit = digit_of(*c->at);

		if (digit >= base)
			break;
		value = value * base + digit;
	}
	c->failed |= c->at == start || c->at - start > 20;
	return value;
}

static void expect(struct cursor *c, char wanted)
{
	if (c->at < c->end && *c->at == wanted)
		c->at++;
	else
		c->failed = true;
}

static void parse_path(struct cursor *c, struct maps_line *ret)
{
	size_t deleted = sizeof(DELETED) - 1;

	while (c->at < c->end && *c->at == ' ')
		c->at++;
	ret->path = c->at;
	ret->path_size = (size_t)(c->end - c->at);
	ret->is_deleted = ret->path_size > deleted && !memcmp(c->end - deleted, DELETED, deleted);
	if (ret->is_deleted)
		ret->path_size -= deleted;
}

/* 55d0c0a00000-55d0c0a21000 r-xp 00002000 fe:00 1234    /usr/bin/x (deleted) */
static bool parse_line(const char *line, const char *end, struct maps_line *ret)
{
	struct cursor c = { line, end, false };
	uint64_t major;

	*ret = (struct maps_line){ 0 };
	ret->start = number(&c, 16);
	expect(&c, '-');
	ret->end = number(&c, 16);
	expect(&c, ' ');
	if (c.failed || c.end - c.at < 5 || ret->end <= ret->start)
		return false;
	ret->is_exec = c.at[2] == 'x';
	ret->is_shared = c.at[3] == 's';
	c.at += 4;
	expect(&c, ' ');
	ret->offset = number(&c, 16);
	expect(&c, ' ');
	major = number(&c, 16);
	expect(&c, ':');
	ret->dev = major << 32 | number(&c, 16);
	expect(&c, ' ');
	ret->inode = number(&c, 10);
	parse_path(&c, ret);
	return !c.failed;
}

const char *maps_next(const char *text, const char *end, struct maps_line *ret)
{
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;
		bool is_good = parse_line(text, line_end, ret);

		text = newline ? newline + 1 : end;
		if (is_good)
			return text;
	}
	return NULL;
}
