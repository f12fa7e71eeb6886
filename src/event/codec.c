/* SPDX-License-Identifier: GPL-2.0-only */
#include "event/codec.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define VARINT_MAX_BYTES 10

/*
 * The kind is stored with a bit that says whether the event has a time: a reader
 * that does not know the kind must still follow the time it steps to.
 */
#define TAG(kind, has_time) ((uint64_t)(kind) << 1 | (has_time))

static unsigned char *put_varint(unsigned char *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (unsigned char)(value | 0x80);
	*at++ = (unsigned char)value;
	return at;
}

/* A difference in either direction, small ones in few bytes: 0, -1, 1, -2 … as 0, 1, 2, 3 … */
static uint64_t zigzag(uint64_t difference)
{
	return difference << 1 ^ (0 - (difference >> 63));
}

static uint64_t unzigzag(uint64_t value)
{
	return value >> 1 ^ (0 - (value & 1));
}

static unsigned char *put_difference(unsigned char *at, uint64_t *last, uint64_t value)
{
	at = put_varint(at, zigzag(value - *last));
	*last = value;
	return at;
}

static unsigned char *put_bytes(unsigned char *at, const struct bytes *bytes)
{
	at = put_varint(at, bytes->size);
	if (bytes->size)
		memcpy(at, bytes->data, bytes->size);
	return at + bytes->size;
}

static unsigned char *put_field(struct event_codec *codec, unsigned char *at,
				const struct event_field *field, const struct event *event)
{
	const void *value = (const char *)event + field->offset;

	switch (field->type) {
	case FIELD_U32:
	case FIELD_SID:
		return put_varint(at, *(const uint32_t *)value);
	case FIELD_U64:
		return put_varint(at, *(const uint64_t *)value);
	case FIELD_DELTA:
		return put_difference(at, &codec->last[event->kind], *(const uint64_t *)value);
	case FIELD_BYTES:
		return put_bytes(at, value);
	}
	return at;
}

/* How many bytes the fields may take, and some. */
static size_t body_max(const struct event_info *info, const struct event *event)
{
	size_t size = VARINT_MAX_BYTES * (1 + info->n_fields);

	for (size_t i = 0; i < info->n_fields; i++) {
		const void *value = (const char *)event + info->fields[i].offset;

		if (info->fields[i].type == FIELD_BYTES)
			size += ((const struct bytes *)value)->size;
	}
	return size;
}

/* The size stands before the body, but is known after it: one byte is kept for it. */
static unsigned char *put_size(unsigned char *body, unsigned char *end)
{
	unsigned char size[VARINT_MAX_BYTES];
	size_t n = (size_t)(put_varint(size, (uint64_t)(end - body)) - size);

	if (n > 1)
		memmove(body + n - 1, body, (size_t)(end - body));
	memcpy(body - 1, size, n);
	return end + n - 1;
}

static bool is_zero(const struct event_field *field, const struct event *event)
{
	const void *value = (const char *)event + field->offset;

	switch (field->type) {
	case FIELD_U32:
	case FIELD_SID:
		return !*(const uint32_t *)value;
	case FIELD_U64:
	case FIELD_DELTA:
		return !*(const uint64_t *)value;
	case FIELD_BYTES:
		return !((const struct bytes *)value)->size;
	}
	return false;
}

/* A reader takes fields that are absent for 0: those at the end that are need not be there. */
static size_t n_fields_to_put(const struct event_info *info, const struct event *event)
{
	size_t n = info->n_fields;

	while (n && is_zero(&info->fields[n - 1], event))
		n--;
	return n;
}

void event_encode(struct event_codec *codec, struct buf *out, const struct event *event)
{
	const struct event_info *info = event_info(event->kind);
	size_t start = out->size, room, n_fields;
	unsigned char *head, *body, *at;

	assert(info);
	n_fields = n_fields_to_put(info, event);
	room = 2 * VARINT_MAX_BYTES + body_max(info, event);
	head = buf_extend(out, room);
	body = at = put_varint(head, TAG(event->kind, info->has_time)) + 1;
	if (info->has_time)
		at = put_difference(at, &codec->last_time_ns, event->time_ns);
	for (size_t i = 0; i < n_fields; i++)
		at = put_field(codec, at, &info->fields[i], event);
	out->size = start + (size_t)(put_size(body, at) - head);
}

