/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What it costs to unwind stacks of some thirty frames of a C++ program without frame
 * pointers, sampled while it runs; beside it what libdwfl takes for the same samples
 * with everything open already.  Exits 1 where the stacks differ, where a frame takes
 * more than 400 ns, or where libdwfl is less than ten times slower.
 */
#include <elfutils/libdwfl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "unwind/unwind.h"

enum { N_SAMPLES = 500, STACK_SIZE = 32768, N_ROUNDS = 15, N_DWFL_ROUNDS = 5, MAX_FRAMES = 256 };

#define MAX_NS_PER_FRAME 400.0
#define MIN_RATIO        10.0

/*
 * After "pop %rbp" CFI goes on placing rbp where it was saved, now below the stack pointer:
 * libdwfl looks there, and ends where it may not.  A kernel's copy has nothing of that, and
 * our unwinder does without.
 */
#define RED_ZONE 128

struct shot {
	uint64_t regs[UNWIND_N_REGS];
	unsigned char bytes[RED_ZONE + STACK_SIZE]; /* from the red zone on */
	size_t stack_size;                          /* from the stack pointer on */
};

struct stack_of_pcs {
	uint64_t pcs[MAX_FRAMES];
	size_t n;
};

static const char source[] =
	"#include <algorithm>\n#include <functional>\n#include <map>\n#include <sstream>\n"
	"#include <string>\n#include <vector>\n"
	"std::map<std::string, int> words;\n"
	"static int leaf(int n) {\n"
	"	std::vector<int> v(200);\n"
	"	for (int i = 0; i < 200; i++) v[i] = i * 7919 % 1009 + n;\n"
	"	std::sort(v.begin(), v.end(), [](int a, int b) { return a > b; });\n"
	"	std::ostringstream out; out << v[0] << ' ' << 1.5 * n;\n"
	"	return words[out.str()] += v[1];\n"
	"}\n"
	"static int __attribute__((noinline)) rec(int n, const std::function<int(int)> &f) {\n"
	"	return n ? f(n) + 1 : leaf(n);\n"
	"}\n"
	"int main() {\n"
	"	std::function<int(int)> f = [&](int n) { return rec(n - 1, f); };\n"
	"	for (volatile int i = 0;; i += rec(24, f)) { }\n"
	"}\n";

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Build the program in a directory of its own, start it, and remove what was built. */
static pid_t start_program(void)
{
	char dir[] = "/tmp/sysprof-bench-XXXXXX", path[64], command[256];
	FILE *pipe;
	pid_t pid;

	if (!mkdtemp(dir))
		die("mkdtemp");
	snprintf(path, sizeof(path), "%s/program", dir);
	snprintf(command, sizeof(command), "c++ -O2 -fomit-frame-pointer -o %s -x c++ -", path);
	pipe = popen(command, "w");
	if (!pipe || fputs(source, pipe) < 0 || pclose(pipe))
		die("c++");
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	if (waitpid(pid, NULL, 0) < 0) /* stopped at its exec */
		die("waitpid");
	unlink(path);
	rmdir(dir);
	return pid;
}

static void take(pid_t pid, struct shot *ret)
{
	struct user_regs_struct r;
	struct iovec local = { ret->bytes, sizeof(ret->bytes) }, remote;
	ssize_t n;

	ptrace(PTRACE_GETREGS, pid, NULL, &r);
	memcpy(ret->regs,
	       (uint64_t[]){ r.rax, r.rdx, r.rcx, r.rbx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8, r.r9,
			     r.r10, r.r11, r.r12, r.r13, r.r14, r.r15, r.rip },
	       sizeof(ret->regs));
	remote = (struct iovec){ (void *)(uintptr_t)(r.rsp - RED_ZONE), local.iov_len };
	n = process_vm_readv(pid, &local, 1, &remote, 1, 0); /* less where the stack ends */
	ret->stack_size = n > RED_ZONE ? (size_t)n - RED_ZONE : 0;
}

