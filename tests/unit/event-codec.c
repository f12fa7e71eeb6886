/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "event/codec.h"

static const uint64_t extremes[] = {
	0,
	1,
	63,
	64,
	127,
	128,
	16383,
	16384,
	INT32_MAX,
	UINT32_MAX,
	INT64_MAX,
	(uint64_t)INT64_MAX + 1,
	UINT64_MAX - 1,
	UINT64_MAX,
};
#define N_EXTREMES (sizeof(extremes) / sizeof(extremes[0]))

static char text[300];

static void set_field(struct event *event, const struct event_field *field, uint64_t value)
{
	void *at = (char *)event + field->offset;

	switch (field->type) {
	case FIELD_U32:
	case FIELD_SID:
		*(uint32_t *)at = (uint32_t)value;
		break;
	case FIELD_U64:
	case FIELD_DELTA:
		*(uint64_t *)at = value;
		break;
	case FIELD_BYTES:
		*(struct bytes *)at = (struct bytes){ .data = text, .size = value % sizeof(text) };
		break;
	}
}

/* An event of @kind whose fields go through the extremes, from the @first one on. */
static struct event make_event(unsigned int kind, size_t first)
{
	const struct event_info *info = event_info(kind);
	struct event event;

	memset(&event, 0, sizeof(event));
	event.kind = (enum event_kind)kind;
	if (info->has_time)
		event.time_ns = extremes[(first + 5) % N_EXTREMES];
	for (size_t i = 0; i < info->n_fields; i++)
		set_field(&event, &info->fields[i], extremes[(first + i) % N_EXTREMES]);
	return event;
}

static void assert_events_equal(const struct event *got, const struct event *want)
{
	const struct event_info *info = event_info(want->kind);

	assert_int_equal(got->kind, want->kind);
	assert_true(got->time_ns == want->time_ns);
	for (size_t i = 0; i < info->n_fields; i++) {
		const void *a = (const char *)got + info->fields[i].offset;
		const void *b = (const char *)want + info->fields[i].offset;

		switch (info->fields[i].type) {
		case FIELD_U32:
		case FIELD_SID:
			assert_memory_equal(a, b, sizeof(uint32_t));
			break;
		case FIELD_U64:
		case FIELD_DELTA:
			assert_memory_equal(a, b, sizeof(uint64_t));
			break;
		case FIELD_BYTES: {
			const struct bytes *x = a, *y = b;

			assert_int_equal(x->size, y->size);
			if (x->size)
				assert_memory_equal(x->data, y->data, x->size);
		}
		}
	}
}

static struct buf encode_all(void)
{
	struct event_codec codec = { 0 };
	struct buf wire = { 0 };

	memset(text, 0xa5, sizeof(text));
	for (size_t first = 0; first < N_EXTREMES; first++) {
		for (unsigned int kind = 1; kind < EVENT_N_KINDS; kind++) {
			struct event event = make_event(kind, first);

			event_encode(&codec, &wire, &event);
		}
	}
	return wire;
}

static void every_kind_comes_back_with_extreme_values(void **state)
{
	struct event_codec codec = { 0 };
	struct buf wire = encode_all();
	size_t at = 0;

	(void)state;
	for (size_t first = 0; first < N_EXTREMES; first++) {
		for (unsigned int kind = 1; kind < EVENT_N_KINDS; kind++) {
			struct event want = make_event(kind, first), got;
			ssize_t n = event_decode(&codec, wire.data + at, wire.size - at, &got);

			assert_true(n > 0);
			assert_events_equal(&got, &want);
			at += (size_t)n;
		}
	}
	assert_int_equal(at, wire.size);
	buf_release(&wire);
}

static void a_sample_is_small(void **state)
{
	struct event_codec codec = { 0 };
	struct event event = { .kind = EVENT_SAMPLE, .time_ns = 1000000 };
	struct buf wire = { 0 };
	size_t first;

	(void)state;
	event.sample = (struct event_sample){ 1234, 1234, 1, 1000000, 4321 };
	event_encode(&codec, &wire, &event);
	first = wire.size;
	event.time_ns += 1000000;
	event_encode(&codec, &wire, &event);
	assert_true(wire.size - first <= 16);
	buf_release(&wire);
}

