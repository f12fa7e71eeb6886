/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: kernelheavy [SECONDS]
 * Reads /dev/zero in a loop: nearly all its CPU time passes in the kernel.  Prints user and
 * system time as the kernel accounted it, as JSON.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "burn.h"

static char room[1 << 20];

static NOINLINE int read_zeros(int fd, uint64_t ns)
{
	for (uint64_t end = cpu_ns() + ns; cpu_ns() < end;) {
		for (int i = 0; i < 16; i++) {
			if (read(fd, room, sizeof(room)) < 0)
				return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	int fd = open("/dev/zero", O_RDONLY);
	struct rusage use;

	if (fd < 0 || read_zeros(fd, seconds_arg(argc, argv, 1)))
		return 1;
	getrusage(RUSAGE_SELF, &use);
	printf("{\"user_us\": %ld, \"system_us\": %ld}\n",
	       use.ru_utime.tv_sec * 1000000L + use.ru_utime.tv_usec,
	       use.ru_stime.tv_sec * 1000000L + use.ru_stime.tv_usec);
	return 0;
}