static void run_for(pid_t pid, long ns)
{
	struct timespec pause = { .tv_nsec = ns };

	ptrace(PTRACE_CONT, pid, NULL, NULL);
	nanosleep(&pause, NULL);
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, 0);
}

static struct shot *sample_program(pid_t pid)
{
	struct shot *shots = xcalloc(N_SAMPLES, sizeof(*shots));

	run_for(pid, 200000000); /* past its start */
	for (int i = 0; i < N_SAMPLES; i++) {
		run_for(pid, 500000 + i * 997);
		take(pid, &shots[i]);
	}
	return shots;
}

/* Ours */

static size_t unwind_all(struct unwinder *unwinder, struct space *space, const struct shot *shots,
			 struct stack_of_pcs *ret)
{
	size_t n_frames = 0;

	for (int i = 0; i < N_SAMPLES; i++) {
		struct unwind_sample sample = { .space = space,
						.stack = shots[i].bytes + RED_ZONE,
						.stack_size = shots[i].stack_size };
		struct unwind_result result;

		memcpy(sample.regs, shots[i].regs, sizeof(sample.regs));
		unwinder_run(unwinder, &sample, &result);
		n_frames += result.n_frames;
		if (!ret)
			continue;
		ret[i].n = result.n_frames < MAX_FRAMES ? result.n_frames : MAX_FRAMES;
		for (size_t f = 0; f < ret[i].n; f++)
			ret[i].pcs[f] = result.frames[f].address;
	}
	return n_frames;
}

/* libdwfl */

struct dwfl_state {
	const struct shot *shot;
	struct stack_of_pcs *stack;
};

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread)
{
	(void)dwfl;
	(void)arg;
	if (*thread)
		return 0;
	*thread = arg;
	return 1;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread)
{
	(void)dwfl;
	(void)tid;
	*thread = arg;
	return true;
}

static bool read_word(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *ret, void *arg)
{
	const struct shot *shot = ((struct dwfl_state *)arg)->shot;
	uint64_t offset = address - (shot->regs[UNWIND_RSP] - RED_ZONE);

	(void)dwfl;
	if (offset > RED_ZONE + shot->stack_size - 8)
		return false;
	memcpy(ret, shot->bytes + offset, 8);
	return true;
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	const struct shot *shot = ((struct dwfl_state *)arg)->shot;
	Dwarf_Word regs[UNWIND_N_REGS];

	for (int i = 0; i < UNWIND_N_REGS; i++)
		regs[i] = shot->regs[i];
	return dwfl_thread_state_registers(thread, 0, UNWIND_N_REGS, regs);
}

static int add_frame(Dwfl_Frame *frame, void *arg)
{
	struct stack_of_pcs *stack = ((struct dwfl_state *)arg)->stack;
	Dwarf_Addr pc;
	bool is_exact;

	if (!dwfl_frame_pc(frame, &pc, &is_exact) || stack->n == MAX_FRAMES)
		return DWARF_CB_ABORT;
	stack->pcs[stack->n++] = pc - !is_exact;
	return DWARF_CB_OK;
}

static Dwfl *open_dwfl(pid_t pid, struct dwfl_state *state)
{
	static const Dwfl_Callbacks files = { .find_elf = dwfl_linux_proc_find_elf,
					      .find_debuginfo = dwfl_standard_find_debuginfo };
	static const Dwfl_Thread_Callbacks threads = { .next_thread = next_thread,
						       .get_thread = get_thread,
						       .memory_read = read_word,
						       .set_initial_registers = set_registers };
	Dwfl *dwfl = dwfl_begin(&files);

	if (!dwfl || dwfl_linux_proc_report(dwfl, pid) || dwfl_report_end(dwfl, NULL, NULL) ||
	    !dwfl_attach_state(dwfl, NULL, pid, &threads, state))
		die("libdwfl");
	return dwfl;
}

static size_t dwfl_all(Dwfl *dwfl, struct dwfl_state *state, const struct shot *shots,
		       struct stack_of_pcs *ret)
{
	size_t n_frames = 0;