static void an_event_cut_off_anywhere_is_refused(void **state)
{
	struct event_codec codec = { 0 };
	struct event event = make_event(EVENT_STRING, 7), got;
	struct buf wire = { 0 };

	(void)state;
	event_encode(&codec, &wire, &event);
	for (size_t size = 0; size < wire.size; size++) {
		char *exact =
			malloc(size + !size); /* so that the sanitizer sees a read behind it */

		memcpy(exact, wire.data, size);
		assert_int_equal(event_decode(&codec, exact, size, &got), -EBADMSG);
		free(exact);
	}
	buf_release(&wire);
}

static void any_byte_may_have_any_value(void **state)
{
	struct buf wire = encode_all();
	struct event got;

	(void)state;
	for (size_t i = 0; i < wire.size; i++) {
		struct event_codec codec = { 0 };
		unsigned char saved = wire.data[i];
		ssize_t n = 1;

		wire.data[i] = (unsigned char)(saved ^ (i * 37 % 255 + 1));
		for (size_t at = 0; at < wire.size && n > 0; at += (size_t)n) {
			n = event_decode(&codec, wire.data + at, wire.size - at, &got);
			assert_true(n == -EBADMSG || (n > 0 && (size_t)n <= wire.size - at));
		}
		wire.data[i] = saved;
	}
	buf_release(&wire);
}

#define DECODE(codec, ret, ...)                                     \
	event_decode(codec, (const unsigned char[]){ __VA_ARGS__ }, \
		     sizeof((const unsigned char[]){ __VA_ARGS__ }), ret)

static void absent_fields_are_zero(void **state)
{
	struct event_codec codec = { 0 };
	struct event got;

	(void)state;
	memset(&got, 0xff, sizeof(got));
	assert_int_equal(DECODE(&codec, &got, EVENT_SAMPLE << 1 | 1, 3, 20, 7, 8), 5);
	assert_int_equal(got.kind, EVENT_SAMPLE);
	assert_int_equal(got.time_ns, 10);
	assert_int_equal(got.sample.pid, 7);
	assert_int_equal(got.sample.tid, 8);
	assert_int_equal(got.sample.cpu, 0);
	assert_int_equal(got.sample.weight_ns, 0);
	assert_int_equal(got.sample.stack, 0);
}

static void zeros_at_the_end_are_not_written(void **state)
{
	struct event_codec encoder = { 0 }, decoder = { 0 };
	struct event fault = { .kind = EVENT_PAGE_FAULT, .page_fault = { .tid = 1 } };
	struct event last = { .kind = EVENT_PAGE_FAULT,
			      .page_fault = { .tid = 2, .address = 4096 } };
	struct event got;
	struct buf wire = { 0 };
	size_t size;

	(void)state;
	event_encode(&encoder, &wire, &last);
	size = wire.size;
	event_encode(&encoder, &wire, &fault); /* without an address, which is a difference */
	assert_int_equal(wire.size - size, 4);
	event_encode(&encoder, &wire, &last);
	size = 0;
	for (int i = 0; i < 3; i++) {
		size += (size_t)event_decode(&decoder, wire.data + size, wire.size - size, &got);
		assert_int_equal(got.page_fault.tid, i == 1 ? 1 : 2);
		assert_int_equal(got.page_fault.address, i == 1 ? 0 : 4096);
	}
	assert_int_equal(size, wire.size);
	buf_release(&wire);
}

static void fields_of_the_future_are_passed_over(void **state)
{
	struct event_codec codec = { 0 };
	struct event got;

	(void)state;
	assert_int_equal(DECODE(&codec, &got, EVENT_EXIT << 1 | 1, 6, 2, 7, 8, 99, 99, 99), 8);
	assert_int_equal(got.exit.tid, 8);
}

static void kinds_of_the_future_are_passed_over_but_move_the_time(void **state)
{
	struct event_codec codec = { 0 };
	struct event got;

	(void)state;
	assert_int_equal(DECODE(&codec, &got, 0x81, 0x10, 3, 20, 1, 2), 6);
	assert_int_equal(got.kind, 0);
	assert_int_equal(DECODE(&codec, &got, EVENT_END << 1 | 1, 1, 2), 3);
	assert_int_equal(got.time_ns, 11);
}