/* What is left to decode. */
struct input {
	const unsigned char *at;
	const unsigned char *end;
};

/* The rest of one whose first byte does not stand alone. */
static int get_long_varint(struct input *in, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64 && in->at < in->end; shift += 7) {
		uint64_t byte = *in->at++;

		if (shift == 63 && byte > 1)
			break;
		value |= (byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret = value;
			return 0;
		}
	}
	return -EBADMSG;
}

static inline int get_varint(struct input *in, uint64_t *ret)
{
	if (in->at == in->end || *in->at >= 0x80)
		return get_long_varint(in, ret);
	*ret = *in->at++;
	return 0;
}

static inline int get_difference(struct input *in, uint64_t *last, uint64_t *ret)
{
	uint64_t step;

	if (get_varint(in, &step))
		return -EBADMSG;
	*last += unzigzag(step);
	*ret = *last;
	return 0;
}

static inline int get_u32(struct input *in, uint32_t *ret)
{
	uint64_t value;

	if (get_varint(in, &value) || value > UINT32_MAX)
		return -EBADMSG;
	*ret = (uint32_t)value;
	return 0;
}

static int get_bytes(struct input *in, struct bytes *ret)
{
	uint64_t size;

	if (get_varint(in, &size) || size > (uint64_t)(in->end - in->at))
		return -EBADMSG;
	*ret = (struct bytes){ .data = in->at, .size = size };
	in->at += size;
	return 0;
}

/*
 * A function for each kind, since decoding takes a good part of a report's time: it gets
 * the fields that are there, as an older writer knew fewer, and a newer one more.
 */
#define GET_U32(field)   get_u32(in, &(field))
#define GET_SID(field)   get_u32(in, &(field))
#define GET_U64(field)   get_varint(in, &(field))
#define GET_DELTA(field) get_difference(in, &codec->last[event->kind], &(field))
#define GET_BYTES(field) get_bytes(in, &(field))
#define FIELD(name, type, field)                                    \
	if (in->at < in->end && GET_##type(event->name.field) != 0) \
		return -EBADMSG;
#define KIND(NAME, name, number, class)                                                         \
	static int get_##name(struct event_codec *codec, struct input *in, struct event *event) \
	{                                                                                       \
		(void)codec, (void)in, (void)event;                                             \
		EVENT_FIELDS_##name(FIELD) return 0;                                            \
	}
EVENT_KINDS(KIND)
#undef KIND
#undef FIELD

static int get_fields(struct event_codec *codec, struct input *in, struct event *event)
{
	switch (event->kind) {
#define KIND(NAME, name, number, class) \
	case EVENT_##NAME:              \
		return get_##name(codec, in, event);
		EVENT_KINDS(KIND)
#undef KIND
	default:
		return -EBADMSG;
	}
}

ssize_t event_decode(struct event_codec *codec, const void *data, size_t size, struct event *ret)
{
	struct input in = { .at = data, .end = (const unsigned char *)data + size }, body;
	uint64_t tag, body_size, kind;

	if (get_varint(&in, &tag) || get_varint(&in, &body_size) ||
	    body_size > (uint64_t)(in.end - in.at))
		return -EBADMSG;
	body = (struct input){ .at = in.at, .end = in.at + body_size };
	in.at = body.end;
	kind = tag >> 1;
	memset(ret, 0, sizeof(*ret));
	if (tag & 1 && get_difference(&body, &codec->last_time_ns, &ret->time_ns))
		return -EBADMSG;
	if (!event_is_known(kind))
		return in.at - (const unsigned char *)data;
	if (event_has_time(kind) != (tag & 1))
		return -EBADMSG;
	ret->kind = (enum event_kind)kind;
	if (get_fields(codec, &body, ret))
		return -EBADMSG;
	return in.at - (const unsigned char *)data;
}
