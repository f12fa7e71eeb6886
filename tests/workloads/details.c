/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: details FILE
 * Makes what --trace records beside system calls, each a known number of times, and says
 * so in lines "WHAT NUMBER":
 *
 *   faults N     touch N pages of new memory, by writing, from address `memory` on
 *   disk N       read N bytes of FILE, of which nothing is cached, 64 KiB after the other
 *   mapped N     the same by touching N pages of a mapping of it, each 64 KiB apart
 *   signals N    send SIGUSR1 to itself N times; its handler counts
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE  4096
#define STEP  65536
#define PAGES 1000
#define KILLS 200

static volatile sig_atomic_t n_handled;

static void count(int signo)
{
	(void)signo;
	n_handled++;
}

static __attribute__((noinline)) void touch_memory(void)
{
	volatile char *memory = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise((void *)memory, (size_t)PAGES * PAGE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < PAGES; i++)
		memory[i * PAGE] = 1;
	printf("memory %p\nfaults %d\n", (const void *)memory, PAGES);
}

/* Forget what is cached of the file, and read nothing ahead. */
static int open_cold(const char *path, off_t *ret_size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", path);
	fsync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	*ret_size = st.st_size;
	return fd;
}

static __attribute__((noinline)) void read_disk(const char *path)
{
	static char block[STEP];
	off_t size, at;
	int fd = open_cold(path, &size);

	for (at = 0; at + STEP <= size; at += STEP) {
		if (pread(fd, block, STEP, at) != STEP)
			err(1, "%s", path);
	}
	printf("disk %ld\n", (long)at);
	close(fd);
}

static __attribute__((noinline)) void touch_mapping(const char *path)
{
	off_t size;
	int fd = open_cold(path, &size);
	volatile const char *memory = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
	long n = 0;
	char sum = 0;

	if (memory == MAP_FAILED)
		err(1, "%s", path);
	madvise((void *)memory, (size_t)size, MADV_RANDOM);
	for (off_t at = 0; at + STEP <= size; at += STEP, n++)
		sum = (char)(sum + memory[at]);
	usleep(200000); /* a recorder looks up what is mapped while it is */
	printf("mapping %p\nmapped %ld\n", (const void *)memory, n);
	if (sum == 1)
		puts("");
	munmap((void *)memory, (size_t)size);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(2, "usage: details FILE");
	signal(SIGUSR1, count);
	touch_memory();
	read_disk(argv[1]);
	touch_mapping(argv[1]);
	for (int i = 0; i < KILLS; i++)
		kill(getpid(), SIGUSR1);
	printf("signals %d\n", (int)n_handled);
	return n_handled != KILLS;
}
