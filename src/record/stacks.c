/* SPDX-License-Identifier: GPL-2.0-only */
#include "stacks.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/map.h"
#include "proc/task.h"
#include "sampler.h"
#include "symbol/jit_map.h"

#define MIN_FRESH_MS     2     /* so long are the callers of a frame taken to be the same, */
#define MAX_FRESH_MS     128   /* once they were a few times */
#define MAX_CALLERS      98304 /* frames whose callers are known: 5 MiB */
#define LOG2_STEPS       12    /* slots for steps from stack to stack: 96 KiB */
#define HURRY_NS         1000000000u
#define SCAN_INTERVAL_NS 100000000u /* /proc/PID/maps is not read again sooner */

/* Address of the top byte in which a 64-bit process can run code. */
#define USER_END (1ull << 47)

struct module_link {
	struct module *module;
	uint32_t id;
};

/* A frame below a stack makes another.  Nearly all frames of a sample were met like this before. */
struct step {
	uint64_t address;
	uint32_t generation, parent; /* the address space's; the id of the stack */
	uint32_t stack;              /* the id of what they make; 0: an empty slot */
};

struct callers {
	uint32_t stack;   /* of the frame and its callers */
	uint32_t read_ms; /* when they were */
	uint32_t fresh_ms;
	bool is_unsure; /* they were others at another time */
};

struct stacks {
	struct spaces *spaces;   /* borrowed */
	struct definer *definer; /* borrowed */
	struct unwinder *unwinder;
	ARRAY(uint32_t) id_by_index; /* module->index → the definer's id, 0: none yet */
	ARRAY(struct module_link) links;
	size_t first_link;    /* the first whose id the definer still gives out */
	uint32_t kernel;      /* the definer's id; 0: none yet */
	uint32_t kernel_data; /* the same of static data */
	uint32_t kernel_before, kernel_data_before; /* before the ids were forgotten */
	struct map callers_by_key;                  /* thread, PC and SP → index + 1 */
	ARRAY(struct callers) callers;
	struct step steps[1u << LOG2_STEPS]; /* each where step_slot() says */
	uint64_t n_near, n_unknown;
	bool want_chains;
	uint64_t n_read_live;    /* stacks that wanted live memory, as of the last look */
	uint64_t hurry_until_ns; /* some lately did */
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
	map_release(&stacks->callers_by_key);
	array_release(&stacks->callers);
	free(stacks);
}

static void forget_callers(struct stacks *stacks)
{
	map_clear(&stacks->callers_by_key);
	stacks->callers.n = 0;
}

void stacks_forget_ids(struct stacks *stacks)
{
	size_t n = stacks->links.n - stacks->first_link;

	if (n)
		memmove(stacks->links.items, stacks->links.items + stacks->first_link,
			n * sizeof(*stacks->links.items));
	stacks->links.n = stacks->first_link = n;
	stacks->id_by_index.n = 0;
	stacks->kernel_before = stacks->kernel;
	stacks->kernel_data_before = stacks->kernel_data;
	stacks->kernel = stacks->kernel_data = 0;
	memset(stacks->steps, 0, sizeof(stacks->steps));
	forget_callers(stacks);
}

const struct unwind_stats *stacks_unwind_stats(const struct stacks *stacks)
{
	return unwinder_stats(stacks->unwinder);
}

bool stacks_are_in_hurry(struct stacks *stacks)
{
	const struct unwind_stats *stats = stacks_unwind_stats(stacks);
	uint64_t n = stats->n_completed + stats->n_stops[UNWIND_STACK_END];
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	if (n != stacks->n_read_live)
		stacks->hurry_until_ns = now_ns + HURRY_NS;
	stacks->n_read_live = n;
	return now_ns < stacks->hurry_until_ns;
}

uint64_t stacks_n_near(const struct stacks *stacks)
{
	return stacks->n_near;
}

uint64_t stacks_n_unknown_callers(const struct stacks *stacks)
{
	return stacks->n_unknown;
}

