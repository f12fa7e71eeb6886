/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/kallsyms.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/array.h"
#include "base/buf.h"

#define FILE_MAX      (256u << 20) /* a real one is some 15 MB */
#define FUNCTION_MAX  (256u << 10) /* how far one without a successor may reach */
#define NO_NAME       UINT32_MAX   /* not code: only bounds what is before it */
#define LINE_MAX_SIZE 1024u

struct entry {
	uint64_t start;
	uint32_t name;   /* offset into text, or NO_NAME */
	uint32_t module; /* offset into text; 0: none */
	bool is_global;
};

struct kallsyms {
	char *text;                  /* the file behind one NUL; names are ended in place */
	ARRAY(struct entry) entries; /* by address, one an address */
	size_t n_functions;
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char *parse_address(const char *at, uint64_t *ret)
{
	uint64_t value = 0;
	int n;

	for (n = 0; n < 16 && hex_digit(at[n]) >= 0; n++)
		value = value << 4 | (unsigned int)hex_digit(at[n]);
	*ret = value;
	return n && at[n] == ' ' ? at + n + 1 : NULL;
}

/* @line ends in NUL: `ADDRESS TYPE NAME`, then a tab and `[MODULE]` for what is in one. */
static void parse_line(struct kallsyms *k, char *line)
{
	uint64_t address;
	const char *at = parse_address(line, &address);
	struct entry *entry;
	char *name, *module;
	size_t size;

	if (!at || !address || !at[0] || at[1] != ' ' || !at[2])
		return;
	name = k->text + (at + 2 - k->text);
	size = strcspn(name, "\t ");
	module = name + size + strspn(name + size, "\t ");
	entry = array_add(&k->entries);
	*entry = (struct entry){ .start = address, .name = NO_NAME };
	if (!strchr("tTwW", at[0]) || !size)
		return;
	entry->name = (uint32_t)(name - k->text);
	entry->is_global = at[0] == 'T';
	if (*module == '[' && module[strcspn(module, "]")]) {
		entry->module = (uint32_t)(module + 1 - k->text);
		module[strcspn(module, "]")] = '\0';
	}
	name[size] = '\0';
}

static size_t n_underscores(const char *name)
{
	return strspn(name, "_");
}

/* Of several names at one address the best comes first. */
static int compare_entries(const void *a, const void *b, void *arg)
{
	const struct entry *x = a, *y = b;
	const struct kallsyms *k = arg;
	const char *p, *q;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if ((x->name == NO_NAME) != (y->name == NO_NAME))
		return x->name == NO_NAME ? 1 : -1;
	if (x->name == NO_NAME)
		return 0;
	p = k->text + x->name;
	q = k->text + y->name;
	if (n_underscores(p) != n_underscores(q))
		return n_underscores(p) < n_underscores(q) ? -1 : 1;
	if (x->is_global != y->is_global)
		return x->is_global ? -1 : 1;
	if (strlen(p) != strlen(q))
		return strlen(p) < strlen(q) ? -1 : 1;
	return strcmp(p, q);
}

static void sort_entries(struct kallsyms *k)
{
	size_t kept = 0;

	if (k->entries.n)
		qsort_r(k->entries.items, k->entries.n, sizeof(*k->entries.items), compare_entries,
			k);
	for (size_t i = 0; i < k->entries.n; i++) {
		if (kept && k->entries.items[kept - 1].start == k->entries.items[i].start)
			continue;
		k->entries.items[kept++] = k->entries.items[i];
		k->n_functions += k->entries.items[i].name != NO_NAME;
	}
	k->entries.n = kept;
}

struct kallsyms *kallsyms_parse(const char *text, size_t size)
{
	struct kallsyms *k = xcalloc(1, sizeof(*k));
	char *at, *end;

	if (size > FILE_MAX)
		size = FILE_MAX;
	k->text = xmalloc(size + 2);
	k->text[0] = k->text[size + 1] = '\0';
	if (size)
		memcpy(k->text + 1, text, size);
	for (at = k->text + 1; at < k->text + 1 + size; at = end + 1) {
		end = memchr(at, '\n', (size_t)(k->text + 1 + size - at));
		if (!end)
			end = k->text + 1 + size;
		*end = '\0';
		if ((size_t)(end - at) < LINE_MAX_SIZE)
			parse_line(k, at);
	}
	sort_entries(k);
	return k;
}

/* By position: the descriptor may be shared with another process. */
int kallsyms_read(int fd, struct kallsyms **ret)
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
	*ret = kallsyms_parse((const char *)buf.data, buf.size);
	buf_release(&buf);
	return 0;
}

void kallsyms_free(struct kallsyms *k)
{
	if (!k)
		return;
	array_release(&k->entries);
	free(k->text);
	free(k);
}

int kallsyms_find(const struct kallsyms *k, uint64_t address, struct kallsyms_symbol *ret)
{
	size_t low = 0, high = k->entries.n;
	const struct entry *entry;

	while (low < high) { /* the first one above */
		size_t mid = low + (high - low) / 2;

		if (k->entries.items[mid].start <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return -ENOENT;
	entry = &k->entries.items[low - 1];
	if (entry->name == NO_NAME || address - entry->start >= FUNCTION_MAX)
		return -ENOENT;
	ret->name = k->text + entry->name;
	ret->module = k->text + entry->module;
	ret->start = entry->start;
	return 0;
}

size_t kallsyms_n(const struct kallsyms *k)
{
	return k->n_functions;
}
