/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two locks, three holders.  `locks KIND SECONDS`; KIND is mutex, rwlock, pi, shared (by two
 * processes), or made of a word and system calls: futex2 (futex_wait and futex_wake), waitv
 * (futex_waitv, of one word), pi2 (FUTEX_LOCK_PI2).  hold_a takes the first lock for long, hold_b the second one for half as
 * long, hold_c either for a short time.  The truth, measured by the program itself, is its
 * output, "lock NAME COUNT SECONDS" and "holder NAME COUNT SECONDS HOLDUP": whoever does not
 * get a lock by trying waits for it, and charges the wait to the function that unlocked last;
 * HOLDUP is how long others waited in all since the unlock before, whomever it wakes.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "burn.h"

#define NR_FUTEX_WAITV 449
#define NR_FUTEX_WAKE  454 /* Linux 6.7 */
#define NR_FUTEX_WAIT  455
#define FUTEX2_FLAGS   (2ul | FUTEX_PRIVATE_FLAG) /* of 32 bits */

#define N_LOCKS   2
#define N_THREADS 8

enum holder { HOLD_A, HOLD_B, HOLD_C, N_HOLDERS };
enum kind { MUTEX, RWLOCK, PI, SHARED, FUTEX2, WAITV, PI2 };

struct tally { /* under its lock */
	uint64_t n, ns, holdup_ns;
};

struct slot {
	int number;
	enum holder last; /* who unlocked last */
	struct tally by_holder[N_HOLDERS];
	uint64_t unlocked_ns;
	uint64_t waits_since[N_THREADS]; /* of each thread; 0: does not */
	pthread_mutex_t lock;
	pthread_rwlock_t rwlock;
	uint32_t word; /* free, taken, taken while others wait; or as FUTEX_LOCK_PI has it */
};

struct server {
	long version;
	struct slot pool[N_LOCKS];
};

static struct server g_server;
static struct server *server = &g_server;
static enum kind kind;
static uint64_t end_ns;
static __thread size_t me;

static void nap_us(unsigned int us)
{
	struct timespec ts = { 0, (long)us * 1000 };

	nanosleep(&ts, NULL);
}

static int try_word(uint32_t *word)
{
	uint32_t free = 0;

	return !__atomic_compare_exchange_n(word, &free,
					    kind == PI2 ? (uint32_t)syscall(SYS_gettid) : 1, false,
					    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline __attribute__((always_inline)) void wait_word(uint32_t *word)
{
	struct futex_waitv entry = { .val = 2, .uaddr = (uintptr_t)word, .flags = FUTEX2_FLAGS };

	if (kind == PI2) {
		while (syscall(SYS_futex, word, FUTEX_LOCK_PI2 | FUTEX_PRIVATE_FLAG, 0, NULL))
			;
		return;
	}
	while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE)) {
		if (kind == WAITV)
			syscall(NR_FUTEX_WAITV, &entry, 1, 0, NULL, CLOCK_MONOTONIC);
		else
			syscall(NR_FUTEX_WAIT, word, 2ul, 0xfffffffful, FUTEX2_FLAGS, NULL, 0);
	}
}

static inline __attribute__((always_inline)) void give_word(uint32_t *word)
{
	uint32_t me = kind == PI2 ? (uint32_t)syscall(SYS_gettid) : 0;

	if (kind != PI2) {
		if (__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) == 2)
			syscall(NR_FUTEX_WAKE, word, 0xfffffffful, 1, FUTEX2_FLAGS);
	} else if (!__atomic_compare_exchange_n(word, &me, 0, false, __ATOMIC_RELEASE,
						__ATOMIC_RELAXED)) {
		syscall(SYS_futex, word, FUTEX_UNLOCK_PI | FUTEX_PRIVATE_FLAG, 0, NULL);
	}
}

static int try_lock(struct slot *slot)
{
	if (kind >= FUTEX2)
		return try_word(&slot->word);
	return kind == RWLOCK ? pthread_rwlock_trywrlock(&slot->rwlock) :
				pthread_mutex_trylock(&slot->lock);
}

static NOINLINE void wait_lock(struct slot *slot)
{
	uint64_t start_ns = clock_ns(CLOCK_MONOTONIC);
	struct tally *tally;

	__atomic_store_n(&slot->waits_since[me], start_ns, __ATOMIC_RELAXED);
	if (kind >= FUTEX2)
		wait_word(&slot->word);
	else if (kind == RWLOCK)
		pthread_rwlock_wrlock(&slot->rwlock);
	else
		pthread_mutex_lock(&slot->lock);
	__atomic_store_n(&slot->waits_since[me], 0, __ATOMIC_RELAXED);
	tally = &slot->by_holder[slot->last];
	tally->n++;
	tally->ns += clock_ns(CLOCK_MONOTONIC) - start_ns;
}

