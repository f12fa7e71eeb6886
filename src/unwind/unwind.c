/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind/unwind.h"

#include <errno.h>

#include "base/mem.h"
#include "unwind/eval.h"
#include "unwind/rules.h"
#include "unwind/stack.h"
#include "unwind/walk.h"

#define MAX_JUMPS 8 /* from stack to stack, in Go code */

#define FAST_REGS (REG_BIT(UNWIND_RSP) | REG_BIT(UNWIND_RBP) | REG_BIT(UNWIND_RIP))

/* What a step says besides why the stack ends. */
enum { GO_ON = UNWIND_N_STOPS, START_OVER };

struct unwinder {
	struct rules rules;
	struct unwind_stats stats;
	unsigned char chunk[STACK_CHUNK];
	struct unwind_frame frames[UNWIND_MAX_FRAMES];
};

struct walk {
	struct unwinder *unwinder;
	const struct unwind_sample *sample;
	struct stack stack;
	struct regs regs;
	size_t n, n_near;
	enum unwind_callers callers;
	bool is_joined;
	unsigned int n_jumps;
	bool wants_chain;
	size_t chained; /* the entry of the sample's chain to go on with; 0: off the chain */
	bool is_exact;  /* the PC is that of an instruction, not a return address */
	bool is_full;   /* track every register, not only rsp, rbp and rip */
	unwind_visit_fn *visit; /* NULL: nobody looks */
	void *visit_arg;
};

struct unwinder *unwinder_new(void)
{
	struct unwinder *unwinder = xcalloc(1, sizeof(*unwinder));

	rules_init(&unwinder->rules, &unwinder->stats);
	return unwinder;
}

void unwinder_free(struct unwinder *unwinder)
{
	if (!unwinder)
		return;
	rules_release(&unwinder->rules);
	free(unwinder);
}

const struct unwind_stats *unwinder_stats(const struct unwinder *unwinder)
{
	return &unwinder->stats;
}

static int step_to(struct walk *walk, uint64_t cfa, uint64_t ra)
{
	walk->regs.values[UNWIND_RSP] = cfa;
	walk->regs.values[UNWIND_RIP] = ra;
	walk->regs.known &= FAST_REGS;
	walk->is_exact = false;
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
	stack_set_seam(&walk->stack, cfa - 8, ra);
	return step_to(walk, cfa, ra);
}

/* The word at @address of the captured bytes; 0 where it is none of them. */
static uint64_t captured_word(const struct walk *walk, uint64_t address)
{
	uint64_t word = 0;

	if (stack_is_captured(&walk->stack, address, sizeof(word)))
		memcpy(&word, walk->stack.bytes + (address - walk->stack.start), sizeof(word));
	return word;
}

/*
 * Where a probe is on the push of the frame pointer that a function begins with, the kernel
 * adds the caller, to whom no frame pointer leads yet.
 */
static bool adds_caller(const struct walk *walk)
{
	const struct unwind_sample *sample = walk->sample;

	return sample->n_chain > 1 &&
	       sample->chain[1] == captured_word(walk, sample->regs[UNWIND_RSP]) &&
	       sample->chain[1] != captured_word(walk, sample->regs[UNWIND_RBP] + 8);
}

/*
 * The entry of the sample's chain that stands above the frame pointer @fp, or 0 where the
 * kernel did not come by there: its way is gone again in the captured bytes.
 */
static size_t find_in_chain(const struct walk *walk, uint64_t fp)
{
	const struct unwind_sample *sample = walk->sample;
	uint64_t at = sample->regs[UNWIND_RBP];

	for (size_t i = 1 + adds_caller(walk); i < sample->n_chain; i++) {
		if (at == fp)
			return i;
		if (captured_word(walk, at + 8) != sample->chain[i])
			return 0;
		at = captured_word(walk, at);
	}
	return 0;
}

/* All of a goroutine's callers have frame pointers; of other code nothing is known here. */
static int step_chain(struct walk *walk, enum rule_kind kind)
{
	const struct unwind_sample *sample = walk->sample;

	if (kind == RULE_END)
		return UNWIND_DONE;
	if (kind != RULE_GO || walk->chained == sample->n_chain)
		return UNWIND_STACK_END;
	walk->unwinder->stats.n_frame_pointer++;
	walk->regs.values[UNWIND_RIP] = sample->chain[walk->chained++];
	walk->is_exact = false;
	return walk->regs.values[UNWIND_RIP] ? GO_ON : UNWIND_DONE;
}

