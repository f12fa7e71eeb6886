/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocates in all ways there are, little enough to know all of it:
 *
 *     by_malloc    30 blocks of 1000 bytes, of which 10 are freed
 *     by_calloc    20 of 2000, kept
 *     by_realloc   1000 bytes, then 10000 in their place, then 100000: kept
 *     by_aligned   9 ways of 10000, all freed
 *     by_strdup    11 copies of 99 letters, kept
 *
 * With an argument it does something else:
 *
 *     fork     40 children, one after the other, that malloc() 1000 times, as it did itself;
 *              says how many of them died of it
 *     threads  500 threads, 50 at a time, that malloc() 200 times each
 *     huge     asks for more than there is, and says with what errno each call failed
 *     twice    frees twice, which ends it
 *     foreign  frees what malloc() did not give, which ends it
 *     until    by_malloc() again and again until SIGINT; then writes "done" into until.out
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void *kept[100];
static volatile sig_atomic_t is_over;

static __attribute__((noinline)) void by_malloc(void)
{
	for (int i = 0; i < 30; i++)
		kept[i] = malloc(1000);
	for (int i = 0; i < 10; i++)
		free(kept[i]);
}

static __attribute__((noinline)) void by_calloc(void)
{
	for (int i = 0; i < 20; i++)
		kept[30 + i] = calloc(10, 200);
}

static __attribute__((noinline)) void by_realloc(void)
{
	void *block = realloc(NULL, 1000);

	block = realloc(block, 10000);
	kept[50] = realloc(block, 100000);
}

static __attribute__((noinline)) void by_aligned(void)
{
	void *blocks[9] = { memalign(64, 10000),      aligned_alloc(64, 10000), valloc(10000),
			    malloc(10000),            calloc(1, 10000),         realloc(NULL, 10000),
			    reallocarray(NULL, 10, 1000) };

	if (posix_memalign(&blocks[7], 64, 10000) || posix_memalign(&blocks[8], 4096, 10000))
		abort();
	for (int i = 0; i < 9; i++)
		free(blocks[i]);
}

static __attribute__((noinline)) void by_strdup(void)
{
	char letters[100];

	memset(letters, 'x', 99);
	letters[99] = '\0';
	for (int i = 0; i < 11; i++)
		kept[60 + i] = strdup(letters);
}

static void churn(int n)
{
	for (int i = 0; i < n; i++) {
		void *volatile block = malloc(100);

		free(block);
	}
}

static void fork_children(void)
{
	int n_died = 0, status;

	churn(1000);
	for (int i = 0; i < 40; i++) {
		pid_t child = fork();

		if (!child) {
			churn(1000);
			_exit(0);
		}
		waitpid(child, &status, 0);
		n_died += status != 0;
	}
	printf("40 children, %d died\n", n_died);
}

static void *churn_200(void *arg)
{
	churn(200);
	return arg;
}

static void run_threads(void)
{
	pthread_t threads[50];

	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 50; i++)
			pthread_create(&threads[i], NULL, churn_200, NULL);
		for (int i = 0; i < 50; i++)
			pthread_join(threads[i], NULL);
	}
}

static void say(const char *call, const void *result)
{
	printf("%s: %s\n", call, result ? "memory" : strerror(errno));
	errno = 0;
}

static void ask_for_too_much(void)
{
	volatile size_t huge = PTRDIFF_MAX, half = SIZE_MAX / 2;
	void *volatile small = malloc(1000);
	void *nothing = NULL;

	say("malloc", malloc(huge));
	say("calloc", calloc(half, 3));
	say("realloc", realloc(small, huge));
	say("reallocarray", reallocarray(small, half, 3));
	say("aligned_alloc", aligned_alloc(64, huge));
	printf("posix_memalign: %d\n", posix_memalign(&nothing, 64, huge));
	printf("posix_memalign: %d\n", posix_memalign(&nothing, 3, 100));
	memset(small, 'x', 1000);
	free(small);
	free(malloc(0));
	free(NULL);
	say("realloc to nothing", realloc(malloc(10), 0));
	errno = EDOM;
	free(malloc(100));
	printf("errno is kept: %d\n", errno == EDOM);
}

static void on_signal(int number)
{
	is_over = number;
}

static void go_on(void)
{
	FILE *file;

	signal(SIGINT, on_signal);
	while (!is_over) {
		by_malloc();
		for (int i = 10; i < 30; i++)
			free(kept[i]);
		usleep(100);
	}
	file = fopen("until.out", "w");
	fputs("done\n", file);
	fclose(file);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	void *volatile block;

	if (!strcmp(what, "fork")) {
		fork_children();
	} else if (!strcmp(what, "threads")) {
		run_threads();
	} else if (!strcmp(what, "huge")) {
		ask_for_too_much();
	} else if (!strcmp(what, "twice")) {
		block = malloc(5000);
		free(block);
		free(block);
	} else if (!strcmp(what, "foreign")) {
		block = (char *)kept + 8;
		free(block);
	} else if (!strcmp(what, "until")) {
		go_on();
	} else {
		by_malloc();
		by_calloc();
		by_realloc();
		by_aligned();
		by_strdup();
	}
	return 0;
}
