/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: jit [SECONDS [nomap]]
 * Writes machine code into memory, with a frame pointer and without unwind information, and
 * burns in it; /tmp/perf-PID.map names it jit_burn, unless "nomap" is given.  Truth: nearly
 * all time is in jit_burn, and below it stand call_jit and main.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "burn.h"

#if defined(__x86_64__)
static const unsigned char code[] = {
	0x55,                   /* push %rbp */
	0x48, 0x89, 0xe5,       /* mov %rsp,%rbp */
	0x48, 0xff, 0xcf,       /* 1: dec %rdi */
	0x75, 0xfb,             /* jne 1b */
	0x5d,                   /* pop %rbp */
	0xc3,                   /* ret */
};
#elif defined(__aarch64__)
static const unsigned int code[] = {
	0xa9bf7bfd, /* stp x29, x30, [sp, #-16]! */
	0x910003fd, /* mov x29, sp */
	0xf1000400, /* 1: subs x0, x0, #1 */
	0x54ffffe1, /* b.ne 1b */
	0xa8c17bfd, /* ldp x29, x30, [sp], #16 */
	0xd65f03c0, /* ret */
};
#endif

static NOINLINE void call_jit(void (*jit)(uint64_t), uint64_t ns)
{
	for (uint64_t end = cpu_ns() + ns; cpu_ns() < end;)
		jit(2000000);
	NO_TAIL_CALL();
}

static int write_map(const void *start)
{
	char path[64];
	FILE *map;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	map = fopen(path, "w");
	if (!map)
		return -1;
	fprintf(map, "%lx %zx jit_burn\n", (unsigned long)start, sizeof(code));
	return fclose(map);
}

int main(int argc, char **argv)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return 1;
	memcpy(page, code, sizeof(code));
	__builtin___clear_cache(page, (char *)page + sizeof(code));
	if (mprotect(page, 4096, PROT_READ | PROT_EXEC))
		return 1;
	if (!(argc > 2 && !strcmp(argv[2], "nomap")) && write_map(page))
		return 1;
	call_jit((void (*)(uint64_t))page, seconds_arg(argc, argv, 1));
	return 0;
}
