/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A Go program stopped here and there, with and without its .debug_frame: goroutines
 * on stacks of their own, the collector's work on the threads', signals in between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "build.h"
#include "proc/task.h"
#include "unwind/unwind.h"

#define DEPTH     20 /* of the recursion */
#define N_STOPS   100
#define MAX_CHAIN 127

static const char source[] =
	"package main\n"
	"import (\"encoding/json\"; \"sort\")\n"
	"type T struct { A int; B string; C []int }\n"
	"type node struct { l, r *node }\n"
	"var keep *node\n"
	"func tree(d int) *node { if d == 0 { return &node{} }; return &node{tree(d - 1), tree(d - 1)} }\n"
	"//go:noinline\n"
	"func rec(n int, f func()) { if n == 0 { f(); return }; rec(n-1, f) }\n"
	"func work() {\n"
	"	t := T{1, \"x\", []int{3, 2, 1}}\n"
	"	sort.Ints(t.C)\n"
	"	json.Marshal(t)\n"
	"	keep = tree(6)\n"
	"}\n"
	"func main() {\n"
	"	go func() { for { rec(20, work) } }()\n"
	"	for { rec(20, work) }\n"
	"}\n";

struct range {
	uint64_t start, end;
};

struct counts {
	size_t n, n_done, n_deep, n_entries, n_misled;
	size_t n_sampled; /* complete from what a sample holds, without the process's memory */
	size_t n_differ;  /* and not what the memory says */
	size_t n_wanting; /* of those complete, that ask for a chain where they have none */
};

static struct {
	struct modules *modules;
	struct spaces *spaces;
	struct unwinder *unwinder;
	pid_t pid;
	struct range rec;      /* where the recursion's code is */
	struct range roots[3]; /* and that of functions which have no caller, when they call */
	struct range handler;  /* of signals */
	struct counts counts;
} world;

