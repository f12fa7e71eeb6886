/* SPDX-License-Identifier: GPL-2.0-only */
#include "trace_page.h"

#include <errno.h>
#include <string.h>

#define HEADER_BYTES    16
#define COMMIT_MASK     0xfffffffu
#define MISSED          (1ull << 31)
#define MISSED_STORED   (1ull << 30) /* the count stands behind the entries */
#define TYPE_BITS       5
#define TYPE_LONG       0 /* a data entry whose size stands in the next word */
#define TYPE_PADDING    29
#define TYPE_EXTEND     30 /* more bits of the time's difference */
#define TYPE_TIME       31 /* a whole time, but for its highest bits */
#define DELTA_BITS      27
#define TIME_HIGH_SHIFT 59

static uint64_t word64(const unsigned char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static uint32_t word32(const unsigned char *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

int trace_page_open(struct trace_page *page, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	uint64_t commit;
	size_t used;

	if (size < HEADER_BYTES)
		return -EBADMSG;
	commit = word64(at + 8);
	used = commit & COMMIT_MASK;
	if (used > size - HEADER_BYTES)
		return -EBADMSG;
	*page = (struct trace_page){
		.data = at + HEADER_BYTES,
		.size = used,
		.time_ns = word64(at),
		.is_missed = commit & MISSED,
	};
	if ((commit & MISSED_STORED) && used + sizeof(uint64_t) <= size - HEADER_BYTES)
		page->n_missed = word64(page->data + used);
	return 0;
}

/* Steps over the next @size bytes.  NULL: there are no more so many. */
static const unsigned char *take(struct trace_page *page, size_t size)
{
	const unsigned char *at = page->data + page->at;

	if (size > page->size - page->at)
		return NULL;
	page->at += size;
	return at;
}

static int data_entry(struct trace_page *page, size_t size, struct trace_entry *ret)
{
	const unsigned char *data = take(page, size);

	if (!data)
		return -EBADMSG;
	*ret = (struct trace_entry){ .time_ns = page->time_ns, .data = data, .size = size };
	return 1;
}

/* An entry that was withdrawn has a time's difference; without, the page ends here. */
static int skip_padding(struct trace_page *page, uint32_t size, uint32_t delta)
{
	if (!delta) {
		page->at = page->size;
		return 0;
	}
	if (size < sizeof(uint32_t) || !take(page, size - sizeof(uint32_t)))
		return -EBADMSG;
	return 0;
}

/* Kinds of entries with a word of their own behind the head.  1: @ret is an event. */
static int long_entry(struct trace_page *page, uint32_t type, uint32_t delta,
		      struct trace_entry *ret)
{
	const unsigned char *at;
	uint32_t word;

	if (type == TYPE_PADDING && !delta)
		return skip_padding(page, 0, 0);
	at = take(page, sizeof(word));
	if (!at)
		return -EBADMSG;
	word = word32(at);
	if (type == TYPE_TIME) {
		page->time_ns = page->time_ns >> TIME_HIGH_SHIFT << TIME_HIGH_SHIFT |
				(uint64_t)word << DELTA_BITS | delta;
		return 0;
	}
	page->time_ns += delta;
	if (type == TYPE_EXTEND) {
		page->time_ns += (uint64_t)word << DELTA_BITS;
		return 0;
	}
	if (type == TYPE_PADDING)
		return skip_padding(page, word, delta);
	if (word < sizeof(word)) /* the size counts itself */
		return -EBADMSG;
	return data_entry(page, ((size_t)word - sizeof(word) + 3) & ~(size_t)3, ret);
}

int trace_page_next(struct trace_page *page, struct trace_entry *ret)
{
	const unsigned char *at;
	uint32_t head, type, delta;
	int r = 0;

	while (!r && page->at < page->size) {
		at = take(page, sizeof(head));
		if (!at)
			return -EBADMSG;
		head = word32(at);
		type = head & ((1u << TYPE_BITS) - 1);
		delta = head >> TYPE_BITS;
		if (type == TYPE_LONG || type >= TYPE_PADDING) {
			r = long_entry(page, type, delta, ret);
		} else {
			page->time_ns += delta;
			r = data_entry(page, (size_t)type * sizeof(uint32_t), ret);
		}
	}
	return r;
}
