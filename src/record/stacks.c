/* SPDX-License-Identifier: GPL-2.0-only */
#include "stacks.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "proc/task.h"
#include "symbol/jit_map.h"

#define SCAN_INTERVAL_NS 100000000u /* /proc/PID/maps is not read again sooner */

/* Address of the top byte in which a 64-bit process can run code. */
#define USER_END (1ull << 47)

struct module_link {
	struct module *module;
	uint32_t id;
};

struct stacks {
	struct spaces *spaces;   /* borrowed */
	struct definer *definer; /* borrowed */
	struct unwinder *unwinder;
	ARRAY(uint32_t) id_by_index; /* module->index → the definer's id, 0: none yet */
	ARRAY(struct module_link) links;
	uint32_t kernel; /* the definer's id; 0: none yet */
	int kallsyms_fd;
};

struct stacks *stacks_new(struct spaces *spaces, struct definer *definer)
{
	struct stacks *stacks = xcalloc(1, sizeof(*stacks));

	stacks->spaces = spaces;
	stacks->definer = definer;
	stacks->unwinder = unwinder_new();
	stacks->kallsyms_fd = -1;
	return stacks;
}

void stacks_free(struct stacks *stacks)
{
	if (!stacks)
		return;
	unwinder_free(stacks->unwinder);
	if (stacks->kallsyms_fd >= 0)
		close(stacks->kallsyms_fd);
	array_release(&stacks->id_by_index);
	array_release(&stacks->links);
	free(stacks);
}

const struct unwind_stats *stacks_unwind_stats(const struct stacks *stacks)
{
	return unwinder_stats(stacks->unwinder);
}

void stacks_open_jit_maps(struct stacks *stacks, bool again)
{
	struct module_link *link;

	array_for_each(link, &stacks->links) {
		struct module *module = link->module;
		int fd;

		if (module->kind != MODULE_JIT || (module->fd >= 0 && !again))
			continue;
		fd = jit_map_open((pid_t)module->pid);
		if (fd < 0)
			continue;
		if (module->fd >= 0)
			close(module->fd);
		module->fd = fd;
	}
}

int stacks_module_fd(struct stacks *stacks, uint32_t id)
{
	const struct module_link *link;

	if (id && id == stacks->kernel) {
		if (stacks->kallsyms_fd < 0)
			stacks->kallsyms_fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
		return stacks->kallsyms_fd;
	}
	array_for_each(link, &stacks->links) {
		if (link->id == id)
			return link->module->fd;
	}
	return -1;
}

