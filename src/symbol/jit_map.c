/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/jit_map.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "span.h"

#define FILE_MAX    (128u << 20)
#define ENTRIES_MAX (4u << 20)
#define CODE_MAX    (1ull << 32) /* one entry; more is garbage */

struct jit_map {
	char *text;            /* names are ended in place */
	ARRAY(uint32_t) names; /* offsets into text */
	struct spans spans;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/*
 * Hexadecimal, with or without 0x, and at least one blank behind it.  Returns
 * where the next field begins, or NULL.
 */
static const char *parse_hex(const char *at, const char *end, uint64_t *ret)
{
	const char *start;

	if (end - at > 2 && at[0] == '0' && (at[1] | 0x20) == 'x')
		at += 2;
	*ret = 0;
	for (start = at; at < end && isxdigit((unsigned char)*at); at++) {
		if (*ret >> 60)
			return NULL;
		*ret = *ret << 4 | (unsigned int)(*at <= '9' ? *at - '0' : (*at | 0x20) - 'a' + 10);
	}
	if (at == start || at == end || !is_blank(*at))
		return NULL;
	while (at < end && is_blank(*at))
		at++;
	return at;
}

/* A later line has a higher rank. */
static void parse_line(struct jit_map *map, const char *at, char *end)
{
	uint64_t start, size;

	if (memchr(at, '\0', (size_t)(end - at)))
		return;
	while (at < end && is_blank(*at))
		at++;
	while (end > at && is_blank(end[-1]))
		end--;
	at = parse_hex(at, end, &start);
	if (at)
		at = parse_hex(at, end, &size);
	if (!at || at == end || !size || size > CODE_MAX || start + size < start)
		return;
	*end = '\0';
	*array_add(&map->names) = (uint32_t)(at - map->text);
	spans_add(&map->spans,
		  &(struct span){ start, start + size, map->names.n, (uint32_t)map->names.n - 1 });
}

static struct jit_map *parse_owned(char *text, size_t size)
{
	struct jit_map *map = xcalloc(1, sizeof(*map));
	char *at, *end;

	map->text = text;
	for (at = text; at < text + size && map->names.n < ENTRIES_MAX; at = end + 1) {
		end = memchr(at, '\n', (size_t)(text + size - at));
		if (!end)
			end = text + size;
		parse_line(map, at, end);
	}
	spans_flatten(&map->spans);
	return map;
}

struct jit_map *jit_map_parse(const char *text, size_t size)
{
	char *copy;

	if (size > FILE_MAX) {
		text += size - FILE_MAX;
		size = FILE_MAX;
	}
	copy = xmalloc(size + 1);
	if (size)
		memcpy(copy, text, size);
	copy[size] = '\0';
	return parse_owned(copy, size);
}

/* By position, since the descriptor may be shared; a cut-off first line is no entry. */
int jit_map_read(int fd, struct jit_map **ret)
{
	struct stat st;
	off_t from;
	char *text;
	size_t size = 0;

	if (fstat(fd, &st))
		return -errno;
	from = st.st_size > FILE_MAX ? st.st_size - FILE_MAX : 0;
	text = xmalloc((size_t)(st.st_size - from) + 1);
	while (size < (size_t)(st.st_size - from)) {
		ssize_t got = pread(fd, text + size, (size_t)(st.st_size - from) - size,
				    from + (off_t)size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		size += (size_t)got;
	}
	text[size] = '\0';
	if (from) {
		size_t cut = strcspn(text, "\n");

		memset(text, ' ', cut < size ? cut : size);
	}
	*ret = parse_owned(text, size);
	return 0;
}

void jit_map_free(struct jit_map *map)
{
	if (!map)
		return;
	spans_release(&map->spans);
	array_release(&map->names);
	free(map->text);
	free(map);
}

const char *jit_map_find(const struct jit_map *map, uint64_t address)
{
	const struct span *span = spans_find(&map->spans, address);

	return span ? map->text + map->names.items[span->value] : NULL;
}

size_t jit_map_n(const struct jit_map *map)
{
	return map->names.n;
}