/* A frame pointer leads outward; but in Go code it may lead to another stack, a few times. */
static bool may_follow(struct walk *walk, uint64_t fp, bool is_go)
{
	if (fp & 7)
		return false;
	return fp >= walk->regs.values[UNWIND_RSP] || (is_go && walk->n_jumps++ < MAX_JUMPS);
}

/* Follow the frame pointer, if what it points at can be a frame. */
static int step_frame_pointer(struct walk *walk, bool is_go)
{
	const struct space *space = walk->sample->space;
	struct regs *regs = &walk->regs;
	uint64_t fp = regs->values[UNWIND_RBP], ra, caller_fp;

	if (!(regs->known & REG_BIT(UNWIND_RBP)))
		return walk->is_full ? UNWIND_NO_INFO : START_OVER;
	walk->unwinder->stats.n_frame_pointer++;
	walk->wants_chain |= is_go && !walk->sample->n_chain;
	if (!fp)
		return UNWIND_DONE;
	if (!may_follow(walk, fp, is_go))
		return UNWIND_NO_INFO;
	if (is_go && !stack_is_captured(&walk->stack, fp, 16)) {
		walk->chained = find_in_chain(walk, fp);
		if (walk->chained)
			return step_chain(walk, RULE_GO);
	}
	if (!stack_read(&walk->stack, fp, &caller_fp) || !stack_read(&walk->stack, fp + 8, &ra))
		return is_go ? UNWIND_STACK_END : UNWIND_NO_INFO;
	if (ra && !space_find(space, ra - 1) && !space_find(space, ra))
		return UNWIND_NO_INFO;
	regs->values[UNWIND_RBP] = caller_fp;
	stack_set_frame_seam(&walk->stack, fp, caller_fp, ra);
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
	if (row->is_signal) /* its restorer was popped: the stack pointer is at the ucontext */
		stack_set_handled(&walk->stack, sp);
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
		return step_row(walk, &walk->unwinder->rules.rows.items[entry->rule.offset]);
	case RULE_NO_CFI:
	case RULE_GO:
		return step_frame_pointer(walk, entry->rule.kind == RULE_GO);
	case RULE_END:
		return UNWIND_DONE;
	case RULE_BAD:
		break;
	}
	return UNWIND_BAD_RULE;
}

/* As step(), of a stack that needs more than rules keep: every row in full. */
static int step_full(struct walk *walk, const struct rule_entry *entry,
		     const struct mapping *mapping)
{
	struct row row;
	int r;

	if ((entry->rule.kind != RULE_SP && entry->rule.kind != RULE_FP) ||
	    rules_row(&walk->unwinder->rules, walk->sample->space, mapping, entry->address, &row))
		return step(walk, entry);
	r = step_row(walk, &row);
	row_release(&row);
	return r;
}

/*
 * Look up where the frame is: for a caller inside its call.  But what a signal
 * handler returns to was never called, and may be the first byte of its mapping.
 */
static const struct rule_entry *locate(struct walk *walk, uint64_t *ret_address)
{
	struct rules *rules = &walk->unwinder->rules;
	uint64_t pc = walk->regs.values[UNWIND_RIP];
	const struct rule_entry *entry;

	*ret_address = pc - !walk->is_exact;
	entry = rules_find(rules, walk->sample, *ret_address, walk->is_exact);
	if (entry || walk->is_exact)
		return entry;
	entry = rules_find(rules, walk->sample, pc, true);
	if (entry)
		*ret_address = pc;
	return entry;
}

static int step_any(struct walk *walk, const struct rule_entry *entry,
		    const struct mapping *mapping)
{
	if (walk->chained)
		return step_chain(walk, (enum rule_kind)entry->rule.kind);
	return walk->is_full ? step_full(walk, entry, mapping) : step(walk, entry);
}