static bool read_process(void *arg, uint64_t address, void *data, size_t size)
{
	struct iovec local = { data, size }, remote = { (void *)(uintptr_t)address, size };
	const struct perf_record *record = arg;

	return process_vm_readv((pid_t)record->pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static bool read_blocked(void *arg, uint64_t *ret)
{
	const struct perf_record *record = arg;

	return !task_blocked_signals((pid_t)record->tid, ret);
}

/* The kernel numbers registers by its own bits, DWARF by its own table. */
static void copy_regs(const uint64_t *from, uint64_t to[UNWIND_N_REGS])
{
	static const uint8_t order[PERF_N_REGS] = {
		UNWIND_RAX, UNWIND_RBX, UNWIND_RCX, UNWIND_RDX, UNWIND_RSI, UNWIND_RDI,
		UNWIND_RBP, UNWIND_RSP, UNWIND_RIP, UNWIND_R8,  UNWIND_R9,  UNWIND_R10,
		UNWIND_R11, UNWIND_R12, UNWIND_R13, UNWIND_R14, UNWIND_R15,
	};

	for (size_t i = 0; i < PERF_N_REGS; i++)
		to[order[i]] = from[i];
}

static uint32_t module_id(struct stacks *stacks, struct module *module)
{
	uint32_t *id;

	while (stacks->id_by_index.n <= module->index)
		array_add(&stacks->id_by_index);
	id = &stacks->id_by_index.items[module->index];
	if (!*id) {
		struct module_link *link = array_add(&stacks->links);

		*id = definer_module(stacks->definer, module->kind, module->path,
				     module->build_id[0] ? module->build_id : NULL, module->pid);
		*link = (struct module_link){ module, *id };
	}
	return *id;
}

static uint32_t user_frame(struct stacks *stacks, const struct unwind_frame *frame, uint32_t pid)
{
	const struct mapping *m = frame->mapping;
	uint64_t address = frame->address;
	uint32_t module;

	if (!m) {
		module = definer_module(stacks->definer, MODULE_JIT, "[unmapped]", NULL, pid);
	} else {
		module = module_id(stacks, m->module);
		if (m->module->kind != MODULE_JIT)
			address -= mapping_bias(m);
	}
	return definer_frame(stacks->definer, module, address);
}

static uint32_t truncation(struct stacks *stacks, const char *why, const char *where)
{
	char *text = where ? xasprintf("truncated: %s in %s", why, where) :
			     xasprintf("truncated: %s", why);
	uint32_t frame = definer_note(stacks->definer, text);

	free(text);
	return definer_stack(stacks->definer, 0, frame);
}

static uint32_t add_user(struct stacks *stacks, const struct unwind_result *result, uint32_t pid)
{
	uint32_t stack = 0;

	if (result->stop != UNWIND_DONE)
		stack = truncation(stacks, unwind_stop_text(result->stop),
				   result->stopped_in ? result->stopped_in->module->path : NULL);
	for (size_t i = result->n_frames; i-- > 0;)
		stack = definer_stack(stacks->definer, stack,
				      user_frame(stacks, &result->frames[i], pid));
	return stack;
}

/*
 * Mappings are known from records, or from /proc at the start.  A process that was
 * met otherwise, or an address in no mapping, is a reason to look once more.
 */
static bool scan_again(struct stacks *stacks, const struct space *space, uint64_t now_ns)
{
	uint32_t generation = space->generation;

	if (space->scanned_ns && now_ns < space->scanned_ns + SCAN_INTERVAL_NS)
		return false;
	return !spaces_scan(stacks->spaces, (pid_t)space->pid, now_ns) &&
	       space->generation != generation;
}

/* Where the user side of the call chain begins, with its mark: the kernel's comes first. */
static size_t user_mark(const struct perf_sample *sample)
{
	size_t i = 0;

	while (i < sample->n_chain && sample->chain[i] != PERF_CONTEXT_USER)
		i++;
	return i;
}

static uint32_t unwind_user(struct stacks *stacks, const struct perf_record *record)
{
	const struct perf_sample *sample = &record->sample;
	size_t mark = user_mark(sample), chain = mark + (mark < sample->n_chain);
	struct unwind_sample from = {
		.stack = sample->stack,
		.stack_size = sample->stack_size,
		.chain = sample->chain + chain,
		.n_chain = sample->n_chain - chain,
		.space = spaces_get(stacks->spaces, (pid_t)record->pid),
		.read_memory = read_process,
		.read_blocked = read_blocked,
		.arg = (void *)(uintptr_t)record,
	};
	struct unwind_result result;

	copy_regs(sample->regs, from.regs);
	if (!from.space->mappings.n)
		scan_again(stacks, from.space, record->time_ns);
	unwinder_run(stacks->unwinder, &from, &result);
	if (result.stop == UNWIND_NO_MAPPING && scan_again(stacks, from.space, record->time_ns))
		unwinder_run(stacks->unwinder, &from, &result);
	return add_user(stacks, &result, record->pid);
}

/* A 32-bit process: its registers have other names, and its CFI another numbering. */
static uint32_t foreign_user(struct stacks *stacks)
{
	return truncation(stacks, "32-bit process", NULL);
}

static uint32_t add_kernel(struct stacks *stacks, uint32_t stack, const struct perf_sample *sample,
			   size_t n)
{
	if (!stacks->kernel)
		stacks->kernel =
			definer_module(stacks->definer, MODULE_KERNEL, "[kernel]", NULL, 0);
	for (size_t i = n; i-- > 0;) {
		uint64_t address = sample->chain[i];

		if (address >= PERF_CONTEXT_MAX || address < USER_END)
			continue;
		/* chain[0] is a PERF_CONTEXT mark, chain[1] the place itself, the rest callers. */
		stack = definer_stack(stacks->definer, stack,
				      definer_frame(stacks->definer, stacks->kernel,
						    i > 1 ? address - 1 : address));
	}
	return stack;
}

uint32_t stacks_intern(struct stacks *stacks, const struct perf_record *record)
{
	const struct perf_sample *sample = &record->sample;
	size_t n_kernel = user_mark(sample);
	uint32_t stack = 0;

	if (sample->abi == PERF_SAMPLE_REGS_ABI_64)
		stack = unwind_user(stacks, record);
	else if (sample->abi == PERF_SAMPLE_REGS_ABI_32)
		stack = foreign_user(stacks);
	return n_kernel ? add_kernel(stacks, stack, sample, n_kernel) : stack;
}
