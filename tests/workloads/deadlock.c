/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that hang.  `deadlock KIND`, where KIND is
 *   cycle     threads "north" and "south" take g_left.lock and g_right.lock in turn, one in this
 *             order and one in the other, until each waits for what the other one has
 *   ring      three threads, three locks
 *   self      thread "north" takes g_left.lock twice
 *   stuck     "south" waits for g_left.lock, which "north" keeps while it reads a pipe for ever
 *   pi        cycle, with mutexes that inherit priority
 *   robust    the same with robust ones
 *   died      "north" ends with g_left.lock, which is plain, and "south" waits for it
 *   word      "north" waits for a word that is no lock, though thread ids stand around it
 *   heir      "north" ends with g_left.lock, which is robust: "south" gets it, and all is well
 * All but the last hang until a signal ends them, that of a minute later if no other.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noipa))

struct guarded {
	long value;
	pthread_mutex_t lock;
};

static struct guarded g_left, g_right, g_third;
static pthread_barrier_t both_have_one;
static int ends[2];

static NOINLINE void take_second(struct guarded *guarded)
{
	pthread_mutex_lock(&guarded->lock);
	guarded->value++;
}

static void name_thread(const char *name)
{
	pthread_setname_np(pthread_self(), name);
}

static void take_two(struct guarded *first, struct guarded *second)
{
	pthread_mutex_lock(&first->lock);
	pthread_barrier_wait(&both_have_one);
	take_second(second);
}

static NOINLINE void *run_north(void *arg)
{
	name_thread("north");
	take_two(&g_left, &g_right);
	return arg;
}

static NOINLINE void *run_south(void *arg)
{
	name_thread("south");
	take_two(&g_right, *(const char *)arg == 'r' && ((const char *)arg)[1] == 'i' ? &g_third :
										       &g_left);
	return arg;
}

static NOINLINE void *run_east(void *arg)
{
	name_thread("east");
	take_two(&g_third, &g_left);
	return arg;
}

static NOINLINE void *run_self(void *arg)
{
	name_thread("north");
	pthread_mutex_lock(&g_left.lock);
	pthread_barrier_wait(&both_have_one);
	take_second(&g_left);
	return arg;
}

static NOINLINE void *keep(void *arg)
{
	char byte;

	name_thread("north");
	pthread_mutex_lock(&g_left.lock);
	pthread_barrier_wait(&both_have_one);
	while (read(ends[0], &byte, 1) < 0)
		;
	return arg;
}

static NOINLINE void *end_with_it(void *arg)
{
	name_thread("north");
	pthread_mutex_lock(&g_left.lock);
	pthread_barrier_wait(&both_have_one);
	return arg;
}

/* When the other one surely waits for it. */
static NOINLINE void *leave_it(void *arg)
{
	struct timespec ts = { 0, 300000000 };

	name_thread("north");
	pthread_mutex_lock(&g_left.lock);
	pthread_barrier_wait(&both_have_one);
	nanosleep(&ts, NULL);
	return arg;
}

static NOINLINE void *wait_for_word(void *arg)
{
	static unsigned int words[8];

	name_thread("north");
	for (size_t i = 1; i < 8; i++)
		words[i] = (unsigned int)gettid();
	words[0] = 2;
	pthread_barrier_wait(&both_have_one);
	syscall(SYS_futex, words, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
	return arg;
}

static NOINLINE void *want(void *arg)
{
	name_thread("south");
	pthread_barrier_wait(&both_have_one);
	take_second(&g_left);
	return arg;
}

static void init(const char *kind)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	if (!strcmp(kind, "pi"))
		pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	if (!strcmp(kind, "robust") || !strcmp(kind, "heir"))
		pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&g_left.lock, &attr);
	pthread_mutex_init(&g_right.lock, &attr);
	pthread_mutex_init(&g_third.lock, &attr);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void *(*threads[3])(void *);
	} kinds[] = {
		{ "cycle", { run_north, run_south } },   { "ring", { run_north, run_south, run_east } },
		{ "self", { run_self } },                { "stuck", { keep, want } },
		{ "pi", { run_north, run_south } },      { "robust", { run_north, run_south } },
		{ "died", { end_with_it, want } },       { "word", { wait_for_word } },
		{ "heir", { leave_it, want } },
	};
	pthread_t threads[3];
	size_t kind = 0, n = 0;

	while (kind < 8 && argc > 1 && strcmp(argv[1], kinds[kind].name) != 0)
		kind++;
	init(kinds[kind].name);
	alarm(60);
	while (n < 3 && kinds[kind].threads[n])
		n++;
	pthread_barrier_init(&both_have_one, NULL, (unsigned int)n);
	if (pipe(ends))
		return 1;
	for (size_t i = 0; i < n; i++)
		pthread_create(&threads[i], NULL, kinds[kind].threads[i],
			       (void *)kinds[kind].name);
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