bool stacks_want_chains(const struct stacks *stacks)
{
	return stacks->want_chains;
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

	if (id && (id == stacks->kernel || id == stacks->kernel_data ||
		   id == stacks->kernel_before || id == stacks->kernel_data_before)) {
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

struct unwinding { /* of a record */
	struct stacks *stacks;
	const struct perf_record *record;
	uint32_t generation;
	uint64_t key;         /* of the frame where the captured bytes ended */
	struct callers known; /* its callers; stack 0: they are not */
};

static bool read_process(void *arg, uint64_t address, void *data, size_t size)
{
	struct iovec local = { data, size }, remote = { (void *)(uintptr_t)address, size };
	const struct unwinding *unwinding = arg;

	return !unwinding->known.is_unsure &&
	       process_vm_readv((pid_t)unwinding->record->pid, &local, 1, &remote, 1, 0) ==
		       (ssize_t)size;
}

static uint32_t now_ms(const struct unwinding *unwinding)
{
	return (uint32_t)(unwinding->record->time_ns / 1000000);
}

/* Where more of the stack was copied, there is no need to rely on what was. */
static bool is_fresh(const struct unwinding *unwinding)
{
	return unwinding->record->sample.stack_size <= STACKS_SMALL_BYTES &&
	       now_ms(unwinding) - unwinding->known.read_ms < unwinding->known.fresh_ms;
}

/*
 * A thread that blocks a thousand times a second does so below the same frames nearly every
 * time: where its PC and SP were before, its callers are those of then.  Where more of the
 * stack was copied they are learned again each time, else soon, and then less and less often,
 * from memory.  Where they turn out to be others, as below two functions with frames of one
 * size, memory does not tell whose they were either.
 */
static enum unwind_callers knows_callers(void *arg, uint64_t pc, uint64_t sp)
{
	struct unwinding *unwinding = arg;
	struct stacks *stacks = unwinding->stacks;
	const uint64_t *index;

	stacks->n_near++;
	unwinding->key = hash_u64(((uint64_t)unwinding->generation << 32 | unwinding->record->tid) ^
				  hash_u64(pc ^ hash_u64(sp)));
	index = map_find(&stacks->callers_by_key, unwinding->key);
	if (index)
		unwinding->known = stacks->callers.items[*index - 1];
	if (!index || unwinding->known.is_unsure) {
		stacks->n_unknown++;
		return UNWIND_CALLERS_UNKNOWN;
	}
	return is_fresh(unwinding) ? UNWIND_CALLERS_KNOWN : UNWIND_CALLERS_OLD;
}

static void remember_callers(const struct unwinding *unwinding, uint32_t stack)
{
	struct stacks *stacks = unwinding->stacks;
	struct callers callers = {
		.stack = stack,
		.read_ms = now_ms(unwinding),
		.fresh_ms = MIN_FRESH_MS,
		.is_unsure = unwinding->known.is_unsure ||
			     (unwinding->known.stack && unwinding->known.stack != stack),
	};
	uint64_t *index;

	if (unwinding->known.stack)
		callers.fresh_ms = 2 * unwinding->known.fresh_ms;
	if (callers.fresh_ms > MAX_FRESH_MS)
		callers.fresh_ms = MAX_FRESH_MS;
	if (stacks->callers.n >= MAX_CALLERS)
		forget_callers(stacks);
	index = map_insert(&stacks->callers_by_key, unwinding->key);
	if (!*index) {
		array_add(&stacks->callers);
		*index = stacks->callers.n;
	}
	stacks->callers.items[*index - 1] = callers;
}

static bool read_blocked(void *arg, uint64_t *ret)
{
	const struct unwinding *unwinding = arg;

	return !task_blocked_signals((pid_t)unwinding->record->tid, ret);
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

static uint32_t user_frame(struct stacks *stacks, const struct unwind_frame *frame)
{
	const struct mapping *m = frame->mapping;
	uint64_t address = frame->address;
	uint32_t module;

	if (!m) {
		module = definer_module(stacks->definer, MODULE_JIT, "[unmapped]", NULL, 0);
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

static struct step *step_slot(struct stacks *stacks, const struct step *step)
{
	uint64_t hash = step->address ^ (uint64_t)step->parent << 40 ^
			(uint64_t)step->generation << 24;

	return &stacks->steps[hash * 0x9e3779b97f4a7c15u >> (64 - LOG2_STEPS)];
}

static uint32_t add_frame(const struct unwinding *unwinding, uint32_t stack,
			  const struct unwind_frame *frame)
{
	struct stacks *stacks = unwinding->stacks;
	struct step step = { frame->address, unwinding->generation, stack, 0 };
	struct step *known = step_slot(stacks, &step);

	if (known->stack && known->address == step.address && known->parent == step.parent &&
	    known->generation == step.generation)
		return known->stack;
	step.stack = definer_stack(stacks->definer, stack, user_frame(stacks, frame));
	*known = step;
	return step.stack;
}

/* Hangs the innermost @n frames below @stack. */
static uint32_t add_frames(const struct unwinding *unwinding, uint32_t stack,
			   const struct unwind_result *result, size_t n)
{
	while (n-- > 0)
		stack = add_frame(unwinding, stack, &result->frames[n]);
	return stack;
}

static uint32_t add_user(const struct unwinding *unwinding, struct unwind_result *result)
{
	struct stacks *stacks = unwinding->stacks;
	uint32_t stack = 0;
	size_t n = result->n_near ? result->n_near - 1 : 0; /* frames inside of that one */
	struct unwind_result outer = *result;

	if (result->is_joined) {
		if (!is_fresh(unwinding)) /* not to be had just now: not to be tried for a while */
			remember_callers(unwinding, unwinding->known.stack);
		return add_frames(unwinding, unwinding->known.stack, result, n);
	}
	if (result->stop != UNWIND_DONE)
		stack = truncation(stacks, unwind_stop_text(result->stop),
				   result->stopped_in ? result->stopped_in->module->path : NULL);
	outer.frames += n;
	stack = add_frames(unwinding, stack, &outer, result->n_frames - n);
	if (result->n_near && result->stop == UNWIND_DONE)
		remember_callers(unwinding, stack);
	return add_frames(unwinding, stack, result, n);
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

/* Whether samples of it are small, and taken at few places. */
static bool is_of_place(uint32_t source)
{
	return source != SAMPLER_TICKS && source != SAMPLER_ALLOCS && source != SAMPLER_PAGES;
}

static uint32_t unwind_user(struct stacks *stacks, const struct perf_record *record)
{
	const struct perf_sample *sample = &record->sample;
	size_t mark = user_mark(sample), chain = mark + (mark < sample->n_chain);
	struct unwinding unwinding = { .stacks = stacks, .record = record };
	struct unwind_sample from = {
		.stack = sample->stack,
		.stack_size = sample->stack_size,
		.chain = sample->chain + chain,
		.n_chain = sample->n_chain - chain,
		.space = spaces_get(stacks->spaces, (pid_t)record->pid),
		.read_memory = read_process,
		.read_blocked = read_blocked,
		.near_size = STACKS_SMALL_BYTES,
		.knows_callers = is_of_place(record->source) ? knows_callers : NULL,
		.arg = &unwinding,
	};
	struct unwind_result result;

	copy_regs(sample->regs, from.regs);
	if (!from.space->mappings.n)
		scan_again(stacks, from.space, record->time_ns);
	unwinding.generation = from.space->generation;
	unwinder_run(stacks->unwinder, &from, &result);
	if (result.stop == UNWIND_NO_MAPPING && scan_again(stacks, from.space, record->time_ns)) {
		unwinding.generation = from.space->generation;
		unwinder_run(stacks->unwinder, &from, &result);
	}
	stacks->want_chains |= result.wants_chain && record->source == SAMPLER_TICKS;
	return add_user(&unwinding, &result);
}

void stacks_walk(struct stacks *stacks, const struct perf_record *record, unwind_visit_fn *visit,
		 void *arg)
{
	const struct perf_sample *sample = &record->sample;
	struct unwind_sample from = {
		.stack = sample->stack,
		.stack_size = sample->stack_size,
		.space = spaces_get(stacks->spaces, (pid_t)record->pid),
	};

	if (sample->abi != PERF_SAMPLE_REGS_ABI_64)
		return;
	copy_regs(sample->regs, from.regs);
	unwinder_walk(stacks->unwinder, &from, visit, arg);
}

uint32_t stacks_frame(struct stacks *stacks, const struct unwind_frame *frame)
{
	return user_frame(stacks, frame);
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
			definer_module(stacks->definer, MODULE_KERNEL, MODULE_KERNEL_CODE, NULL, 0);
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

uint32_t stacks_kernel_data(struct stacks *stacks, uint64_t address)
{
	stacks->kernel_data =
		definer_module(stacks->definer, MODULE_KERNEL, MODULE_KERNEL_DATA, NULL, 0);
	return definer_frame(stacks->definer, stacks->kernel_data, address);
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
