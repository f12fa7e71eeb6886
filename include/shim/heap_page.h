/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory that the recorder shares with the processes whose allocations it samples:
 * libsysprof-heap.so counts there, the recorder reads.  A page says what is wanted, and
 * each process takes pages of its own behind it, with a slot for every thread, so that
 * counting is a plain addition.
 *
 * The target can write whatever it likes here: the recorder believes no more than numbers.
 */
#ifndef SHIM_HEAP_PAGE_H
#define SHIM_HEAP_PAGE_H

#include <stdint.h>

#define HEAP_PAGE_BYTES  4096u
#define HEAP_MAX_BLOCKS  16384u
#define HEAP_MAGIC       0x70656873u
#define HEAP_SHIM        "libsysprof-heap.so"
#define HEAP_ENVIRONMENT "SYSPROF_HEAP" /* RATE:PATH of the shared memory */

/* Functions of the shim that do nothing: a probe on them sees what was sampled. */
#define HEAP_PROBE_ALLOC "sysprof_heap_alloc" /* (pointer, size, weight: what it stands for) */
#define HEAP_PROBE_FREE  "sysprof_heap_free"  /* (pointer) */

/*
 * Of a library that is loaded into a process that runs already: what the recorder writes into
 * the image of the file, where this symbol is, as there is no environment to say it in.
 */
#define HEAP_LATE        "sysprof_heap_late"
#define HEAP_LATE_PAGE   "sysprof-heap-page" /* the memory that it makes to share */
#define HEAP_LATE_BLOCKS 1024u
struct heap_late {
	uint64_t rate; /* 0: it was loaded at the start of the program */
	int64_t fd;    /* of the library itself, in the process: it closes that */
};

/*
 * And a function of it, to be called in the process: (rate), to stand before the allocator of
 * all modules that are loaded by now, sampling at that rate; 0: to stand aside.  Returns how many
 * slots it changed, and a negative number where the allocator was not found.
 */
#define HEAP_SWITCH "sysprof_heap_switch"

struct heap_slot { /* of a thread at a time; the counts are of all it ever had */
	uint64_t n_allocs;
	int64_t left;   /* bytes until the next sample; negative: it is due */
	uint64_t until; /* alloc_bytes when left is 0 */
	uint64_t random;
	uint32_t is_taken;
	uint32_t unused[7];
};

/* What was asked for: counted down only, so that a call of malloc() has an addition less. */
static inline uint64_t heap_slot_bytes(const struct heap_slot *slot)
{
	return slot->until - (uint64_t)slot->left;
}

#define HEAP_SLOTS (HEAP_PAGE_BYTES / sizeof(struct heap_slot) - 1)

struct heap_block {           /* of a process, which may have several */
	uint32_t pid;         /* as the process calls itself */
	uint32_t is_bypassed; /* the program has an allocator of its own, which is not seen */
	uint64_t n_dropped;   /* samples that were not told of: the table was full */
	uint64_t n_uncounted; /* threads that found no slot */
	uint64_t unused[5];
	struct heap_slot slots[HEAP_SLOTS];
};

struct heap_header {
	uint32_t magic;
	uint32_t is_off;   /* the recorder has what it wanted */
	uint32_t n_blocks; /* taken, or tried to */
	uint32_t recorder; /* of a late one, the process that records; 0: none */
	int64_t n_slots;   /* of a late one, what HEAP_SWITCH returned at the load */
};

_Static_assert(sizeof(struct heap_slot) == 64, "a slot is a line of the cache");
_Static_assert(sizeof(struct heap_block) == HEAP_PAGE_BYTES, "a block is a page");

#endif /* SHIM_HEAP_PAGE_H */
