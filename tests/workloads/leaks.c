/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What it allocates and keeps is known:
 *
 *     leak_big      64 MB in blocks of 64 KiB, kept
 *     leak_small    16 MB in blocks of 256 bytes, kept
 *     churn         800 MB in blocks of 1 KiB, each freed before the next but 15
 *     cache         32 MB in blocks of 4 KiB, all freed when the others are done
 *
 * (MB and KiB are both powers of two here.) The first two come in 16 steps each, with
 * churn between them, on two threads that take turns: what one allocates, the other frees.
 * Argument "hold": waits for a line on standard input before it ends.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS    16
#define MB       (1u << 20)
#define N_CACHED (32 * MB / 4096)

static void **kept;
static size_t n_kept;
static void *passed[16]; /* from one thread to the other */
static void *cached[N_CACHED];
static pthread_barrier_t turn;

static __attribute__((noinline)) void keep(void *block)
{
	kept[n_kept++] = block;
}

static __attribute__((noinline)) void leak_big(void)
{
	for (unsigned int i = 0; i < 64 * MB / 65536 / STEPS; i++)
		keep(malloc(65536));
}

static __attribute__((noinline)) void leak_small(void)
{
	for (unsigned int i = 0; i < 16 * MB / 256 / STEPS; i++)
		keep(malloc(256));
}

static __attribute__((noinline)) void churn(void)
{
	for (unsigned int i = 0; i < 400 * MB / 1024 / STEPS; i++) {
		free(passed[i % 16]);
		passed[i % 16] = malloc(1024);
	}
}

static __attribute__((noinline)) void cache(void)
{
	for (unsigned int i = 0; i < N_CACHED; i++)
		cached[i] = calloc(4, 1024);
}

static void *other(void *arg)
{
	for (int i = 0; i < STEPS; i++) {
		pthread_barrier_wait(&turn);
		churn();
		leak_small();
		pthread_barrier_wait(&turn);
	}
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	kept = malloc(sizeof(*kept) * (64 * MB / 65536 + 16 * MB / 256));
	pthread_barrier_init(&turn, NULL, 2);
	pthread_create(&thread, NULL, other, NULL);
	cache();
	for (int i = 0; i < STEPS; i++) {
		churn();
		leak_big();
		pthread_barrier_wait(&turn);
		pthread_barrier_wait(&turn);
	}
	pthread_join(thread, NULL);
	for (unsigned int i = 0; i < N_CACHED; i++)
		free(cached[i]);
	for (int i = 0; i < 16; i++)
		free(passed[i]);
	if (argc > 1 && !strcmp(argv[1], "hold")) {
		puts("holding");
		fflush(stdout);
		getchar();
	}
	return 0;
}
