/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind/rules.h"

#include <errno.h>
#include <libelf.h>
#include <unistd.h>

#include "unwind/cfi.h"
#include "unwind/code.h"

#define PC_CACHE_LOG2     15
#define MODULE_CACHE_LOG2 16
#define MAX_ROWS          65536u
#define MAX_SECTION_BYTES ((size_t)256 << 20)
#define MAX_IDLE_BYTES    (8u << 20) /* of the copied CFI of all modules, */
#define MAX_IDLE_ASKED    1000u      /* once that of one was not asked for so often in a row */

/* What is asked: where, in what, for whom. */
struct query {
	const struct unwind_sample *sample;
	const struct mapping *mapping;
	uint64_t address;
	bool is_exact;
};

void rules_init(struct rules *rules, struct unwind_stats *stats)
{
	elf_version(EV_CURRENT);
	*rules = (struct rules){ .stats = stats };
	rule_cache_init(&rules->by_pc, PC_CACHE_LOG2);
	rule_cache_init(&rules->by_module, MODULE_CACHE_LOG2);
}

static void free_rows(struct rules *rules)
{
	struct row *row;

	array_for_each(row, &rules->rows)
		row_release(row);
	rules->rows.n = 0;
	rules->signal_row = 0;
}

void rules_release(struct rules *rules)
{
	struct rules_cfi *known;

	free_rows(rules);
	array_release(&rules->rows);
	array_for_each(known, &rules->cfis)
		cfi_free(known->cfi);
	array_release(&rules->cfis);
	rule_cache_release(&rules->by_pc);
	rule_cache_release(&rules->by_module);
}

/* What has a search table takes no memory to speak of; but most of Go's has none. */
static void forget_idle(struct rules *rules)
{
	struct rules_cfi *known;

	array_for_each(known, &rules->cfis) {
		if (rules->cfi_bytes <= MAX_IDLE_BYTES)
			return;
		if (!known->cfi || rules->n_asked - known->asked <= MAX_IDLE_ASKED)
			continue;
		rules->cfi_bytes -= cfi_size(known->cfi);
		cfi_free(known->cfi);
		known->cfi = NULL;
	}
}

static struct cfi *cfi_of(struct rules *rules, const struct module *module)
{
	struct rules_cfi *known;

	while (rules->cfis.n <= module->index)
		array_add(&rules->cfis);
	known = &rules->cfis.items[module->index];
	known->asked = ++rules->n_asked;
	if (!known->cfi) {
		known->cfi = cfi_new(module, MAX_SECTION_BYTES);
		rules->cfi_bytes += cfi_size(known->cfi);
		forget_idle(rules);
	}
	return known->cfi;
}

int rules_row(struct rules *rules, const struct space *space, const struct mapping *mapping,
	      uint64_t address, struct row *ret)
{
	module_open(mapping->module, (pid_t)space->pid, mapping->start, mapping->end);
	rules->stats->n_compiled++;
	return cfi_find(cfi_of(rules, mapping->module), address - mapping_bias(mapping), ret);
}

static struct rule keep_row(struct rules *rules, const struct row *row)
{
	struct rule rule = { .kind = RULE_ROW };

	if (rules->rows.n >= MAX_ROWS) { /* no honest set of programs has that many */
		free_rows(rules);
		rule_cache_clear(&rules->by_pc);
		rule_cache_clear(&rules->by_module);
	}
	rule.offset = (int32_t)rules->rows.n;
	*array_add(&rules->rows) = *row;
	return rule;
}

/* Instructions: of a file from there, else from the process itself. */
static bool read_bytes(const struct query *query, uint64_t address, void *data, size_t size)
{
	const struct mapping *mapping = query->mapping;
	const struct unwind_sample *sample = query->sample;

	if (mapping->module->fd >= 0)
		return pread(mapping->module->fd, data, size,
			     (off_t)(address - mapping->start + mapping->offset)) == (ssize_t)size;
	return sample->read_memory && sample->read_memory(sample->arg, address, data, size);
}

/* The instructions around @address; zeros outside the mapping. */
static bool read_code(const struct query *query, uint64_t address, unsigned char *ret)
{
	const struct mapping *mapping = query->mapping;
	uint64_t before = address - mapping->start, after = mapping->end - address;

	if (address < mapping->start || address >= mapping->end)
		return false;
	if (before > CODE_BEFORE)
		before = CODE_BEFORE;
	if (after > CODE_SIZE - CODE_BEFORE)
		after = CODE_SIZE - CODE_BEFORE;
	memset(ret, 0, CODE_SIZE);
	return read_bytes(query, address - before, ret + CODE_BEFORE - before, before + after);
}

