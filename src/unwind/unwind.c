/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind/unwind.h"

#include <errno.h>

#include "base/array.h"
#include "base/mem.h"
#include "unwind/cfi.h"
#include "unwind/eval.h"
#include "unwind/rule_cache.h"
#include "unwind/stack.h"

#define PC_CACHE_LOG2     15
#define MODULE_CACHE_LOG2 16
#define MAX_ROWS          65536u
#define MAX_CFI_BYTES     ((size_t)1 << 30) /* copies of CFI, of all modules */

#define FAST_REGS (REG_BIT(UNWIND_RSP) | REG_BIT(UNWIND_RBP) | REG_BIT(UNWIND_RIP))

/* What a step says besides why the stack ends. */
enum { GO_ON = UNWIND_N_STOPS, START_OVER };

struct unwinder {
	struct rule_cache by_pc;     /* scope: generation */
	struct rule_cache by_module; /* scope: module index; address: ELF virtual address */
	ARRAY(struct cfi *) cfis;    /* by module index; NULL: not met yet */
	size_t cfi_bytes;
	ARRAY(struct row) rows; /* of RULE_ROW */
	struct unwind_stats stats;
	unsigned char chunk[STACK_CHUNK];
	struct unwind_frame frames[UNWIND_MAX_FRAMES];
};

struct walk {
	struct unwinder *unwinder;
	const struct unwind_sample *sample;
	struct stack stack;
	struct regs regs;
	size_t n;
	bool is_exact; /* the PC is that of an instruction, not a return address */
	bool is_full;  /* track every register, not only rsp, rbp and rip */
};

struct unwinder *unwinder_new(void)
{
	struct unwinder *unwinder = xcalloc(1, sizeof(*unwinder));

	elf_version(EV_CURRENT);
	rule_cache_init(&unwinder->by_pc, PC_CACHE_LOG2);
	rule_cache_init(&unwinder->by_module, MODULE_CACHE_LOG2);
	return unwinder;
}

static void forget_rows(struct unwinder *unwinder)
{
	struct row *row;

	array_for_each(row, &unwinder->rows)
		row_release(row);
	unwinder->rows.n = 0;
	rule_cache_clear(&unwinder->by_pc);
	rule_cache_clear(&unwinder->by_module);
}

void unwinder_free(struct unwinder *unwinder)
{
	struct cfi **cfi;

	if (!unwinder)
		return;
	forget_rows(unwinder);
	array_release(&unwinder->rows);
	array_for_each(cfi, &unwinder->cfis)
		cfi_free(*cfi);
	array_release(&unwinder->cfis);
	rule_cache_release(&unwinder->by_pc);
	rule_cache_release(&unwinder->by_module);
	free(unwinder);
}

const struct unwind_stats *unwinder_stats(const struct unwinder *unwinder)
{
	return &unwinder->stats;
}

static struct cfi *cfi_of(struct unwinder *unwinder, const struct module *module)
{
	struct cfi **cfi;

	while (unwinder->cfis.n <= module->index)
		array_add(&unwinder->cfis);
	cfi = &unwinder->cfis.items[module->index];
	if (!*cfi) {
		size_t left = unwinder->cfi_bytes < MAX_CFI_BYTES ?
				      MAX_CFI_BYTES - unwinder->cfi_bytes :
				      0;

		*cfi = cfi_new(module, left / 2);
		unwinder->cfi_bytes += cfi_size(*cfi);
	}
	return *cfi;
}

static int find_row(struct unwinder *unwinder, const struct space *space,
		    const struct mapping *mapping, uint64_t address, struct row *ret)
{
	module_open(mapping->module, (pid_t)space->pid, mapping->start, mapping->end);
	unwinder->stats.n_compiled++;
	return cfi_find(cfi_of(unwinder, mapping->module), address - mapping_bias(mapping), ret);
}

static struct rule keep_row(struct unwinder *unwinder, const struct row *row)
{
	struct rule rule = { .kind = RULE_ROW };

	if (unwinder->rows.n >= MAX_ROWS)
		forget_rows(unwinder);
	rule.offset = (int32_t)unwinder->rows.n;
	*(struct row *)array_add(&unwinder->rows) = *row;
	return rule;
}

static struct rule compile(struct unwinder *unwinder, const struct space *space,
			   const struct mapping *mapping, uint64_t address)
{
	struct rule rule = { .kind = RULE_NO_CFI };
	struct row row;
	int r = find_row(unwinder, space, mapping, address, &row);

	if (r)
		rule.kind = r == -ENOENT ? RULE_NO_CFI : RULE_BAD;
	else if (rule_from_row(&row, &rule))
		row_release(&row);
	else
		rule = keep_row(unwinder, &row);
	return rule;
}

