/* SPDX-License-Identifier: GPL-2.0-only */
/* Has an allocator of its own, and 10,000 blocks of it: a library before the C library's sees none. */
#include <stddef.h>
#include <string.h>

static char memory[64 << 20] __attribute__((aligned(16)));
static size_t used;

void *malloc(size_t size)
{
	size_t at = used;

	used += (size + 31) & ~(size_t)15;
	if (used > sizeof(memory))
		return NULL;
	memcpy(memory + at, &size, sizeof(size));
	return memory + at + 16;
}

void free(void *pointer)
{
	(void)pointer;
}

void *calloc(size_t n, size_t size)
{
	return malloc(n * size);
}

void *realloc(void *pointer, size_t size)
{
	void *moved = malloc(size);
	size_t old;

	if (!pointer || !moved)
		return moved;
	memcpy(&old, (char *)pointer - 16, sizeof(old));
	return memcpy(moved, pointer, old < size ? old : size);
}

int main(void)
{
	for (int i = 0; i < 10000; i++) {
		void *volatile block = malloc(1000);

		if (!block)
			return 1;
	}
	return 0;
}