static struct rule rule_of_row(struct rules *rules, struct row *row)
{
	struct rule rule;

	if (!rule_from_row(row, &rule))
		return keep_row(rules, row);
	row_release(row);
	return rule;
}

/* As below, of code that does not return from a signal handler. */
static bool rule_of_call(const struct query *query, const unsigned char *code, bool has_cfi,
			 struct rule *ret)
{
	if (query->is_exact)
		return !has_cfi && code_prologue(code, ret);
	return ret->kind == RULE_GO ? code_go_caller(code, ret) : code_epilogue(code, ret);
}

/*
 * What the instructions tell: of returns from signal handlers, of Go's calls, and
 * where there is no CFI.  @ret is what holds if they tell nothing.
 */
static bool rule_of_code(struct rules *rules, const struct query *query, bool has_cfi,
			 struct rule *ret)
{
	unsigned char code[CODE_SIZE];
	struct row row;

	if (!read_code(query, query->address + !query->is_exact, code))
		return false;
	if (!code_sigreturn(code, &row))
		return rule_of_call(query, code, has_cfi, ret);
	if (!rules->signal_row)
		rules->signal_row = keep_row(rules, &row).offset + 1;
	*ret = (struct rule){ .kind = RULE_ROW, .offset = rules->signal_row - 1 };
	return true;
}

/* Where Go's frames keep the caller's rbp it is not yet while they are being set up. */
static void mend_frame_pointer(const struct query *query, struct row *row)
{
	unsigned char code[CODE_SIZE];

	if (read_code(query, query->address, code) && code_saves_frame_pointer(code))
		row->regs[UNWIND_RBP] = (struct place){ .kind = PLACE_SAME };
}

/*
 * Where there is no CFI, the frame pointer.  Go's CFI is for the innermost frame,
 * whose frame pointer may not be set yet: callers have theirs, and only that leads
 * from the stack of a system call, of the collector or of C back to the goroutine's.
 */
static struct rule compile(struct rules *rules, const struct query *query)
{
	bool is_go = cfi_is_go(cfi_of(rules, query->mapping->module));
	struct rule rule = { .kind = is_go ? RULE_GO : RULE_NO_CFI };
	struct row row = { 0 };
	int r = rules_row(rules, query->sample->space, query->mapping, query->address, &row);

	if (r && r != -ENOENT)
		return (struct rule){ .kind = RULE_BAD };
	if (!r && !row.is_go)
		return rule_of_row(rules, &row);
	if (!rule_of_code(rules, query, !r, &rule) && !r && query->is_exact) {
		mend_frame_pointer(query, &row);
		return rule_of_row(rules, &row);
	}
	row_release(&row);
	return rule;
}

static struct rule rule_in_module(struct rules *rules, const struct query *query)
{
	struct module *module = query->mapping->module;
	const struct space *space = query->sample->space;
	struct rule_entry entry = { .scope = module->index };
	const struct rule_entry *known;

	module_open(module, (pid_t)space->pid, query->mapping->start, query->mapping->end);
	entry.address = query->address - mapping_bias(query->mapping);
	known = rule_cache_find(&rules->by_module, entry.scope, entry.address);
	if (known) {
		rules->stats->n_module_hits++;
		return known->rule;
	}
	entry.rule = compile(rules, query);
	rule_cache_put(&rules->by_module, &entry);
	return entry.rule;
}

/* Code that a JIT wrote has no CFI, and may be other code the next time: nothing to keep. */
static bool is_jit(const struct query *query)
{
	return query->mapping->module->kind == MODULE_JIT;
}

const struct rule_entry *rules_find_cold(struct rules *rules, const struct unwind_sample *sample,
					 uint64_t address, bool is_exact)
{
	const struct space *space = sample->space;
	struct query query = {
		.sample = sample,
		.mapping = space_find(space, address),
		.address = address,
		.is_exact = is_exact,
	};
	struct rule_entry *entry = &rules->found;

	if (!query.mapping || !address)
		return NULL;
	*entry = (struct rule_entry){
		.address = address,
		.scope = space->generation,
		.mapping = (uint32_t)(query.mapping - space->mappings.items),
	};
	if (!is_jit(&query))
		entry->rule = rule_in_module(rules, &query);
	else if (is_exact)
		rule_of_code(rules, &query, false, &entry->rule);
	if (!is_jit(&query) || !is_exact)
		rule_cache_put(&rules->by_pc, entry);
	return entry;
}