static struct rule rule_in_module(struct unwinder *unwinder, const struct space *space,
				  const struct mapping *mapping, uint64_t address)
{
	struct module *module = mapping->module;
	const struct rule_entry *known;
	struct rule_entry entry = { .scope = module->index };

	module_open(module, (pid_t)space->pid, mapping->start, mapping->end);
	entry.address = address - mapping_bias(mapping);
	known = rule_cache_find(&unwinder->by_module, entry.scope, entry.address);
	if (known) {
		unwinder->stats.n_module_hits++;
		return known->rule;
	}
	entry.rule = compile(unwinder, space, mapping, address);
	rule_cache_put(&unwinder->by_module, &entry);
	return entry.rule;
}

/* NULL: no mapping holds @address. */
static const struct rule_entry *find_rule(struct unwinder *unwinder, const struct space *space,
					  uint64_t address)
{
	const struct rule_entry *known =
		rule_cache_find(&unwinder->by_pc, space->generation, address);
	const struct mapping *mapping;
	struct rule_entry entry = { .address = address, .scope = space->generation };

	if (known) {
		unwinder->stats.n_pc_hits++;
		return known;
	}
	mapping = space_find(space, address);
	if (!mapping || !address)
		return NULL;
	entry.mapping = (uint32_t)(mapping - space->mappings.items);
	entry.rule = rule_in_module(unwinder, space, mapping, address);
	rule_cache_put(&unwinder->by_pc, &entry);
	return rule_cache_find(&unwinder->by_pc, space->generation, address);
}

static int step_to(struct walk *walk, uint64_t cfa, uint64_t ra)
{
	walk->regs.values[UNWIND_RSP] = cfa;
	walk->regs.values[UNWIND_RIP] = ra;
	walk->regs.known &= FAST_REGS;
	walk->is_exact = false;
	stack_set_seam(&walk->stack, cfa - 8, ra);
	return ra ? GO_ON : UNWIND_DONE;
}

static int no_register(const struct walk *walk)
{
	return walk->is_full ? UNWIND_BAD_RULE : START_OVER;
}

static int step_rule(struct walk *walk, struct rule rule)
{
	struct regs *regs = &walk->regs;
	uint64_t sp = regs->values[UNWIND_RSP];
	uint64_t cfa, ra, slot;

	if (rule.kind == RULE_FP && !(regs->known & REG_BIT(UNWIND_RBP)))
		return no_register(walk);
	cfa = regs->values[rule.kind == RULE_SP ? UNWIND_RSP : UNWIND_RBP] +
	      (uint64_t)(int64_t)rule.offset;
	if (cfa <= sp)
		return UNWIND_BAD_RULE;
	if (!stack_read(&walk->stack, cfa - 8, &ra))
		return UNWIND_STACK_END;
	/* A slot below the stack pointer was popped: rbp has its value back. */
	slot = cfa + (uint64_t)(int64_t)rule.fp_offset;
	if (rule.has_fp && slot >= sp) {
		regs->known |= REG_BIT(UNWIND_RBP);
		if (!stack_read(&walk->stack, slot, &regs->values[UNWIND_RBP]))
			regs->known &= ~REG_BIT(UNWIND_RBP);
	}
	return step_to(walk, cfa, ra);
}

/* Follow the frame pointer, if what it points at can be a frame. */
static int step_frame_pointer(struct walk *walk)
{
	struct regs *regs = &walk->regs;
	uint64_t fp = regs->values[UNWIND_RBP], sp = regs->values[UNWIND_RSP], ra, caller_fp;

	if (!(regs->known & REG_BIT(UNWIND_RBP)))
		return walk->is_full ? UNWIND_NO_INFO : START_OVER;
	walk->unwinder->stats.n_frame_pointer++;
	if (!fp)
		return UNWIND_DONE;
	if (fp & 7 || fp < sp || !stack_read(&walk->stack, fp, &caller_fp) ||
	    !stack_read(&walk->stack, fp + 8, &ra))
		return UNWIND_NO_INFO;
	if (ra && !space_find(walk->sample->space, ra - 1))
		return UNWIND_NO_INFO;
	regs->values[UNWIND_RBP] = caller_fp;
	return step_to(walk, fp + 16, ra);
}

