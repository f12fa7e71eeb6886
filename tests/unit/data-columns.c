/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/data/columns.h"
#include "base/mem.h"
#include "event/codec.h"

static const uint64_t values[] = { 0, 1, 127, 128, 16384, UINT32_MAX, UINT64_MAX };
#define N_VALUES (sizeof(values) / sizeof(values[0]))

static struct buf copy_of(const void *data, size_t size)
{
	struct buf buf = { 0 };

	buf_add(&buf, data, size);
	return buf;
}

/* Put @rows into columns and back. */
static void assert_comes_back(const struct buf *rows)
{
	struct buf columns = { 0 }, got = copy_of("front", 5);

	assert_true(columns_encode(rows, &columns));
	assert_int_equal(columns_decode(&columns, &got), 0);
	assert_int_equal(got.size, 5 + rows->size);
	assert_memory_equal(got.data, "front", 5);
	assert_memory_equal(got.data + 5, rows->data, rows->size);
	buf_release(&columns);
	buf_release(&got);
}

static void put_waking(struct event_codec *codec, struct buf *rows, size_t n)
{
	struct event event = { .kind = EVENT_SCHED_WAKING, .time_ns = values[n % N_VALUES] };

	event.sched_waking.tid = (uint32_t)values[(n + 1) % N_VALUES];
	event.sched_waking.waker = (uint32_t)values[(n / 2) % N_VALUES];
	event_encode(codec, rows, &event);
}

static void put_lock(struct event_codec *codec, struct buf *rows, size_t n)
{
	struct event event = { .kind = EVENT_KERNEL_LOCK, .time_ns = 1000 * n };

	event.kernel_lock.address = values[n % N_VALUES];
	event.kernel_lock.result = values[(n / 3) % N_VALUES];
	event.kernel_lock.object = (uint32_t)(n & 1);
	event_encode(codec, rows, &event);
}

static struct buf many_events(void)
{
	struct event_codec codec = { 0 };
	struct buf rows = { 0 };

	for (size_t n = 0; n < 500; n++) {
		put_waking(&codec, &rows, n);
		if (n % 3)
			put_lock(&codec, &rows, n);
	}
	return rows;
}

static void events_come_back_from_columns(void **state)
{
	struct buf rows = many_events();

	(void)state;
	assert_comes_back(&rows);
	buf_release(&rows);
}

static void events_without_fields_come_back(void **state)
{
	const unsigned char bare[] = { 6, 0, 6, 0, 8, 1, 5, 6, 0 };
	struct buf rows = copy_of(bare, sizeof(bare));

	(void)state;
	assert_comes_back(&rows);
	buf_release(&rows);
}

static void the_layout_is_that_of_the_manual(void **state)
{
	const unsigned char events[] = { 9, 3, 0x81, 2, 3, 5, 1, 7, 9, 2, 4, 6 };
	const unsigned char want[] = {
		3,    2,          /* events, shapes */
		9,    2, 5, 1,    /* the shapes */
		0,    1, 0,       /* of each event */
		0x81, 4, 2, 3, 6, /* of shape 0: first bytes, a second byte; the other varint */
		7,                /* of shape 1 */
	};
	struct buf rows = copy_of(events, sizeof(events)), columns = { 0 };

	(void)state;
	assert_true(columns_encode(&rows, &columns));
	assert_int_equal(columns.size, sizeof(want));
	assert_memory_equal(columns.data, want, sizeof(want));
	buf_release(&columns);
	buf_release(&rows);
}

/* @size bytes that are no rows: nothing is made of them. */
static void assert_stays(const unsigned char *data, size_t size)
{
	struct buf rows = copy_of(data, size), columns = { 0 };

	assert_false(columns_encode(&rows, &columns));
	assert_int_equal(columns.size, 0);
	buf_release(&rows);
	buf_release(&columns);
}

