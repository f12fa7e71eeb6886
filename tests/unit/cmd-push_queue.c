/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/cmd/push_queue.h"
#include "base/mem.h"

static struct push_queue queue;

static void add(size_t i, size_t size)
{
	struct buf body = { 0 };

	memset(buf_extend(&body, size), 'x', size);
	push_queue_add(&queue, xasprintf("?name=%zu", i), &body);
	assert_null(body.data);
}

static void the_oldest_are_dropped_and_counted(void **state)
{
	(void)state;
	for (size_t i = 0; i < PUSH_QUEUE_MAX + 3; i++)
		add(i, 10);
	assert_int_equal(queue.n, PUSH_QUEUE_MAX);
	assert_int_equal(queue.n_dropped, 3);
	assert_string_equal(queue.items[0].query, "?name=3");
	push_queue_drop(&queue);
	assert_string_equal(queue.items[0].query, "?name=4");
	assert_int_equal(queue.n_dropped, 3);
	push_queue_release(&queue);
	assert_int_equal(queue.n_bytes, 0);
}

static void bytes_are_bounded_too(void **state)
{
	(void)state;
	queue.n_dropped = 0;
	for (size_t i = 0; i < 5; i++)
		add(i, PUSH_QUEUE_BYTES / 4);
	assert_int_equal(queue.n, 4);
	assert_int_equal(queue.n_bytes, PUSH_QUEUE_BYTES);
	assert_int_equal(queue.n_dropped, 1);
	/* What is larger than all there may be stands alone. */
	add(5, PUSH_QUEUE_BYTES + 1);
	assert_int_equal(queue.n, 1);
	assert_string_equal(queue.items[0].query, "?name=5");
	push_queue_release(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_are_dropped_and_counted),
		cmocka_unit_test(bytes_are_bounded_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