static int step_row(struct walk *walk, const struct row *row)
{
	uint64_t sp = walk->regs.values[UNWIND_RSP];

	if (row->regs[UNWIND_RIP].kind == PLACE_UNDEFINED)
		return UNWIND_DONE;
	walk->unwinder->stats.n_evaluated++;
	switch (row_apply(row, &walk->stack, &walk->regs)) {
	case EVAL_OK:
		break;
	case EVAL_NO_REGISTER:
		return no_register(walk);
	case EVAL_NO_MEMORY:
		return UNWIND_STACK_END;
	default:
		return UNWIND_BAD_RULE;
	}
	/* What a signal interrupted may have been on another stack. */
	if (!row->is_signal && walk->regs.values[UNWIND_RSP] <= sp)
		return UNWIND_BAD_RULE;
	walk->is_exact = row->is_signal;
	return walk->regs.values[UNWIND_RIP] ? GO_ON : UNWIND_DONE;
}

static int step(struct walk *walk, const struct rule_entry *entry)
{
	switch ((enum rule_kind)entry->rule.kind) {
	case RULE_SP:
	case RULE_FP:
		return step_rule(walk, entry->rule);
	case RULE_ROW:
		return step_row(walk, &walk->unwinder->rows.items[entry->rule.offset]);
	case RULE_NO_CFI:
		return step_frame_pointer(walk);
	case RULE_END:
		return UNWIND_DONE;
	case RULE_BAD:
		break;
	}
	return UNWIND_BAD_RULE;
}

/* As step(), of a stack that needs more than rules keep: every row in full. */
static int step_full(struct walk *walk, const struct mapping *mapping, uint64_t address)
{
	struct row row;
	int r = find_row(walk->unwinder, walk->sample->space, mapping, address, &row);

	if (r)
		return r == -ENOENT ? step_frame_pointer(walk) : UNWIND_BAD_RULE;
	r = step_row(walk, &row);
	row_release(&row);
	return r;
}

static int walk_stack(struct walk *walk)
{
	struct unwinder *unwinder = walk->unwinder;
	const struct space *space = walk->sample->space;
	int r = GO_ON;

	while (walk->n < UNWIND_MAX_FRAMES && r == GO_ON) {
		uint64_t address = walk->regs.values[UNWIND_RIP] - !walk->is_exact;
		const struct rule_entry *entry = find_rule(unwinder, space, address);
		const struct mapping *mapping = entry ? &space->mappings.items[entry->mapping] :
							NULL;

		unwinder->frames[walk->n++] = (struct unwind_frame){ address, mapping };
		if (!entry)
			return UNWIND_NO_MAPPING;
		r = walk->is_full ? step_full(walk, mapping, address) : step(walk, entry);
	}
	return r == GO_ON ? UNWIND_TOO_DEEP : r;
}

static int start(struct unwinder *unwinder, const struct unwind_sample *sample, bool is_full,
		 struct walk *walk)
{
	walk->unwinder = unwinder;
	walk->sample = sample;
	memcpy(walk->regs.values, sample->regs, sizeof(sample->regs));
	walk->regs.known = REGS_ALL;
	walk->n = 0;
	walk->is_exact = true;
	walk->is_full = is_full;
	stack_init(&walk->stack, sample, unwinder->chunk);
	return walk_stack(walk);
}

void unwinder_run(struct unwinder *unwinder, const struct unwind_sample *sample,
		  struct unwind_result *ret)
{
	struct unwind_stats *stats = &unwinder->stats;
	struct walk walk;
	int stop = start(unwinder, sample, false, &walk);

	if (stop == START_OVER)
		stop = start(unwinder, sample, true, &walk);
	stats->n_samples++;
	stats->n_frames += walk.n;
	stats->n_stops[stop]++;
	stats->n_completed += stop == UNWIND_DONE && walk.stack.n_reads;
	*ret = (struct unwind_result){
		.frames = unwinder->frames,
		.n_frames = walk.n,
		.stop = (enum unwind_stop)stop,
		.stopped_in = unwinder->frames[walk.n - 1].mapping,
	};
}

const char *unwind_stop_text(enum unwind_stop stop)
{
	static const char *const texts[UNWIND_N_STOPS] = {
		[UNWIND_DONE] = "complete",
		[UNWIND_NO_MAPPING] = "not in any mapped code",
		[UNWIND_NO_INFO] = "no unwind info",
		[UNWIND_STACK_END] = "stack not captured",
		[UNWIND_BAD_RULE] = "bad unwind info",
		[UNWIND_TOO_DEEP] = "too deep",
	};

	return (unsigned int)stop < UNWIND_N_STOPS ? texts[stop] : "unknown";
}
