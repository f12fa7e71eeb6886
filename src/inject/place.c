/* SPDX-License-Identifier: GPL-2.0-only */
#include "place.h"

#define ENTRY_BYTES 64

/* Those of N_QUIET wait for others, never for a moment until a lock is free. */
static const char *const waits[] = {
	"poll",
	"ppoll",
	"__poll_chk",
	"__ppoll_chk",
	"select",
	"pselect",
	"epoll_wait",
	"epoll_pwait",
	"epoll_pwait2",
	"read",
	"__read_chk",
	"readv",
	"recv",
	"__recv_chk",
	"recvfrom",
	"__recvfrom_chk",
	"recvmsg",
	"recvmmsg",
	"accept",
	"accept4",
	"waitpid",
	"wait",
	"wait3",
	"wait4",
	"waitid",
	"pause",
	"sigsuspend",
	"sigwait",
	"sigwaitinfo",
	"sigtimedwait",
	"pthread_join",
	"pthread_timedjoin_np",
	"pthread_clockjoin_np",
#define N_QUIET 33
	"pthread_cond_wait",
	"pthread_cond_timedwait",
	"pthread_cond_clockwait",
	"sem_wait",
	"sem_timedwait",
	"sem_clockwait",
	"pthread_barrier_wait",
	"nanosleep",
	"clock_nanosleep",
	"usleep",
	"sleep",
	"thrd_sleep",
	"write",
	"writev",
	"send",
	"sendto",
	"sendmsg",
	"connect",
	"pread64",
	"pwrite64",
	"fsync",
	"fdatasync",
	"syscall",
};

const char *const *place_waits(size_t *ret_n, size_t *ret_n_quiet)
{
	*ret_n = sizeof(waits) / sizeof(waits[0]);
	*ret_n_quiet = N_QUIET;
	return waits;
}

static int kind_of(const struct place_facts *facts, const struct unwind_frame *frame)
{
	for (size_t i = 0; i < facts->n_modules; i++) {
		if (frame->mapping->module == facts->modules[i].module)
			return (int)facts->modules[i].is;
	}
	return -1;
}

static bool is_libc(const struct place_facts *facts, const struct unwind_frame *frame)
{
	return kind_of(facts, frame) == PLACE_LIBC;
}

static const char *frame_lack(const struct place_facts *facts, const struct unwind_frame *frame)
{
	if (!frame->mapping)
		return "is in code that no file has";
	switch (kind_of(facts, frame)) {
	case PLACE_LINKER:
		return "is in the dynamic linker";
	case PLACE_ALLOCATOR:
		return "is in its allocator";
	case PLACE_GO:
		return "is in Go code, whose stacks are small";
	default:
		return frame->mapping->module->kind == MODULE_JIT ?
			       "is in code that was made at run time" :
			       NULL;
	}
}

/* The function by which the program called the C library. */
static bool waits_only(const struct place_facts *facts, const struct unwind_frame *frame)
{
	uint64_t vaddr = frame->address - facts->libc_bias;
	size_t n = facts->has_own_malloc ? N_QUIET : facts->n_waits;

	for (size_t i = 0; i < n && i < facts->n_waits; i++) {
		if (facts->waits[i].vaddr && vaddr - facts->waits[i].vaddr < facts->waits[i].size)
			return true;
	}
	return false;
}

/* The first thread begins in the program, a few instructions that call the C library. */
static bool is_entry(const struct place_facts *facts, const struct unwind_frame *frame)
{
	return frame->address - facts->entry < ENTRY_BYTES;
}

/* From frame @i on, those that are in the C library, or that are not. */
static size_t pass(const struct place_facts *facts, const struct unwind_result *stack, size_t i,
		   bool of_libc)
{
	while (i < stack->n_frames && is_libc(facts, &stack->frames[i]) == of_libc)
		i++;
	return i;
}

const char *place_lack(const struct place_facts *facts, const struct unwind_result *stack,
		       bool is_in_syscall)
{
	size_t inner, outer, end;
	const char *lack = NULL;

	if (stack->stop != UNWIND_DONE)
		return "has a stack that cannot be followed to its end";
	for (size_t i = 0; !lack && i < stack->n_frames; i++)
		lack = frame_lack(facts, &stack->frames[i]);
	if (lack)
		return lack;
	inner = pass(facts, stack, 0, true);
	outer = pass(facts, stack, inner, false);
	end = pass(facts, stack, outer, true);
	if (outer == inner)
		return "is in the C library";
	if (end + 1 == stack->n_frames && is_entry(facts, &stack->frames[end]))
		end++;
	if (end < stack->n_frames)
		return "was called by the C library, or by a signal";
	if (!inner && facts->has_own_malloc)
		return "may be in its allocator";
	if (inner && (!is_in_syscall || !waits_only(facts, &stack->frames[inner - 1])))
		return "is in the C library";
	return NULL;
}
