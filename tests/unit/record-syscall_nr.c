/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/futex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "record/syscall_nr.h"

/* The number at the end of code written in hex. */
static int nr_of(const char *hex)
{
	unsigned char code[64];
	size_t n = 0;
	char *end;

	while (*hex) {
		code[n++] = (unsigned char)strtoul(hex, &end, 16);
		hex = end + (*end == ' ');
	}
	return syscall_nr_decode(code, n);
}

static void a_number_loaded_just_before_the_call_is_found(void **state)
{
	(void)state;
	assert_int_equal(nr_of("b8 ca 00 00 00 0f 05"), 202);
	assert_int_equal(nr_of("90 90 31 c0 0f 05"), 0);
	assert_int_equal(nr_of("33 c0 0f 05"), 0);
	assert_int_equal(nr_of("48 c7 c0 0f 00 00 00 0f 05"), 15);
	assert_int_equal(nr_of("b8 e6 00 00 00 0f 05"), 230);
}

static void instructions_that_leave_the_number_alone_may_follow_the_load(void **state)
{
	(void)state;
	/* __lll_lock_wait of glibc 2.36: mov $0x2,%edx; mov $0xca,%eax; xor $0x80,%sil */
	assert_int_equal(nr_of("ba 02 00 00 00 b8 ca 00 00 00 40 80 f6 80 0f 05"), 202);
	/* mov %rsi,%rdx; lea 0x10(%rsp),%rdi; xor %r10d,%r10d */
	assert_int_equal(nr_of("b8 07 00 00 00 48 89 f2 48 8d 7c 24 10 45 31 d2 0f 05"), 7);
	/* mov $0x8,%r10d; mov %eax,%ebx */
	assert_int_equal(nr_of("b8 0e 00 00 00 41 ba 08 00 00 00 89 c3 0f 05"), 14);
}

static void a_number_that_comes_from_elsewhere_is_not_guessed(void **state)
{
	(void)state;
	assert_int_equal(nr_of("48 89 f8 0f 05"), -1); /* syscall(): mov %rdi,%rax */
	assert_int_equal(nr_of("41 b8 ca 00 00 00 44 89 c0 0f 05"), -1); /* through r8 */
	assert_int_equal(nr_of("b8 ca 00 00 00 89 d0 0f 05"), -1);       /* overwritten */
	assert_int_equal(nr_of("b8 ca 00 00 00 8b 07 0f 05"), -1);
	assert_int_equal(nr_of("b8 ca 00 00 00 80 f4 01 0f 05"), -1);
	assert_int_equal(nr_of("b8 ca 00 00 00 e8 00 00 00 00 0f 05"), -1); /* a call between */
	assert_int_equal(nr_of("48 b8 ca 00 00 00 0f 05"), -1); /* the half of another one */
	assert_int_equal(nr_of("b8 ca 00 00 00 cd 80"), -1);
	assert_int_equal(nr_of("b8 ff ff ff 7f 0f 05"), -1);
	assert_int_equal(nr_of("0f 05"), -1);
	assert_int_equal(syscall_nr_decode(NULL, 0), -1);
}

static void every_row_is_found_by_its_number(void **state)
{
	const struct syscall_row *row;
	unsigned int n = 0;

	(void)state;
	for (int nr = 0; nr < 1024; nr++) {
		row = syscall_row_find(nr);
		n += row != NULL;
		if (row)
			assert_int_equal(row->nr, nr);
	}
	assert_int_equal(n, 84); /* a row out of order would be lost */
	assert_null(syscall_row_find(-1));
	assert_int_equal(syscall_row_find(SYS_clock_nanosleep)->why, WAIT_SLEEP);
	assert_int_equal(syscall_row_find(SYS_clock_nanosleep)->arg, 2);
	assert_int_equal(syscall_row_find(SYS_epoll_wait)->why, WAIT_POLL);
	assert_int_equal(syscall_row_find(SYS_wait4)->why, WAIT_CHILD);
	assert_int_equal(syscall_row_find(SYS_fsync)->why, WAIT_DISK);
	assert_int_equal(syscall_row_find(SYS_recvfrom)->why, WAIT_NETWORK);
	assert_int_equal(syscall_row_find(SYS_read)->object, OBJECT_FD);
}

static enum wait_class futex(uint64_t op, uint64_t value)
{
	const uint64_t args[6] = { 0x1000, op, value };

	return syscall_futex_class(SYS_futex, args);
}

static void futex_calls_are_told_apart_by_what_libraries_do(void **state)
{
	(void)state;
	assert_int_equal(futex(FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2), WAIT_LOCK); /* glibc, mutex */
	assert_int_equal(futex(FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG, 0), WAIT_LOCK);
	assert_int_equal(futex(FUTEX_LOCK_PI2 | FUTEX_PRIVATE_FLAG, 0), WAIT_LOCK);
	/* Rust, mutex */
	assert_int_equal(futex(FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 2), WAIT_LOCK);
	/* glibc, condition variable; Go, parked */
	assert_int_equal(futex(FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0), WAIT_CONDVAR);
	assert_int_equal(futex(FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 812), WAIT_CONDVAR);
	assert_int_equal(futex(FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0), WAIT_CONDVAR);
	assert_int_equal(futex(FUTEX_WAIT_REQUEUE_PI, 7), WAIT_CONDVAR);
}

