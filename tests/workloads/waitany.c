/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread that waits for either of two words (futex_waitv), and two that set one each and wake
 * it: wake_slow each 20 ms, wake_fast each 5 ms.  `waitany SECONDS` prints, for each, "waker
 * NAME COUNT": how many waits it ended, by what the calls returned.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "burn.h"

#define NR_FUTEX_WAITV 449
#define WORDS          2

static uint32_t g_words[16 * WORDS]; /* far apart */
static uint64_t end_ns;
static uint64_t n_woken[WORDS];

static void nap_ms(long ms)
{
	nanosleep(&(struct timespec){ 0, ms * 1000000 }, NULL);
}

static inline __attribute__((always_inline)) void set(uint32_t *word)
{
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
	NO_TAIL_CALL();
}

static NOINLINE void wake_slow(void)
{
	set(&g_words[0]);
}

static NOINLINE void wake_fast(void)
{
	set(&g_words[16]);
}

static void *slow(void *arg)
{
	for (; clock_ns(CLOCK_MONOTONIC) < end_ns; nap_ms(20))
		wake_slow();
	return arg;
}

static void *fast(void *arg)
{
	for (; clock_ns(CLOCK_MONOTONIC) < end_ns; nap_ms(5))
		wake_fast();
	return arg;
}

static NOINLINE void wait_for_any(void)
{
	struct futex_waitv words[WORDS];
	struct timespec until;
	long woken;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	for (size_t i = 0; i < WORDS; i++)
		words[i] = (struct futex_waitv){
			.uaddr = (uintptr_t)&g_words[16 * i],
			.flags = 2 | FUTEX_PRIVATE_FLAG,
		};
	woken = syscall(NR_FUTEX_WAITV, words, WORDS, 0, &until, CLOCK_MONOTONIC);
	if (woken >= 0)
		n_woken[woken]++;
	for (size_t i = 0; i < WORDS; i++)
		__atomic_store_n(&g_words[16 * i], 0, __ATOMIC_RELAXED);
}

int main(int argc, char **argv)
{
	pthread_t threads[WORDS];

	end_ns = clock_ns(CLOCK_MONOTONIC) + seconds_arg(argc, argv, 1);
	pthread_create(&threads[0], NULL, slow, NULL);
	pthread_create(&threads[1], NULL, fast, NULL);
	while (clock_ns(CLOCK_MONOTONIC) < end_ns)
		wait_for_any();
	for (size_t i = 0; i < WORDS; i++)
		pthread_join(threads[i], NULL);
	printf("waker wake_slow %lu\nwaker wake_fast %lu\n", (unsigned long)n_woken[0],
	       (unsigned long)n_woken[1]);
	return 0;
}