/* What is at hand does not reach to the caller: it is known, or there are more bytes. */
static int step_beyond(struct walk *walk, const struct rule_entry *entry,
		       const struct mapping *mapping)
{
	const struct unwind_sample *sample = walk->sample;
	const uint64_t *regs = walk->regs.values;

	if (!walk->n_near) {
		walk->n_near = walk->n;
		walk->callers =
			sample->knows_callers(sample->arg, regs[UNWIND_RIP], regs[UNWIND_RSP]);
	}
	walk->is_joined = walk->callers == UNWIND_CALLERS_KNOWN;
	if (walk->is_joined)
		return UNWIND_DONE;
	stack_widen(&walk->stack);
	return step_any(walk, entry, mapping);
}

static bool is_stop(int r)
{
	return r != GO_ON && r != START_OVER && r != UNWIND_DONE;
}

/* What is known of old is better than to end nowhere. */
static int end_stack(struct walk *walk, int r)
{
	if (r == UNWIND_DONE || r == START_OVER || walk->callers != UNWIND_CALLERS_OLD)
		return r == GO_ON ? UNWIND_TOO_DEEP : r;
	walk->is_joined = true;
	walk->n = walk->n_near;
	return UNWIND_DONE;
}

/* The stack pointer is the CFA of the frame that the walk left with @before as its registers. */
static bool show(const struct walk *walk, const struct regs *before)
{
	const struct unwind_visit visit = {
		.frame = walk->unwinder->frames[walk->n - 1],
		.regs = before->values,
		.known = before->known,
		.cfa = walk->regs.values[UNWIND_RSP],
	};

	return walk->is_exact || walk->visit(walk->visit_arg, &visit);
}

static int walk_stack(struct walk *walk)
{
	const struct space *space = walk->sample->space;
	struct regs before;
	int r = GO_ON;

	while (walk->n < UNWIND_MAX_FRAMES && r == GO_ON) {
		uint64_t address;
		const struct rule_entry *entry = locate(walk, &address);
		const struct mapping *mapping = entry ? &space->mappings.items[entry->mapping] :
							NULL;

		walk->unwinder->frames[walk->n++] = (struct unwind_frame){ address, mapping };
		if (!entry)
			return end_stack(walk, UNWIND_NO_MAPPING);
		if (walk->visit)
			before = walk->regs;
		r = step_any(walk, entry, mapping);
		while (is_stop(r) && walk->stack.wants_more && !walk->chained)
			r = step_beyond(walk, entry, mapping);
		if (walk->visit && r == GO_ON && !show(walk, &before))
			break;
	}
	return end_stack(walk, r);
}

/* With walk->visit set. */
static int start(struct unwinder *unwinder, const struct unwind_sample *sample, bool is_full,
		 struct walk *walk)
{
	walk->unwinder = unwinder;
	walk->sample = sample;
	memcpy(walk->regs.values, sample->regs, sizeof(sample->regs));
	walk->regs.known = REGS_ALL;
	walk->n = walk->n_near = 0;
	walk->callers = UNWIND_CALLERS_UNKNOWN;
	walk->is_joined = false;
	walk->n_jumps = 0;
	walk->wants_chain = false;
	walk->chained = 0;
	walk->is_exact = true;
	walk->is_full = is_full;
	stack_init(&walk->stack, sample, unwinder->chunk);
	return walk_stack(walk);
}

void unwinder_run(struct unwinder *unwinder, const struct unwind_sample *sample,
		  struct unwind_result *ret)
{
	struct unwind_stats *stats = &unwinder->stats;
	struct walk walk = { .visit = NULL };
	int stop = start(unwinder, sample, false, &walk);

	if (stop == START_OVER) {
		stats->n_full++;
		stop = start(unwinder, sample, true, &walk);
	}
	stats->n_samples++;
	stats->n_frames += walk.n;
	stats->n_stops[stop]++;
	stats->n_completed += stop == UNWIND_DONE && walk.stack.n_reads && !walk.is_joined;
	stats->n_joined += walk.is_joined;
	*ret = (struct unwind_result){
		.frames = unwinder->frames,
		.n_frames = walk.n,
		.stop = (enum unwind_stop)stop,
		.stopped_in = unwinder->frames[walk.n - 1].mapping,
		.n_near = walk.n_near,
		.is_joined = walk.is_joined,
		.wants_chain = walk.wants_chain,
	};
}

void unwinder_walk(struct unwinder *unwinder, const struct unwind_sample *sample,
		   unwind_visit_fn *visit, void *arg)
{
	struct walk walk = { .visit = visit, .visit_arg = arg };

	start(unwinder, sample, true, &walk);
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
