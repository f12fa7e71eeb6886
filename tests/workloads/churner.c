/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Four threads allocate and free as fast as they can until SIGTERM: blocks of 8 to 1031 bytes,
 * each filled with what is its own, and looked at again before it is freed, as errno is.  Ends with
 * 0 and "unharmed" when all was as it had been left.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_THREADS 4
#define N_BLOCKS  64

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
	is_over = number;
}

static __attribute__((noinline)) unsigned char *make(size_t size, unsigned int what)
{
	unsigned char *block = malloc(size);

	if (!block)
		abort();
	memset(block, (int)what, size);
	return block;
}

static void check(const unsigned char *block, size_t size, unsigned int what)
{
	if (block && (block[0] != (unsigned char)what || block[size - 1] != (unsigned char)what))
		abort();
}

static void *churn(void *arg)
{
	unsigned char *blocks[N_BLOCKS] = { NULL };
	size_t sizes[N_BLOCKS] = { 0 };
	unsigned int random = (unsigned int)(size_t)arg;

	while (!is_over) {
		unsigned int i = (random = random * 1103515245 + 12345) >> 16 & (N_BLOCKS - 1);

		errno = (int)i + 1;
		check(blocks[i], sizes[i], i);
		free(blocks[i]);
		sizes[i] = (random >> 20 & 1023) + 8;
		blocks[i] = make(sizes[i], i);
		if (errno != (int)i + 1)
			abort();
	}
	for (int i = 0; i < N_BLOCKS; i++)
		free(blocks[i]);
	return NULL;
}

int main(void)
{
	pthread_t threads[N_THREADS];

	signal(SIGTERM, on_signal);
	for (size_t i = 0; i < N_THREADS; i++)
		pthread_create(&threads[i], NULL, churn, (void *)(i + 1));
	for (size_t i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	puts("unharmed");
	return 0;
}
