/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From sampled registers and stack bytes to the addresses on the stack.
 *
 * Call frame information is asked of libdw once a row, compiled to a rule of 8
 * bytes, and cached twice: by (module, address), which every process that maps
 * the file shares, and by exact PC stamped with the space's generation, which is
 * what a warm frame costs.  Rows that no rule can hold are evaluated by their
 * DWARF expressions.  Where no CFI covers an address the frame pointer is
 * followed, checked against mappings and stack.  unwinding.md tells the story.
 *
 * The unwinder reads no file but the modules' descriptors (for CFI), allocates
 * nothing on the warm path, and never reads outside the captured bytes except
 * through read_memory.
 */
#ifndef UNWIND_UNWIND_H
#define UNWIND_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proc/space.h"

#define UNWIND_MAX_FRAMES 2048

/* Registers in DWARF's order for x86-64.  REG_… is what <signal.h> calls them, in another order. */
enum unwind_reg {
	UNWIND_RAX,
	UNWIND_RDX,
	UNWIND_RCX,
	UNWIND_RBX,
	UNWIND_RSI,
	UNWIND_RDI,
	UNWIND_RBP,
	UNWIND_RSP,
	UNWIND_R8,
	UNWIND_R9,
	UNWIND_R10,
	UNWIND_R11,
	UNWIND_R12,
	UNWIND_R13,
	UNWIND_R14,
	UNWIND_R15,
	UNWIND_RIP,
	UNWIND_N_REGS
};

enum unwind_stop {                    /* why a stack ends where it does */
		   UNWIND_DONE,       /* at its outermost frame: CFI says so, or the caller is 0 */
		   UNWIND_NO_MAPPING, /* a PC outside all executable mappings */
		   UNWIND_NO_INFO,    /* no CFI, and no believable frame pointer */
		   UNWIND_STACK_END,  /* the captured bytes end, and read_memory had no more */
		   UNWIND_BAD_RULE,   /* CFI that cannot be evaluated, or the CFA does not grow */
		   UNWIND_TOO_DEEP,   /* more than UNWIND_MAX_FRAMES */
		   UNWIND_N_STOPS
};

struct unwind_frame {
	uint64_t address;              /* to look up: for a caller, inside its call */
	const struct mapping *mapping; /* NULL where none holds it */
};

enum unwind_callers {
	UNWIND_CALLERS_UNKNOWN,
	UNWIND_CALLERS_OLD,   /* if the stack cannot be followed, it ends there as if known */
	UNWIND_CALLERS_KNOWN, /* the stack ends there */
};

struct unwind_sample {
	uint64_t regs[UNWIND_N_REGS];
	const void *stack; /* bytes that begin at regs[UNWIND_RSP] */
	size_t stack_size;
	struct space *space;

	/*
	 * Where the kernel followed frame pointers when it took the sample: the PC, then
	 * return addresses.  They lead on where Go code has changed to a stack of which
	 * nothing was captured.  May be none.
	 */
	const uint64_t *chain;
	size_t n_chain;

	/*
	 * Read @size bytes at @address of the process as it is now, or return false.
	 * NULL: not possible.  What it gives is believed only if the word at the
	 * seam is the same as the captured one.
	 */
	bool (*read_memory)(void *arg, uint64_t address, void *data, size_t size);

	/*
	 * The signals that the thread blocks now, signal n at bit n - 1, or false.  NULL: not
	 * possible; then what a handler on a stack of its own interrupted is not walked.
	 */
	bool (*read_blocked)(void *arg, uint64_t *ret);

	/*
	 * Asked where the first near_size captured bytes do not reach on: whether the callers
	 * of the frame at @pc, with stack pointer @sp, are known.  NULL: they are not.
	 */
	enum unwind_callers (*knows_callers)(void *arg, uint64_t pc, uint64_t sp);
	size_t near_size;
	void *arg;
};

struct unwind_result {
	struct unwind_frame *frames; /* innermost first; borrowed until the next unwind */
	size_t n_frames;
	enum unwind_stop stop;
	const struct mapping *stopped_in; /* where, if in a mapping */
	size_t n_near;                    /* frames when knows_callers was asked; 0: it was not */
	bool is_joined;                   /* the stack ends with that frame, its callers known */
	bool wants_chain; /* Go code was met, whose stacks may lead to others, and no chain */
};

struct unwind_stats {
	uint64_t n_samples;
	uint64_t n_frames;
	uint64_t n_stops[UNWIND_N_STOPS];
	uint64_t n_pc_hits;     /* exact-PC cache */
	uint64_t n_module_hits; /* missed above, found by (module, address) */
	uint64_t n_compiled;    /* asked of libdw */
	uint64_t n_evaluated;   /* frames by DWARF expression */
	uint64_t n_frame_pointer;
	uint64_t n_full;      /* stacks begun again, to track every register */
	uint64_t n_completed; /* stacks finished through read_memory */
	uint64_t n_joined;    /* stacks whose outer frames were known */
};

struct unwinder;

struct unwinder *unwinder_new(void);
void unwinder_free(struct unwinder *unwinder);

/* Always gives at least the sampled PC. */
void unwinder_run(struct unwinder *unwinder, const struct unwind_sample *sample,
		  struct unwind_result *ret);

const struct unwind_stats *unwinder_stats(const struct unwinder *unwinder);

/* One line for people, such as "no unwind info". */
const char *unwind_stop_text(enum unwind_stop stop);

#endif /* UNWIND_UNWIND_H */