static void take(struct slot *slot)
{
	if (try_lock(slot))
		wait_lock(slot);
}

static NOINLINE void charge(struct slot *slot, struct tally *tally)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	for (size_t i = 0; i < N_THREADS; i++) {
		uint64_t since = __atomic_load_n(&slot->waits_since[i], __ATOMIC_RELAXED);

		if (since && since < slot->unlocked_ns)
			since = slot->unlocked_ns;
		if (since && since < now)
			tally->holdup_ns += now - since;
	}
	slot->unlocked_ns = now;
}

static inline __attribute__((always_inline)) void give(struct slot *slot, enum holder holder)
{
	slot->last = holder;
	charge(slot, &slot->by_holder[holder]);
	if (kind >= FUTEX2)
		give_word(&slot->word);
	else if (kind == RWLOCK)
		pthread_rwlock_unlock(&slot->rwlock);
	else
		pthread_mutex_unlock(&slot->lock);
	NO_TAIL_CALL();
}

static NOINLINE void hold_a(struct slot *slot)
{
	take(slot);
	nap_us(3000);
	give(slot, HOLD_A);
}

static NOINLINE void hold_b(struct slot *slot)
{
	take(slot);
	nap_us(1500);
	give(slot, HOLD_B);
}

static NOINLINE void hold_c(struct slot *slot)
{
	take(slot);
	nap_us(300);
	give(slot, HOLD_C);
}

static void *run_a(void *arg)
{
	me = (size_t)arg;
	while (clock_ns(CLOCK_MONOTONIC) < end_ns) {
		hold_a(&server->pool[0]);
		nap_us(2000);
	}
	return NULL;
}

static void *run_b(void *arg)
{
	me = (size_t)arg;
	while (clock_ns(CLOCK_MONOTONIC) < end_ns) {
		hold_b(&server->pool[1]);
		nap_us(2000);
	}
	return NULL;
}

static void *run_c(void *arg)
{
	me = (size_t)arg;
	for (size_t i = me; clock_ns(CLOCK_MONOTONIC) < end_ns; i++) {
		hold_c(&server->pool[i % N_LOCKS]);
		nap_us(500);
	}
	return NULL;
}

static void init(struct slot *slot)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	if (kind == PI)
		pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	if (kind == SHARED)
		pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (kind == RWLOCK)
		pthread_rwlock_init(&slot->rwlock, NULL);
	else
		pthread_mutex_init(&slot->lock, &attr);
}

static void report(void)
{
	static const char *const names[] = { "hold_a", "hold_b", "hold_c" };
	struct tally locks[N_LOCKS] = { { 0 } }, holders[N_HOLDERS] = { { 0 } };

	for (int l = 0; l < N_LOCKS; l++) {
		for (int h = 0; h < N_HOLDERS; h++) {
			const struct tally *tally = &server->pool[l].by_holder[h];

			locks[l].n += tally->n;
			locks[l].ns += tally->ns;
			holders[h].n += tally->n;
			holders[h].ns += tally->ns;
			holders[h].holdup_ns += tally->holdup_ns;
		}
		printf("lock pool[%d] %lu %.4f\n", l, (unsigned long)locks[l].n,
		       (double)locks[l].ns / 1e9);
	}
	for (int h = 0; h < N_HOLDERS; h++)
		printf("holder %s %lu %.4f %.4f\n", names[h], (unsigned long)holders[h].n,
		       (double)holders[h].ns / 1e9, (double)holders[h].holdup_ns / 1e9);
}

int main(int argc, char **argv)
{
	static const char *const kinds[] = { "mutex", "rwlock", "pi", "shared", "futex2", "waitv", "pi2" };
	pthread_t threads[4];
	pid_t child = 1;
	size_t first;

	while (argc > 1 && kind < PI2 && strcmp(argv[1], kinds[kind]) != 0)
		kind++;
	end_ns = clock_ns(CLOCK_MONOTONIC) + seconds_arg(argc, argv, 2);
	if (kind == SHARED)
		server = mmap(NULL, sizeof(*server), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < N_LOCKS; i++)
		init(&server->pool[i]);
	if (kind == SHARED)
		child = fork();
	first = child ? 0 : 4;
	pthread_create(&threads[0], NULL, child ? run_a : run_c, (void *)first);
	pthread_create(&threads[1], NULL, child ? run_b : run_c, (void *)(first + 1));
	for (size_t i = 2; i < 4; i++)
		pthread_create(&threads[i], NULL, run_c, (void *)(first + i));
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	if (!child)
		return 0;
	while (kind == SHARED && wait(NULL) > 0)
		;
	report();
	return 0;
}
