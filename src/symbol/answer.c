/* SPDX-License-Identifier: GPL-2.0-only */
#include "answer.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define ANSWER_MAX (ANSWER_LEVELS_MAX * 3u * (SYMBOL_TEXT_MAX + 16u))

struct header {
	uint32_t size; /* of what follows */
	uint32_t kind;
};

static void put_u32(struct buf *out, uint32_t value)
{
	buf_add(out, &value, sizeof(value));
}

static void put_text(struct buf *out, const char *text)
{
	size_t size = text ? strnlen(text, SYMBOL_TEXT_MAX) : 0;

	put_u32(out, (uint32_t)size);
	buf_add(out, text, size);
}

/* Returns where the header stands; end_answer() completes it. */
static size_t begin_answer(struct buf *out, enum answer_kind kind)
{
	size_t at = out->size;
	struct header header = { .kind = kind };

	buf_add(out, &header, sizeof(header));
	return at;
}

static void end_answer(struct buf *out, size_t at)
{
	uint32_t size = (uint32_t)(out->size - at - sizeof(struct header));

	memcpy(out->data + at + offsetof(struct header, size), &size, sizeof(size));
}

void answer_encode(struct buf *out, enum answer_kind kind, uint32_t index, int error)
{
	size_t at = begin_answer(out, kind);

	put_u32(out, index);
	put_u32(out, (uint32_t)-error);
	end_answer(out, at);
}

void answer_encode_names(struct buf *out, uint32_t index, const struct symbol_name *names, size_t n,
			 uint64_t rank)
{
	size_t at = begin_answer(out, ANSWER_NAMES);

	put_u32(out, index);
	buf_add(out, &rank, sizeof(rank));
	put_u32(out, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		put_text(out, names[i].function);
		put_text(out, names[i].linkage);
		put_text(out, names[i].file);
		put_u32(out, names[i].line);
		put_u32(out, names[i].start_line);
	}
	end_answer(out, at);
}

void answer_encode_note(struct buf *out, const char *text)
{
	size_t at = begin_answer(out, ANSWER_NOTE);

	put_text(out, text);
	end_answer(out, at);
}

void answer_encode_alive(struct buf *out, uint64_t done, uint64_t total)
{
	size_t at = begin_answer(out, ANSWER_ALIVE);

	buf_add(out, &done, sizeof(done));
	buf_add(out, &total, sizeof(total));
	end_answer(out, at);
}

struct input {
	const unsigned char *at;
	size_t left;
	bool is_bad;
};

static void get(struct input *in, void *ret, size_t size)
{
	memset(ret, 0, size);
	if (size > in->left) {
		in->is_bad = true;
		in->left = 0;
		return;
	}
	memcpy(ret, in->at, size);
	in->at += size;
	in->left -= size;
}

static uint32_t get_u32(struct input *in)
{
	uint32_t value;

	get(in, &value, sizeof(value));
	return value;
}

/* What the second byte of a character must be for it to be UTF-8 and no control. */
static bool is_second(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xc2: /* below: C1 controls */
	case 0xe0: /* below: overlong */
		return second >= 0xa0 && second <= 0xbf;
	case 0xed: /* above: surrogates */
		return second >= 0x80 && second <= 0x9f;
	case 0xf0: /* below: overlong */
		return second >= 0x90 && second <= 0xbf;
	case 0xf4: /* above: beyond Unicode */
		return second >= 0x80 && second <= 0x8f;
	default:
		return second >= 0x80 && second <= 0xbf;
	}
}

/* How many bytes at @at are one character that is fit to print; 0: none. */
static size_t printable(const unsigned char *at, size_t left)
{
	size_t n;

	if (at[0] < 0x80)
		return at[0] >= 0x20 && at[0] != 0x7f;
	if (at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	n = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	if (n > left || !is_second(at[0], at[1]))
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

/*
 * Take a text into @texts, which has room, so that nothing moves.  What is not fit
 * to print becomes a question mark.  Returns it, or NULL for none.
 */
static const char *get_text(struct input *in, struct buf *texts)
{
	uint32_t size = get_u32(in);
	size_t start = texts->size;

	if (size > in->left || size > SYMBOL_TEXT_MAX) {
		in->is_bad = true;
		return NULL;
	}
	for (uint32_t i = 0; i < size;) {
		size_t n = printable(in->at + i, size - i);

		buf_add(texts, n ? (const void *)(in->at + i) : "?", n ? n : 1);
		i += n ? (uint32_t)n : 1;
	}
	buf_add(texts, "", 1);
	in->at += size;
	in->left -= size;
	return size ? (const char *)texts->data + start : NULL;
}

static void get_names(struct input *in, struct answer *ret)
{
	ret->index = get_u32(in);
	get(in, &ret->rank, sizeof(ret->rank));
	ret->n_levels = get_u32(in);
	if (ret->n_levels > ANSWER_LEVELS_MAX)
		in->is_bad = true;
	for (size_t i = 0; !in->is_bad && i < ret->n_levels; i++) {
		ret->levels[i].function = get_text(in, &ret->texts);
		ret->levels[i].linkage = get_text(in, &ret->texts);
		ret->levels[i].file = get_text(in, &ret->texts);
		ret->levels[i].line = get_u32(in);
		ret->levels[i].start_line = get_u32(in);
		in->is_bad |= !ret->levels[i].function;
	}
}

static void get_fields(struct input *in, struct answer *ret)
{
	switch (ret->kind) {
	case ANSWER_JOB:
	case ANSWER_FAILED:
	case ANSWER_END:
		ret->index = get_u32(in);
		ret->error = -(int)(get_u32(in) & 0xfff);
		break;
	case ANSWER_NAMES:
		get_names(in, ret);
		break;
	case ANSWER_NOTE:
		ret->text = get_text(in, &ret->texts);
		break;
	case ANSWER_ALIVE:
		get(in, &ret->done, sizeof(ret->done));
		get(in, &ret->total, sizeof(ret->total));
		break;
	default:
		in->is_bad = true;
	}
}

ssize_t answer_decode(const void *data, size_t size, struct answer *ret)
{
	struct input in = { data, size, false };
	struct header header;

	if (size < sizeof(header))
		return 0;
	get(&in, &header, sizeof(header));
	if (header.size > ANSWER_MAX)
		return -EBADMSG;
	if (in.left < header.size)
		return 0;
	in.left = header.size;
	buf_clear(&ret->texts);
	/* Strings take no more room than they do on the pipe: they do not move. */
	buf_extend(&ret->texts, header.size + 1);
	buf_clear(&ret->texts);
	ret->kind = (enum answer_kind)header.kind;
	ret->n_levels = 0;
	ret->text = NULL;
	get_fields(&in, ret);
	if (in.is_bad || in.left)
		return -EBADMSG;
	return (ssize_t)(sizeof(header) + header.size);
}

void answer_release(struct answer *answer)
{
	buf_release(&answer->texts);
}