static void newer_futex_calls_are_known_by_their_numbers(void **state)
{
	static const uint64_t taken[6] = { 0x601000, 2, UINT32_MAX, 130 };
	static const uint64_t free[6] = { 0x601000, 0, UINT32_MAX, 130 };
	static const uint64_t wake[6] = { 0x601000, UINT32_MAX, 1, 130 };
	static const uint64_t other[6] = { 0x601000, UINT32_MAX, 1, 7 };

	(void)state;
	assert_int_equal(syscall_futex_class(NR_FUTEX_WAIT, taken), WAIT_LOCK);
	assert_int_equal(syscall_futex_class(NR_FUTEX_WAIT, free), WAIT_CONDVAR);
	assert_int_equal(syscall_row_find(SYS_futex_waitv)->object, OBJECT_FUTEXES);
	assert_int_equal(syscall_row_find(NR_FUTEX_REQUEUE)->object, OBJECT_FUTEXES);
	assert_int_equal(syscall_row_find(NR_FUTEX_WAKE)->object, OBJECT_FUTEX);
	assert_int_equal(syscall_waits_futex(taken), NR_FUTEX_WAIT);
	assert_true(syscall_wakes_futex(wake));
	assert_int_equal(syscall_waits_futex(wake), -1);
	assert_false(syscall_wakes_futex(other));
}

static void futex_calls_are_known_by_their_arguments(void **state)
{
	static const uint64_t wait[6] = { 0x7f0000001000, 128, 2 };
	static const uint64_t wait_bitset[6] = { 0x7f0000001000, 137 | 256, 2, 0, 0, UINT32_MAX };
	static const uint64_t wake[6] = { 0x7f0000001000, 129, 1 };
	static const uint64_t unlock_pi[6] = { 0x7f0000001000, 7 };
	static const uint64_t others[][6] = {
		{ 3, 128, 2 },                    /* a descriptor */
		{ 0x7f0000001001, 128, 2 },       /* no word */
		{ 0x7f0000001000, 128 | 512, 2 }, /* another flag */
		{ 0x7f0000001000, 4096, 2 },      /* a size */
		{ 0x7f0000001000, 1ull << 32, 2 },
	};

	(void)state;
	assert_int_equal(syscall_waits_futex(wait), SYS_futex);
	assert_int_equal(syscall_waits_futex(wait_bitset), SYS_futex);
	assert_int_equal(syscall_waits_futex(wake), -1);
	assert_true(syscall_wakes_futex(wake));
	assert_true(syscall_wakes_futex(unlock_pi));
	assert_false(syscall_wakes_futex(wait));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(syscall_waits_futex(others[i]), -1);
		assert_false(syscall_wakes_futex(others[i]));
	}
}

static void a_wait_for_words_is_told_by_the_first(void **state)
{
	const struct futex_waitv good = { .val = 2,
					  .uaddr = 0x404040,
					  .flags = 2 | FUTEX_PRIVATE_FLAG };
	const uint64_t args[6] = { 0x7ffc00001000, 2, 0, 0, 1 };
	uint64_t many[6] = { 0x7ffc00001000, FUTEX_WAITV_MAX + 1 },
		 flags[6] = { 0x7ffc00001000, 2, 1 };
	struct futex_waitv odd = good, reserved = good, bytes = good;

	(void)state;
	odd.uaddr++;
	reserved.__reserved = 1;
	bytes.flags = 1;
	assert_true(syscall_waits_words(args, &good));
	assert_false(syscall_waits_words(many, &good));
	assert_false(syscall_waits_words(flags, &good));
	assert_false(syscall_waits_words(args, &odd));
	assert_false(syscall_waits_words(args, &reserved));
	assert_false(syscall_waits_words(args, &bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_loaded_just_before_the_call_is_found),
		cmocka_unit_test(instructions_that_leave_the_number_alone_may_follow_the_load),
		cmocka_unit_test(a_number_that_comes_from_elsewhere_is_not_guessed),
		cmocka_unit_test(every_row_is_found_by_its_number),
		cmocka_unit_test(futex_calls_are_told_apart_by_what_libraries_do),
		cmocka_unit_test(newer_futex_calls_are_known_by_their_numbers),
		cmocka_unit_test(futex_calls_are_known_by_their_arguments),
		cmocka_unit_test(a_wait_for_words_is_told_by_the_first),
	};

	return cmocka_run_group_tests_name("record-syscall_nr", tests, NULL, NULL);
}