	for (int i = 0; i < N_SAMPLES; i++) {
		state->shot = &shots[i];
		state->stack = &ret[i];
		ret[i].n = 0;
		dwfl_getthread_frames(dwfl, 1, add_frame, state);
		n_frames += ret[i].n;
	}
	return n_frames;
}

static int n_same(const struct stack_of_pcs *a, const struct stack_of_pcs *b)
{
	int n = 0;

	for (int i = 0; i < N_SAMPLES; i++)
		n += a[i].n == b[i].n && !memcmp(a[i].pcs, b[i].pcs, a[i].n * sizeof(uint64_t));
	return n;
}

/* Nanoseconds a frame, the best of some rounds. */

static double time_ours(struct unwinder *unwinder, struct space *space, const struct shot *shots)
{
	double best = 1e18;

	for (int round = 0; round < N_ROUNDS; round++) {
		double start = now_ns();
		size_t n = unwind_all(unwinder, space, shots, NULL);
		double ns = (now_ns() - start) / (double)n;

		best = ns < best ? ns : best;
	}
	return best;
}

static double time_dwfl(Dwfl *dwfl, struct dwfl_state *state, const struct shot *shots,
			struct stack_of_pcs *stacks)
{
	double best = 1e18;

	for (int round = 0; round < N_DWFL_ROUNDS; round++) {
		double start = now_ns();
		size_t n = dwfl_all(dwfl, state, shots, stacks);
		double ns = (now_ns() - start) / (double)n;

		best = ns < best ? ns : best;
	}
	return best;
}

static int compare(pid_t pid, const struct shot *shots)
{
	struct modules *modules = modules_new();
	struct spaces *spaces = spaces_new(modules);
	struct unwinder *unwinder = unwinder_new();
	struct stack_of_pcs *ours = xcalloc(N_SAMPLES, sizeof(*ours));
	struct stack_of_pcs *theirs = xcalloc(N_SAMPLES, sizeof(*theirs));
	struct dwfl_state state = { 0 };
	double start, cold, warm, dwfl_ns;
	size_t n;
	int same;
	Dwfl *dwfl;

	spaces_scan(spaces, pid, 1);
	start = now_ns();
	n = unwind_all(unwinder, spaces_get(spaces, pid), shots, ours);
	cold = now_ns() - start;
	warm = time_ours(unwinder, spaces_get(spaces, pid), shots);
	dwfl = open_dwfl(pid, &state);
	dwfl_ns = time_dwfl(dwfl, &state, shots, theirs);
	same = n_same(ours, theirs);
	printf("unwind: %d samples, %.1f frames each\n", N_SAMPLES, (double)n / N_SAMPLES);
	printf("unwind: sysprof, first time  %8.1f ns/frame (files opened: %.1f ms in all)\n",
	       cold / (double)n, cold / 1e6);
	printf("unwind: sysprof, warm        %8.1f ns/frame\n", warm);
	printf("unwind: libdwfl, warm        %8.1f ns/frame, %.0f times slower\n", dwfl_ns,
	       dwfl_ns / warm);
	printf("unwind: %d of %d stacks are the same\n", same, N_SAMPLES);
	printf("unwind: a frame, warm\t%.1f ns\tlibdwfl %.0f ns, %.0f times\t"
	       "<= 100 ns, >= 10 times\t%s\n",
	       warm, dwfl_ns, dwfl_ns / warm,
	       warm <= 100 && dwfl_ns / warm >= MIN_RATIO ? "yes" : "NO");
	dwfl_end(dwfl);
	free(ours);
	free(theirs);
	unwinder_free(unwinder);
	spaces_free(spaces);
	modules_free(modules);
	return same < N_SAMPLES || warm > MAX_NS_PER_FRAME || dwfl_ns / warm < MIN_RATIO;
}

int main(void)
{
	pid_t pid = start_program();
	struct shot *shots = sample_program(pid);
	int status = compare(pid, shots);

	free(shots);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return status;
}
