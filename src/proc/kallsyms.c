/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/kallsyms.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

#define FILE_MAX      (256u << 20) /* a real one is some 15 MB */
#define FUNCTION_MAX  (256u << 10) /* how far one without a successor may reach */
#define LINE_MAX_SIZE 1024u

/*
 * The last symbol that is not above an address, and above the one before: where there is
 * none, what holds for the one before holds here.
 */
struct entry {
	uint64_t start;   /* 0: none */
	const char *line; /* behind its address: `TYPE NAME`, then a tab and `[MODULE]` if in one */
};

struct parsed {
	const char *name; /* NULL: of another type, which only bounds what is before it */
	size_t name_size;
	const char *module;
	size_t module_size;
	bool is_global;
};

struct kallsyms {
	struct buf text;
	uint64_t *addresses;   /* ascending */
	struct entry *entries; /* of each */
	size_t n;
	size_t at; /* the address that the last symbol was kept for */
	size_t n_symbols;
	struct buf name, module; /* of the last one found */
};

static const int8_t hex_digits['f' + 1] = {
	['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
	['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* One more than the digit's value, or 0. */
static unsigned int hex_digit(unsigned char c)
{
	return c < sizeof(hex_digits) ? (unsigned int)hex_digits[c] : 0;
}

static const char *parse_address(const char *at, uint64_t *ret)
{
	uint64_t value = 0;
	unsigned int digit;
	int n;

	for (n = 0; n < 16 && (digit = hex_digit((unsigned char)at[n])); n++)
		value = value << 4 | (digit - 1);
	*ret = value;
	return n && at[n] == ' ' ? at + n + 1 : NULL;
}

#define CODE_TYPES "tTwW"
#define DATA_TYPES "dDbB"

/* What @line says, which begins with `TYPE ` and ends in a newline, if it is one of @types. */
static struct parsed parse_line(const char *line, const char *types)
{
	struct parsed ret = { 0 };
	const char *name = line + 2, *end = strchrnul(name, '\n'), *close;
	size_t size = strcspn(name, "\t \n");

	if (!strchr(types, line[0]) || !size)
		return ret;
	ret.name = name;
	ret.name_size = size;
	ret.is_global = line[0] == 'T';
	name += size + strspn(name + size, "\t ");
	close = *name == '[' ? memchr(name, ']', (size_t)(end - name)) : NULL;
	if (close) {
		ret.module = name + 1;
		ret.module_size = (size_t)(close - name) - 1;
	}
	return ret;
}

static size_t n_underscores(const struct parsed *p)
{
	size_t n = strspn(p->name, "_");

	return n < p->name_size ? n : p->name_size;
}

/* Whether of two names at one address the first is the better. */
static bool is_better(const char *line, const char *than)
{
	struct parsed p = parse_line(line, CODE_TYPES), q = parse_line(than, CODE_TYPES);

	if (!p.name || !q.name)
		return p.name;
	if (n_underscores(&p) != n_underscores(&q))
		return n_underscores(&p) < n_underscores(&q);
	if (p.is_global != q.is_global)
		return p.is_global;
	if (p.name_size != q.name_size)
		return p.name_size < q.name_size;
	return memcmp(p.name, q.name, p.name_size) < 0;
}

/* The first address that is not below @start. */
static size_t lower_bound(const struct kallsyms *k, uint64_t start)
{
	size_t low = 0, high = k->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (k->addresses[mid] < start)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Most symbols follow each other: the last one's address is tried first. */
static struct entry *entry_for(struct kallsyms *k, uint64_t start)
{
	size_t at = k->at;

	if (at >= k->n || k->addresses[at] < start || (at && k->addresses[at - 1] >= start))
		at = k->at = lower_bound(k, start);
	return at < k->n ? &k->entries[at] : NULL;
}

static void take_line(struct kallsyms *k, const char *line, size_t size)
{
	uint64_t start;
	const char *at = parse_address(line, &start);
	struct entry *entry;

	if (!at || !start || size < (size_t)(at - line) + 3 || !at[0] || at[1] != ' ')
		return;
	k->n_symbols++;
	entry = entry_for(k, start);
	if (entry &&
	    (start > entry->start || (start == entry->start && is_better(at, entry->line))))
		*entry = (struct entry){ start, at };
}

/* @k->text ends in a newline. */
static void parse(struct kallsyms *k)
{
	const char *at = (const char *)k->text.data, *end = at + k->text.size, *newline;

	for (; at < end; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (newline - at < (ssize_t)LINE_MAX_SIZE)
			take_line(k, at, (size_t)(newline - at));
	}
	for (size_t i = 1; i < k->n; i++) {
		if (!k->entries[i].start)
			k->entries[i] = k->entries[i - 1];
	}
}

/* Takes @text. */
static struct kallsyms *new_of(struct buf *text, const uint64_t *addresses, size_t n)
{
	struct kallsyms *k = xcalloc(1, sizeof(*k));

	k->text = *text;
	*text = (struct buf){ 0 };
	buf_puts(&k->text, "\n");
	buf_str(&k->text); /* nothing is read beyond */
	k->n = n;
	k->addresses = xcalloc(n + 1, sizeof(*addresses));
	if (n)
		memcpy(k->addresses, addresses, n * sizeof(*addresses));
	k->entries = xcalloc(n + 1, sizeof(*k->entries));
	parse(k);
	return k;
}

struct kallsyms *kallsyms_parse(const char *text, size_t size, const uint64_t *addresses, size_t n)
{
	struct buf copy = { 0 };

	buf_add(&copy, text, size < FILE_MAX ? size : FILE_MAX);
	return new_of(&copy, addresses, n);
}

/* By position: the descriptor may be shared with another process. */
int kallsyms_read(int fd, const uint64_t *addresses, size_t n, struct kallsyms **ret)
{
	struct buf buf = { 0 };
	ssize_t got;

	do {
		void *room = buf_extend(&buf, 1 << 16);

		got = pread(fd, room, 1 << 16, (off_t)(buf.size - (1 << 16)));
		buf.size -= (1 << 16) - (got > 0 ? (size_t)got : 0);
	} while (got > 0 ? buf.size < FILE_MAX : got < 0 && errno == EINTR);
	if (got < 0) {
		got = -errno;
		buf_release(&buf);
		return (int)got;
	}
	*ret = new_of(&buf, addresses, n);
	return 0;
}

void kallsyms_free(struct kallsyms *k)
{
	if (!k)
		return;
	buf_release(&k->text);
	buf_release(&k->name);
	buf_release(&k->module);
	free(k->addresses);
	free(k->entries);
	free(k);
}

static const char *keep(struct buf *buf, const char *text, size_t size)
{
	buf_clear(buf);
	buf_add(buf, text, size);
	return buf_str(buf);
}

static int find(struct kallsyms *k, uint64_t address, const char *types,
		struct kallsyms_symbol *ret)
{
	size_t at = lower_bound(k, address);
	const struct entry *entry = &k->entries[at];
	struct parsed p;

	if (at == k->n || k->addresses[at] != address || !entry->start ||
	    address - entry->start >= FUNCTION_MAX)
		return -ENOENT;
	p = parse_line(entry->line, types);
	if (!p.name)
		return -ENOENT;
	ret->name = keep(&k->name, p.name, p.name_size);
	ret->module = keep(&k->module, p.module, p.module_size);
	ret->start = entry->start;
	return 0;
}

int kallsyms_find(struct kallsyms *k, uint64_t address, struct kallsyms_symbol *ret)
{
	return find(k, address, CODE_TYPES, ret);
}

int kallsyms_find_data(struct kallsyms *k, uint64_t address, struct kallsyms_symbol *ret)
{
	return find(k, address, DATA_TYPES, ret);
}

size_t kallsyms_n(const struct kallsyms *k)
{
	return k->n_symbols;
}
