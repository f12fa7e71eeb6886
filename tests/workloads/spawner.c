/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: spawner
 * Starts and reaps processes as fast as the machine can, four at a time, until it is ended: each by
 * vfork(), which is the least there is to a process, and gone at once.  Prints each second how
 * many there were in it.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_PARENTS 4

static void spawn_forever(uint64_t *n)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	for (;;) {
		pid_t pid = vfork();

		if (!pid)
			_exit(0);
		if (pid > 0 && waitpid(pid, NULL, 0) == pid)
			__atomic_add_fetch(n, 1, __ATOMIC_RELAXED);
	}
}

int main(void)
{
	uint64_t *n =
		mmap(NULL, sizeof(*n), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (n == MAP_FAILED)
		return 1;
	for (int i = 0; i < N_PARENTS; i++) {
		if (!fork())
			spawn_forever(n);
	}
	for (;;) {
		sleep(1);
		printf("%llu\n", (unsigned long long)__atomic_exchange_n(n, 0, __ATOMIC_RELAXED));
		fflush(stdout);
	}
}
