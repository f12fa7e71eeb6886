/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "record/lock_owner.h"

#define WAITERS 0x80000000u

/* Threads 100 to 199 are of process 100, 200 to 299 of process 200. */
static struct lock_thread thread_of(void *arg, uint32_t pid, uint32_t id)
{
	(void)arg;
	(void)pid;
	return (struct lock_thread){ id, id >= 100 && id < 300 ? id / 100 * 100 : 0 };
}

static uint32_t find(uint32_t lock, uint32_t owner, uint32_t n_users, uint32_t kind)
{
	const uint32_t words[] = { lock, 0, owner, n_users, kind };

	return lock_owner_find(words, 5, 100, thread_of, NULL);
}

static void a_mutex_of_glibc_has_its_owner_behind_the_word(void **state)
{
	(void)state;
	assert_int_equal(find(2, 150, 1, 0), 150);
	assert_int_equal(find(1, 150, 1, 1), 150); /* recursive; a quicker one got it */
	assert_int_equal(find(0, 150, 1, 0), 0);   /* it is free */
	assert_int_equal(find(3, 150, 1, 0), 0);   /* no lock's word */
}

static void a_number_that_is_no_thread_of_the_process_is_none(void **state)
{
	(void)state;
	assert_int_equal(find(2, 0, 1, 0), 0);
	assert_int_equal(find(2, 99, 0, 0), 0);
	assert_int_equal(find(2, 250, 1, 0), 0);
	assert_int_equal(find(WAITERS | 99, 0, 0, 0), 0);
	assert_int_equal(find(WAITERS | 250, 0, 0, 0), 0);
}

static void the_owner_of_a_mutex_may_have_ended(void **state)
{
	(void)state;
	assert_int_equal(find(2, 99, 1, 0), 99);
	assert_int_equal(find(2, 0x7fffffff, 1, 0), 0);
}

static void what_lies_around_must_fit(void **state)
{
	(void)state;
	assert_int_equal(find(2, 150, 0, 0), 0);
	assert_int_equal(find(2, 150, 0x7fffffff, 0), 0);
	assert_int_equal(find(2, 150, 1, 0x12345678), 0);
}

static void some_words_are_their_owner(void **state)
{
	const uint32_t word = WAITERS | 150;

	(void)state;
	assert_int_equal(find(WAITERS | 150, 0, 0, 0), 150);
	assert_int_equal(lock_owner_find(&word, 1, 100, thread_of, NULL), 150);
	assert_int_equal(find(150, 0, 0, 0), 0);                     /* nobody waits */
	assert_int_equal(find(WAITERS | 0x40000000, 150, 1, 16), 0); /* its owner died */
}

static void an_owner_in_another_process_takes_a_lock_that_is_shared(void **state)
{
	(void)state;
	assert_int_equal(find(2, 250, 1, 128), 250);
	assert_int_equal(find(WAITERS | 250, 250, 1, 16 | 128), 250);
	assert_int_equal(find(WAITERS | 250, 251, 1, 16 | 128), 0);
}

static struct lock_thread only_me(void *arg, uint32_t pid, uint32_t id)
{
	return id == *(const uint32_t *)arg ? (struct lock_thread){ id, pid } :
					      (struct lock_thread){ 0 };
}

static void a_real_mutex_is_read(void **state)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	uint32_t me = (uint32_t)gettid();

	(void)state;
	pthread_mutex_lock(&mutex);
	assert_int_equal(
		lock_owner_read((uint32_t)getpid(), (uint64_t)(uintptr_t)&mutex, only_me, &me), me);
	pthread_mutex_unlock(&mutex);
	assert_int_equal(
		lock_owner_read((uint32_t)getpid(), (uint64_t)(uintptr_t)&mutex, only_me, &me), 0);
}

static void a_word_at_the_end_of_what_is_mapped_is_read(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t me = (uint32_t)gettid(), pid = (uint32_t)getpid();
	uint32_t *word = (uint32_t *)(memory + page) - 1;

	(void)state;
	assert_int_equal(munmap(memory + page, page), 0);
	*word = WAITERS | me;
	assert_int_equal(lock_owner_read(pid, (uint64_t)(uintptr_t)word, only_me, &me), me);
	assert_int_equal(lock_owner_read(pid, (uint64_t)(uintptr_t)(word + 1), only_me, &me), 0);
	munmap(memory, page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mutex_of_glibc_has_its_owner_behind_the_word),
		cmocka_unit_test(a_number_that_is_no_thread_of_the_process_is_none),
		cmocka_unit_test(the_owner_of_a_mutex_may_have_ended),
		cmocka_unit_test(what_lies_around_must_fit),
		cmocka_unit_test(some_words_are_their_owner),
		cmocka_unit_test(an_owner_in_another_process_takes_a_lock_that_is_shared),
		cmocka_unit_test(a_real_mutex_is_read),
		cmocka_unit_test(a_word_at_the_end_of_what_is_mapped_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