static void what_is_not_whole_varints_stays(void **state)
{
	const unsigned char longer_than_all[] = { 9, 3, 1, 2 };
	const unsigned char goes_on[] = { 9, 2, 1, 0x80 };
	const unsigned char eleven[] = { 9,    11,   0x80, 0x80, 0x80, 0x80, 0x80,
					 0x80, 0x80, 0x80, 0x80, 0x80, 0 };
	const unsigned char tag[] = { 0x80, 2, 0 }; /* 256 */
	unsigned char fields[67] = { 9, 65 };

	(void)state;
	assert_stays(NULL, 0);
	assert_stays(longer_than_all, sizeof(longer_than_all));
	assert_stays(goes_on, sizeof(goes_on));
	assert_stays(eleven, sizeof(eleven));
	assert_stays(tag, sizeof(tag));
	assert_stays(fields, sizeof(fields));
}

static void too_many_shapes_stay(void **state)
{
	struct buf rows = { 0 };

	(void)state;
	for (unsigned char n = 0; n < 255; n++) {
		unsigned char row[] = { n & 127, n < 128 ? 0 : 1, 0 };

		buf_add(&rows, row, n < 128 ? 2 : 3);
	}
	assert_comes_back(&rows);
	buf_add(&rows, (unsigned char[]){ 1, 2, 0, 0 }, 4);
	assert_stays(rows.data, rows.size);
	buf_release(&rows);
}

static void assert_refused(const unsigned char *data, size_t size)
{
	struct buf columns = copy_of(data, size), rows = { 0 };

	assert_int_equal(columns_decode(&columns, &rows), -EBADMSG);
	assert_int_equal(rows.size, 0);
	buf_release(&columns);
	buf_release(&rows);
}

static void columns_cut_off_anywhere_or_longer_are_refused(void **state)
{
	struct buf rows = many_events(), columns = { 0 };

	(void)state;
	assert_true(columns_encode(&rows, &columns));
	for (size_t n = 0; n < columns.size; n++)
		assert_refused(columns.data, n);
	buf_puts(&columns, "x");
	assert_refused(columns.data, columns.size);
	buf_release(&columns);
	buf_release(&rows);
}

static void columns_that_lie_are_refused(void **state)
{
	const unsigned char no_such_shape[] = { 1, 1, 9, 1, 1, 7 };
	const unsigned char too_many_fields[] = { 0, 1, 9, 65 };
	const unsigned char too_many_shapes[] = { 0, 0x80, 2 };
	const unsigned char too_many_events[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
						  0xff, 0xff, 1,    1,    9,    0 };
	const unsigned char goes_on_for_ever[] = { 1,    1,    9,    1,    0,    0x80, 0x80, 0x80,
						   0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80 };

	(void)state;
	assert_refused(no_such_shape, sizeof(no_such_shape));
	assert_refused(too_many_fields, sizeof(too_many_fields));
	assert_refused(too_many_shapes, sizeof(too_many_shapes));
	assert_refused(too_many_events, sizeof(too_many_events));
	assert_refused(goes_on_for_ever, sizeof(goes_on_for_ever));
}

/* Few bytes a row in columns, but a tag of ten in rows. */
static void columns_do_not_swell(void **state)
{
	const unsigned char head[] = { 0x80, 0x80, 0x80, 4,    1,    0xff, 0xff, 0xff,
				       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,    0 };
	struct buf columns = copy_of(head, sizeof(head)), rows = { 0 };

	(void)state;
	memset(buf_extend(&columns, 8 << 20), 0, 8 << 20);
	assert_int_equal(columns_decode(&columns, &rows), -EBADMSG);
	assert_int_equal(rows.alloc, 0);
	buf_release(&columns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_come_back_from_columns),
		cmocka_unit_test(events_without_fields_come_back),
		cmocka_unit_test(the_layout_is_that_of_the_manual),
		cmocka_unit_test(what_is_not_whole_varints_stays),
		cmocka_unit_test(too_many_shapes_stay),
		cmocka_unit_test(columns_cut_off_anywhere_or_longer_are_refused),
		cmocka_unit_test(columns_that_lie_are_refused),
		cmocka_unit_test(columns_do_not_swell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