static bool read_process(void *arg, uint64_t address, void *data, size_t size)
{
	struct iovec local = { data, size }, remote = { (void *)(uintptr_t)address, size };

	(void)arg;
	return process_vm_readv(world.pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static bool read_blocked(void *arg, uint64_t *ret)
{
	return !task_blocked_signals(*(const pid_t *)arg, ret);
}

static bool contains(const struct range *range, uint64_t address)
{
	return address >= range->start && address < range->end;
}

/* What mcall left may run elsewhere, as may what was preempted: it is nobody's caller. */
static bool goes_on_behind_root(const struct unwind_result *result)
{
	for (size_t i = 1; i + 1 < result->n_frames; i++)
		for (size_t j = 0; j < sizeof(world.roots) / sizeof(*world.roots); j++)
			if (contains(&world.roots[j], result->frames[i].address))
				return true;
	return false;
}

/* Each goroutine's stack ends in goexit; what recursed has all of its frames. */
static void count(const struct unwind_result *result)
{
	size_t n_rec = 0;

	for (size_t i = 0; i < result->n_frames; i++)
		n_rec += contains(&world.rec, result->frames[i].address);
	world.counts.n++;
	world.counts.n_done += result->stop == UNWIND_DONE;
	world.counts.n_deep += n_rec == DEPTH + 1;
	world.counts.n_misled += goes_on_behind_root(result);
	if (result->stop == UNWIND_DONE)
		return;
	/* The first instructions of a thread or of a handler, of assembly that has no frame yet. */
	world.counts.n_entries += result->n_frames <= 2 ||
				  contains(&world.roots[2], result->frames[0].address) ||
				  contains(&world.handler, result->frames[0].address);
	print_message("%s:", unwind_stop_text(result->stop));
	for (size_t i = 0; i < result->n_frames; i++)
		print_message(" %lx", (unsigned long)result->frames[i].address);
	print_message("\n");
}

static void count_sampled(const struct unwind_sample *sample, const struct unwind_result *truth)
{
	static struct unwind_frame frames[UNWIND_MAX_FRAMES];
	struct unwind_sample alone = *sample;
	size_t n = truth->n_frames;
	struct unwind_result result;

	memcpy(frames, truth->frames, n * sizeof(*frames));
	if (truth->stop != UNWIND_DONE)
		return;
	alone.n_chain = 0;
	unwinder_run(world.unwinder, &alone, &result);
	world.counts.n_wanting += result.wants_chain;
	alone.n_chain = sample->n_chain;
	alone.read_memory = NULL;
	unwinder_run(world.unwinder, &alone, &result);
	if (result.stop != UNWIND_DONE)
		return;
	world.counts.n_sampled++;
	world.counts.n_differ += result.n_frames != n;
	for (size_t i = 0; i < n && result.n_frames == n; i++)
		world.counts.n_differ += result.frames[i].address != frames[i].address;
}

static bool read_word(uint64_t address, uint64_t *ret)
{
	return read_process(NULL, address, ret, sizeof(*ret));
}

/* As the kernel follows frame pointers, wherever they lead, when it takes a sample. */
static size_t follow(uint64_t pc, uint64_t fp, uint64_t ret[MAX_CHAIN])
{
	size_t n = 1;

	ret[0] = pc;
	while (n < MAX_CHAIN && fp && !(fp & 7) && read_word(fp + 8, &ret[n]) && read_word(fp, &fp))
		n++;
	return n;
}

static void unwind_thread(pid_t tid)
{
	static unsigned char stack[16384];
	uint64_t chain[MAX_CHAIN];
	struct user_regs_struct r;
	struct unwind_result result;
	struct unwind_sample sample = { .space = spaces_get(world.spaces, world.pid),
					.read_memory = read_process,
					.read_blocked = read_blocked,
					.arg = &tid };
	struct iovec local = { stack, sizeof(stack) }, remote = { NULL, sizeof(stack) };
	ssize_t n;

	ptrace(PTRACE_GETREGS, tid, NULL, &r);
	memcpy(sample.regs,
	       (uint64_t[]){ r.rax, r.rdx, r.rcx, r.rbx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8, r.r9,
			     r.r10, r.r11, r.r12, r.r13, r.r14, r.r15, r.rip },
	       sizeof(sample.regs));
	remote.iov_base = (void *)(uintptr_t)r.rsp;
	n = process_vm_readv(world.pid, &local, 1, &remote, 1, 0);
	sample.stack = stack;
	sample.stack_size = n > 0 ? (size_t)n : 0;
	sample.chain = chain;
	sample.n_chain = follow(r.rip, r.rbp, chain);
	unwinder_run(world.unwinder, &sample, &result);
	count(&result);
	count_sampled(&sample, &result);
}

static void each_thread(void (*call)(pid_t tid))
{
	char path[64];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", world.pid);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			call((pid_t)strtol(entry->d_name, NULL, 10));
	closedir(dir);
}

static void stop(pid_t tid)
{
	ptrace(PTRACE_SEIZE, tid, NULL, NULL);
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	waitpid(tid, NULL, __WALL);
}

static void resume(pid_t tid)
{
	ptrace(PTRACE_DETACH, tid, NULL, NULL);
}

static void stop_and_look(int n)
{
	struct timespec pause = { .tv_nsec = 2000000 + n * 9973 };

	nanosleep(&pause, NULL);
	each_thread(stop);
	assert_int_equal(spaces_scan(world.spaces, world.pid, (uint64_t)n + 1), 0);
	each_thread(unwind_thread);
	each_thread(resume);
}

static struct range code_of(const char *function)
{
	char command[128];
	struct range range;

	snprintf(command, sizeof(command), "nm go-with-symbols | grep ' %s$'", function);
	range.start = build_hex(command);
	snprintf(command, sizeof(command), "nm -n go-with-symbols | grep -A1 ' %s$' | tail -1",
		 function);
	range.end = build_hex(command);
	return range;
}

static void look_at(const char *program)
{
	world.rec = code_of("main.rec");
	world.roots[0] = code_of("runtime.mcall");
	world.roots[1] = code_of("runtime.morestack.abi0");
	world.roots[2] = code_of("runtime.clone.abi0");
	world.handler = code_of("runtime.sigtramp.abi0");
	world.counts = (struct counts){ 0 };
	world.modules = modules_new();
	world.spaces = spaces_new(world.modules);
	world.unwinder = unwinder_new();
	world.pid = fork();
	if (!world.pid) {
		execl(build_path(program), program, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 5000 && !world.counts.n_deep; i++) /* until it is at work */
		stop_and_look(i);
	world.counts = (struct counts){ 0 };
	for (int i = 0; i < N_STOPS; i++)
		stop_and_look(i);
	kill(world.pid, SIGKILL);
	waitpid(world.pid, NULL, 0);
	unwinder_free(world.unwinder);
	spaces_free(world.spaces);
	modules_free(world.modules);
	print_message("%s: %zu stacks, %zu complete, %zu of them from the sample alone, "
		      "%zu with the whole recursion\n",
		      program, world.counts.n, world.counts.n_done, world.counts.n_sampled,
		      world.counts.n_deep);
}

static void assert_complete(void)
{
	assert_true(world.counts.n > N_STOPS);
	/* A thread is stopped anywhere: one in hundreds stands where a frame is half made. */
	assert_true(world.counts.n_done + world.counts.n_entries + world.counts.n / 200 >=
		    world.counts.n);
	/* But for a thread in a signal handler, and for the rare one in the vdso. */
	assert_true(world.counts.n_sampled >= world.counts.n_done - world.counts.n_done / 20);
	assert_true(world.counts.n_wanting >= world.counts.n_done - world.counts.n_done / 20);
	assert_int_equal(world.counts.n_differ, 0);
	assert_true(world.counts.n_entries <= world.counts.n / 40);
	assert_true(world.counts.n_deep >= 10);
	assert_int_equal(world.counts.n_misled, 0);
}

static void goroutines_are_walked_to_their_ends(void **state)
{
	(void)state;
	look_at("go-with-symbols");
	assert_complete();
}

static void so_are_those_of_a_stripped_program(void **state)
{
	(void)state;
	look_at("go-stripped");
	assert_complete();
}

static int set_up(void **state)
{
	if (build_setup(state))
		return -1;
	build_file("main.go", source);
	build("export GOCACHE=${GOCACHE:-${HOME:-/tmp}/.cache/go-build} GO111MODULE=off; "
	      "go build -o go-with-symbols main.go && "
	      "go build -ldflags='-s -w' -o go-stripped main.go");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goroutines_are_walked_to_their_ends),
		cmocka_unit_test(so_are_those_of_a_stripped_program),
	};

	return cmocka_run_group_tests(tests, set_up, build_teardown);
}