static void numbers_that_do_not_fit_are_refused(void **state)
{
	struct event_codec codec = { 0 };
	struct event got;

	(void)state;
	/* A pid of 33 bits, a varint of 65 bits, one of 11 bytes. */
	assert_int_equal(DECODE(&codec, &got, EVENT_EXIT << 1 | 1, 6, 2, 0x80, 0x80, 0x80, 0x80,
				0x10),
			 -EBADMSG);
	assert_int_equal(DECODE(&codec, &got, EVENT_END << 1 | 1, 10, 0xff, 0xff, 0xff, 0xff, 0xff,
				0xff, 0xff, 0xff, 0xff, 2),
			 -EBADMSG);
	assert_int_equal(DECODE(&codec, &got, EVENT_END << 1 | 1, 11, 0x80, 0x80, 0x80, 0x80, 0x80,
				0x80, 0x80, 0x80, 0x80, 0x80, 0),
			 -EBADMSG);
}

static void sizes_that_reach_outside_are_refused(void **state)
{
	struct event_codec codec = { 0 };
	struct event got;

	(void)state;
	/* The body, and a text in the body. */
	assert_int_equal(DECODE(&codec, &got, EVENT_END << 1 | 1, 2, 0), -EBADMSG);
	assert_int_equal(DECODE(&codec, &got, EVENT_STRING << 1, 3, 1, 2, 'a'), -EBADMSG);
	assert_int_equal(DECODE(&codec, &got, EVENT_STRING << 1, 11, 1, 0xff, 0xff, 0xff, 0xff,
				0xff, 0xff, 0xff, 0xff, 0xff, 1),
			 -EBADMSG);
}

static void a_kind_with_the_wrong_class_is_refused(void **state)
{
	struct event_codec codec = { 0 };
	struct event got;

	(void)state;
	assert_int_equal(DECODE(&codec, &got, EVENT_END << 1, 1, 2), -EBADMSG);
	assert_int_equal(DECODE(&codec, &got, EVENT_STACK << 1 | 1, 1, 2), -EBADMSG);
}

static void kind_0_is_passed_over(void **state)
{
	struct event_codec codec = { 0 };
	struct event got;

	(void)state;
	assert_int_equal(DECODE(&codec, &got, 0, 0), 2);
	assert_int_equal(got.kind, 0);
}

static void kinds_are_found_by_name(void **state)
{
	(void)state;
	for (unsigned int kind = 1; kind < EVENT_N_KINDS; kind++) {
		if (event_info(kind))
			assert_int_equal(event_kind_find(event_info(kind)->name), kind);
	}
	assert_int_equal(event_kind_find("no such kind"), 0);
	assert_null(event_info(0));
	assert_null(event_info(EVENT_N_KINDS));
}

static void a_kind_has_one_delta_field_at_most(void **state)
{
	(void)state;
	for (unsigned int kind = 1; kind < EVENT_N_KINDS; kind++) {
		const struct event_info *info = event_info(kind);
		unsigned int n = 0;

		for (size_t i = 0; info && i < info->n_fields; i++)
			n += info->fields[i].type == FIELD_DELTA;
		assert_true(n <= 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_comes_back_with_extreme_values),
		cmocka_unit_test(a_sample_is_small),
		cmocka_unit_test(an_event_cut_off_anywhere_is_refused),
		cmocka_unit_test(any_byte_may_have_any_value),
		cmocka_unit_test(absent_fields_are_zero),
		cmocka_unit_test(zeros_at_the_end_are_not_written),
		cmocka_unit_test(fields_of_the_future_are_passed_over),
		cmocka_unit_test(kinds_of_the_future_are_passed_over_but_move_the_time),
		cmocka_unit_test(numbers_that_do_not_fit_are_refused),
		cmocka_unit_test(sizes_that_reach_outside_are_refused),
		cmocka_unit_test(a_kind_with_the_wrong_class_is_refused),
		cmocka_unit_test(kind_0_is_passed_over),
		cmocka_unit_test(kinds_are_found_by_name),
		cmocka_unit_test(a_kind_has_one_delta_field_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
