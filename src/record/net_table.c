/* SPDX-License-Identifier: GPL-2.0-only */
#include "net_table.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#define LISTENING     " (listening)"
#define MAX_WORDS     12
#define TCP_LISTEN    0x0a
#define UNIX_LISTENS  0x10000 /* __SO_ACCEPTCON */
#define MAX_UNIX_NAME 108

const char *const net_files[NET_N_FAMILIES] = { "tcp", "tcp6", "udp", "udp6", "unix" };

static const char *const protocols[NET_N_FAMILIES] = { "tcp", "tcp", "udp", "udp", "unix" };

struct word {
	const char *at;
	size_t size;
};

struct line {
	struct word words[MAX_WORDS];
	size_t n;
};

/* Words between blanks; the last one holds the rest of the line. */
static struct line split(const char *at, const char *end, size_t max)
{
	struct line line = { .n = 0 };

	while (line.n < max) {
		const char *start;

		while (at < end && *at == ' ')
			at++;
		if (at == end)
			break;
		start = at;
		while (at < end && (*at != ' ' || line.n == max - 1))
			at++;
		line.words[line.n++] = (struct word){ start, (size_t)(at - start) };
	}
	return line;
}

static unsigned int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A') + 10;
	return c >= 'a' && c <= 'f' ? (unsigned int)(c - 'a') + 10 : UINT_MAX;
}

/* A number to @base that fills the @size characters at @at. */
static bool number(const char *at, size_t size, unsigned int base, uint64_t *ret)
{
	uint64_t value = 0;

	if (!size || size > 16)
		return false;
	for (size_t i = 0; i < size; i++) {
		unsigned int digit = digit_of(at[i]);

		if (digit >= base)
			return false;
		value = value * base + digit;
	}
	*ret = value;
	return true;
}

/* Words of 32 bits as this machine's memory holds them: the address's own bytes in order. */
static bool read_address(struct word w, unsigned char address[16], size_t n_words, uint64_t *port)
{
	size_t digits = 8 * n_words;

	if (w.size <= digits + 1 || w.at[digits] != ':' ||
	    !number(w.at + digits + 1, w.size - digits - 1, 16, port))
		return false;
	for (size_t i = 0; i < n_words; i++) {
		uint64_t value;
		uint32_t word;

		if (!number(w.at + 8 * i, 8, 16, &value))
			return false;
		word = (uint32_t)value;
		memcpy(address + 4 * i, &word, sizeof(word));
	}
	return true;
}

static bool is_zero(const unsigned char *at, size_t size)
{
	while (size && !at[size - 1])
		size--;
	return !size;
}

/* An IPv4 address in an IPv6 socket is written as what it is. */
static void add_address(struct buf *out, const unsigned char address[16], size_t n_words,
			uint64_t port)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool is_v4 = n_words == 1 || !memcmp(address, mapped, sizeof(mapped));
	const unsigned char *at = n_words == 4 && is_v4 ? address + 12 : address;
	char text[INET6_ADDRSTRLEN];

	inet_ntop(is_v4 ? AF_INET : AF_INET6, at, text, sizeof(text));
	buf_printf(out, is_v4 ? "%s:%" PRIu64 : "[%s]:%" PRIu64, text, port);
}

/* sl local remote state queues timer retransmits uid timeout inode … */
static bool parse_inet(enum net_family family, const struct line *line, uint64_t *ret_inode,
		       struct buf *out)
{
	size_t n_words = family == NET_TCP6 || family == NET_UDP6 ? 4 : 1;
	unsigned char local[16], remote[16];
	uint64_t local_port, remote_port, state;

	if (line->n < 10 || !read_address(line->words[1], local, n_words, &local_port) ||
	    !read_address(line->words[2], remote, n_words, &remote_port) ||
	    !number(line->words[3].at, line->words[3].size, 16, &state) ||
	    !number(line->words[9].at, line->words[9].size, 10, ret_inode))
		return false;
	buf_printf(out, "%s ", protocols[family]);
	add_address(out, local, n_words, local_port);
	if (!remote_port && is_zero(remote, 4 * n_words)) {
		if (state == TCP_LISTEN)
			buf_puts(out, LISTENING);
		return true;
	}
	buf_puts(out, " → ");
	add_address(out, remote, n_words, remote_port);
	return true;
}

/* Num: RefCount Protocol Flags Type St Inode [Path]; a path that begins with @ has none on disk. */
static bool parse_unix(const struct line *line, uint64_t *ret_inode, struct buf *out)
{
	uint64_t flags;
	size_t size;

	if (line->n < 7 || !number(line->words[3].at, line->words[3].size, 16, &flags) ||
	    !number(line->words[6].at, line->words[6].size, 10, ret_inode))
		return false;
	buf_puts(out, "unix");
	size = line->n > 7 ? line->words[7].size : 0;
	if (size) {
		buf_puts(out, " ");
		buf_add(out, line->words[7].at, size < MAX_UNIX_NAME ? size : MAX_UNIX_NAME);
	} else {
		buf_puts(out, " socket");
	}
	if (flags & UNIX_LISTENS)
		buf_puts(out, LISTENING);
	return true;
}

bool net_name_listens(const struct buf *name)
{
	size_t size = strlen(LISTENING);

	return name->size > size && !memcmp(name->data + name->size - size, LISTENING, size);
}

const char *net_line_next(enum net_family family, const char *text, const char *end,
			  uint64_t *ret_inode, struct buf *ret_name)
{
	const char *newline;
	struct line line;
	bool is_good;

	if (text >= end)
		return NULL;
	newline = memchr(text, '\n', (size_t)(end - text));
	newline = newline ? newline : end;
	buf_clear(ret_name);
	line = split(text, newline, family == NET_UNIX ? 8 : MAX_WORDS);
	is_good = family == NET_UNIX ? parse_unix(&line, ret_inode, ret_name) :
				       parse_inet(family, &line, ret_inode, ret_name);
	if (!is_good) {
		*ret_inode = 0;
		buf_clear(ret_name);
	}
	return newline < end ? newline + 1 : end;
}
