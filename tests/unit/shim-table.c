/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of sampled pointers keeps what it is given, also of threads that race. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "shim/table.c" /* it is of the library, not of the program */

#define N         300000 /* more than three levels hold */
#define N_THREADS 4
#define N_SHARED  20000

static const void *pointer(size_t i)
{
	return (const void *)(uintptr_t)(0x7f0000000000 + 16 * (i + 1)); // NOLINT
}

static void what_was_added_is_removed_once_with_its_size(void **state)
{
	uint64_t size = 0;

	(void)state;
	for (size_t i = 0; i < N; i++)
		assert_true(table_add(pointer(i), i));
	for (size_t i = 0; i < N; i++) {
		assert_true(table_may_have(pointer(i)));
		assert_true(table_remove(pointer(i), &size));
		assert_int_equal(size, i);
		assert_false(table_remove(pointer(i), &size));
	}
}

static void the_filter_forgets_what_is_gone(void **state)
{
	size_t n_marked = 0;

	(void)state;
	memset(table_filter, 0, sizeof(table_filter));
	for (size_t i = 0; i < 100; i++)
		assert_true(table_add(pointer(i), 1));
	for (size_t i = 0; i < 100; i++) {
		uint64_t size;

		assert_true(table_may_have(pointer(i)));
		assert_true(table_remove(pointer(i), &size));
	}
	for (size_t i = 0; i < sizeof(table_filter); i++)
		n_marked += table_filter[i] != 0;
	assert_int_equal(n_marked, 0);
}

static void a_byte_that_is_full_stays(void **state)
{
	uint64_t size;

	(void)state;
	for (int i = 0; i < 1000; i++)
		table_mark(pointer(7));
	assert_true(table_add(pointer(7), 1));
	assert_true(table_remove(pointer(7), &size));
	assert_true(table_may_have(pointer(7)));
}

static unsigned int n_removed;

/* Each adds pointers of its own, and all try to remove those of all. */
static void *race(void *arg)
{
	size_t me = (size_t)(uintptr_t)arg;
	uint64_t size;

	for (size_t i = 0; i < N_SHARED; i++) {
		table_add(pointer(me * N_SHARED + i), me);
		for (size_t thread = 0; thread < N_THREADS; thread++) {
			if (table_remove(pointer(thread * N_SHARED + i), &size))
				__atomic_fetch_add(&n_removed, 1, __ATOMIC_RELAXED);
		}
	}
	return NULL;
}

static void of_threads_that_remove_the_same_one_does(void **state)
{
	pthread_t threads[N_THREADS];
	uint64_t size;

	(void)state;
	for (uintptr_t i = 0; i < N_THREADS; i++)
		pthread_create(&threads[i], NULL, race, (void *)i); // NOLINT
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < (size_t)N_THREADS * N_SHARED; i++)
		n_removed += table_remove(pointer(i), &size);
	assert_int_equal(n_removed, N_THREADS * N_SHARED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_removed_once_with_its_size),
		cmocka_unit_test(the_filter_forgets_what_is_gone),
		cmocka_unit_test(a_byte_that_is_full_stays),
		cmocka_unit_test(of_threads_that_remove_the_same_one_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
