/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "data/chunk.h"

static struct buf encoded(const char *text)
{
	struct chunk chunk = { .kind = 7, .n_events = 3, .first_ns = 1, .last_ns = UINT64_MAX };
	struct buf out = { 0 };

	buf_puts(&chunk.payload, text);
	chunk_encode(&out, &chunk);
	chunk_release(&chunk);
	return out;
}

static void a_chunk_decodes_to_what_was_encoded(void **state)
{
	struct buf wire = encoded("hello, hello, hello");
	struct chunk chunk;

	(void)state;
	assert_int_equal(chunk_decode(wire.data, wire.size, &chunk), wire.size);
	assert_int_equal(chunk.kind, 7);
	assert_int_equal(chunk.n_events, 3);
	assert_int_equal(chunk.first_ns, 1);
	assert_true(chunk.last_ns == UINT64_MAX);
	assert_int_equal(chunk.raw_size, 19);
	assert_int_equal(chunk.stored_size, wire.size - CHUNK_HEADER_BYTES);
	assert_int_equal(chunk.payload.size, 19);
	assert_memory_equal(chunk.payload.data, "hello, hello, hello", 19);
	assert_int_equal(chunk_measure(wire.data, wire.size), wire.size);
	assert_int_equal(chunk_measure(wire.data, CHUNK_HEADER_BYTES), wire.size);
	chunk_release(&chunk);
	buf_release(&wire);
}

static void an_empty_payload_is_fine(void **state)
{
	struct buf wire = encoded("");
	struct chunk chunk;

	(void)state;
	assert_int_equal(chunk_decode(wire.data, wire.size, &chunk), wire.size);
	assert_int_equal(chunk.payload.size, 0);
	chunk_release(&chunk);
	buf_release(&wire);
}

static void timed_events_are_stored_in_columns_and_come_back(void **state)
{
	const unsigned char rows[] = { 9, 2, 1, 2, 9, 2, 3, 4 };
	struct chunk chunk = { .kind = CHUNK_EVENTS, .n_events = 2 }, got;
	struct buf wire = { 0 };

	(void)state;
	buf_add(&chunk.payload, rows, sizeof(rows));
	chunk_encode(&wire, &chunk);
	assert_int_equal(wire.data[4], CHUNK_COLUMNS);
	assert_int_equal(chunk_decode(wire.data, wire.size, &got), wire.size);
	assert_int_equal(got.kind, CHUNK_EVENTS);
	assert_int_equal(got.payload.size, sizeof(rows));
	assert_memory_equal(got.payload.data, rows, sizeof(rows));
	chunk_release(&chunk);
	chunk_release(&got);
	buf_release(&wire);
}

static void columns_that_are_none_are_damage(void **state)
{
	struct chunk chunk = { .kind = CHUNK_COLUMNS, .n_events = 2 };
	struct buf wire = { 0 };

	(void)state;
	buf_puts(&chunk.payload, "no columns");
	chunk_encode(&wire, &chunk);
	chunk_release(&chunk);
	assert_int_equal(chunk_decode(wire.data, wire.size, &chunk), -EBADMSG);
	buf_release(&wire);
}

static void a_chunk_is_taken_from_the_head_of_more(void **state)
{
	struct buf wire = encoded("one");
	size_t size = wire.size;
	struct chunk chunk;

	(void)state;
	buf_puts(&wire, "what follows");
	assert_int_equal(chunk_decode(wire.data, wire.size, &chunk), size);
	chunk_release(&chunk);
	buf_release(&wire);
}

static void a_chunk_cut_off_anywhere_asks_for_more(void **state)
{
	struct buf wire = encoded("cut me");
	struct chunk chunk;

	(void)state;
	for (size_t n = 0; n < wire.size; n++) {
		unsigned char *exact = xmalloc(n);

		memcpy(exact, wire.data, n);
		assert_int_equal(chunk_decode(exact, n, &chunk), 0);
		free(exact);
	}
	buf_release(&wire);
}

static void a_chunk_with_any_bit_flipped_is_refused(void **state)
{
	struct buf wire = encoded("flip me");
	struct chunk chunk;

	(void)state;
	for (size_t bit = 0; bit < 8 * wire.size; bit++) {
		wire.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_int_equal(chunk_decode(wire.data, wire.size, &chunk), -EBADMSG);
		wire.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	buf_release(&wire);
}

static void what_is_no_chunk_is_refused_before_its_end(void **state)
{
	struct chunk chunk;

	(void)state;
	assert_int_equal(chunk_decode("no", 2, &chunk), -EBADMSG);
	assert_int_equal(chunk_measure("no", 2), -EBADMSG);
}

static void the_next_chunk_is_sought_and_found(void **state)
{
	struct buf wire = { 0 }, next = encoded("next");
	size_t at;

	(void)state;
	buf_puts(&wire, "garbage\x9f"
			"S\x9f"
			"SP\x9f\x9f");
	at = wire.size;
	buf_add(&wire, next.data, next.size);
	assert_int_equal(chunk_seek(wire.data, wire.size, 0), at);
	assert_int_equal(chunk_seek(wire.data, wire.size, at), at);
	assert_int_equal(chunk_seek(wire.data, at + 2, 0), at); /* may go on behind the end */
	assert_int_equal(chunk_seek(wire.data, at - 2, 0), at - 5);
	assert_int_equal(chunk_seek("abc", 3, 0), 3);
	assert_int_equal(chunk_seek("", 0, 0), 0);
	buf_release(&wire);
	buf_release(&next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chunk_decodes_to_what_was_encoded),
		cmocka_unit_test(an_empty_payload_is_fine),
		cmocka_unit_test(timed_events_are_stored_in_columns_and_come_back),
		cmocka_unit_test(columns_that_are_none_are_damage),
		cmocka_unit_test(a_chunk_is_taken_from_the_head_of_more),
		cmocka_unit_test(a_chunk_cut_off_anywhere_asks_for_more),
		cmocka_unit_test(a_chunk_with_any_bit_flipped_is_refused),
		cmocka_unit_test(what_is_no_chunk_is_refused_before_its_end),
		cmocka_unit_test(the_next_chunk_is_sought_and_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
