/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libsysprof-heap.so: stands before the allocator of a program that was started with it in
 * LD_PRELOAD, or that it was loaded into, passes every call on, and counts and samples what passes.
 *
 * Nothing here allocates, takes a lock or fails.  What the program gets is what it would
 * have got without us: foreign pointers and double frees go to the allocator as they come.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "account.h"
#include "slots.h"

#define EXPORT      __attribute__((visibility("default")))
#define EARLY_BYTES 16384 /* for what dlsym() allocates while it is asked for malloc() */

static void *first_malloc(size_t size);
static void first_free(void *pointer);

static struct {
	void *(*malloc)(size_t size);
	void *(*calloc)(size_t n, size_t size);
	void *(*realloc)(void *pointer, size_t size);
	void (*free)(void *pointer);
	void *(*memalign)(size_t alignment, size_t size);
	void *(*aligned_alloc)(size_t alignment, size_t size);
	int (*posix_memalign)(void **ret, size_t alignment, size_t size);
	void *(*valloc)(size_t size);
	void *(*pvalloc)(size_t size);
} next = { .malloc = first_malloc, .free = first_free };

static __thread bool is_resolving;
static char early[EARLY_BYTES] __attribute__((aligned(16)));
static size_t early_used;

static void *early_alloc(size_t size)
{
	size_t at = __atomic_fetch_add(&early_used, (size + 31) & ~(size_t)15, __ATOMIC_RELAXED);

	if (size > EARLY_BYTES || at + size + 16 > EARLY_BYTES) {
		errno = ENOMEM;
		return NULL;
	}
	memcpy(early + at, &size, sizeof(size));
	table_mark(early + at + 16); /* so that free() looks twice */
	return early + at + 16;
}

static bool is_early(const void *pointer)
{
	return (const char *)pointer >= early && (const char *)pointer < early + EARLY_BYTES;
}

static void find(void *to, const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	memcpy(to, &function, sizeof(function));
}

/* malloc() last: who finds it finds the others. */
static void resolve(void)
{
	void *function;

	is_resolving = true;
	find(&next.calloc, "calloc");
	find(&next.realloc, "realloc");
	find(&next.free, "free");
	find(&next.memalign, "memalign");
	find(&next.aligned_alloc, "aligned_alloc");
	find(&next.posix_memalign, "posix_memalign");
	find(&next.valloc, "valloc");
	find(&next.pvalloc, "pvalloc");
	find(&function, "malloc");
	__atomic_store_n((void **)&next.malloc, function, __ATOMIC_RELEASE);
	is_resolving = false;
}

/* Whether the allocator cannot be called: dlsym(), looking for it, needs memory itself. */
static inline bool is_too_early(void)
{
	if (!LIKELY_NOT(next.malloc == first_malloc))
		return false;
	if (!is_resolving)
		resolve();
	return next.malloc == first_malloc;
}

static void *first_malloc(size_t size)
{
	return is_too_early() ? early_alloc(size) : next.malloc(size);
}

static void first_free(void *pointer)
{
	if (pointer && !is_too_early())
		next.free(pointer);
}

static inline void *counted(size_t size)
{
	void *pointer = next.malloc(size);

	account_alloc(pointer, size);
	return pointer;
}

EXPORT void *malloc(size_t size)
{
	return counted(size);
}

EXPORT void *calloc(size_t n, size_t size)
{
	void *pointer;

	if (is_too_early())
		return early_alloc(n * size);
	pointer = next.calloc(n, size);
	account_alloc(pointer, n * size);
	return pointer;
}

static __attribute__((noinline)) void rare_free(void *pointer)
{
	if (is_early(pointer) || is_too_early())
		return;
	account_untrack(pointer);
	next.free(pointer);
}

EXPORT void free(void *pointer)
{
	if (LIKELY_NOT(table_may_have(pointer))) {
		rare_free(pointer);
		return;
	}
	next.free(pointer);
}

/* Told of before it happens: the address may be another's as soon as it has. */
static void *reallocate(void *pointer, size_t size)
{
	size_t sampled = table_may_have(pointer) ? account_untrack(pointer) : 0;
	void *moved = next.realloc(pointer, size);

	if (!moved && size) {
		account_retrack(pointer, sampled);
		return NULL;
	}
	if (size)
		account_alloc(moved, size);
	return moved;
}

EXPORT void *realloc(void *pointer, size_t size)
{
	size_t old;
	void *moved;

	if (!pointer)
		return counted(size);
	if (is_too_early() || is_early(pointer)) {
		moved = counted(size);
		memcpy(&old, (char *)pointer - 16, sizeof(old));
		if (moved)
			memcpy(moved, pointer, old < size ? old : size);
		return moved;
	}
	return reallocate(pointer, size);
}

EXPORT void *memalign(size_t alignment, size_t size)
{
	void *pointer = is_too_early() ? NULL : next.memalign(alignment, size);

	account_alloc(pointer, size);
	return pointer;
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
	void *pointer = is_too_early() ? NULL : next.aligned_alloc(alignment, size);

	account_alloc(pointer, size);
	return pointer;
}

EXPORT int posix_memalign(void **ret, size_t alignment, size_t size)
{
	int error = is_too_early() ? ENOMEM : next.posix_memalign(ret, alignment, size);

	if (!error)
		account_alloc(*ret, size);
	return error;
}

EXPORT void *valloc(size_t size)
{
	void *pointer = is_too_early() ? NULL : next.valloc(size);

	account_alloc(pointer, size);
	return pointer;
}

EXPORT void *pvalloc(size_t size)
{
	void *pointer = is_too_early() ? NULL : next.pvalloc(size);

	account_alloc(pointer, size);
	return pointer;
}

/*
 * A program that has a malloc() of its own calls that, not ours.  An address does not tell:
 * that of a function may be a stub in the program.  Whether a call is counted does.
 */
static void look_for_others(void)
{
	struct heap_slot before = *account_self;
	void *(*their_malloc)(size_t);
	void (*their_free)(void *);
	void *function = dlsym(RTLD_DEFAULT, "malloc"), *pointer;

	memcpy(&their_malloc, &function, sizeof(function));
	function = dlsym(RTLD_DEFAULT, "free");
	memcpy(&their_free, &function, sizeof(function));
	if (!their_malloc || !their_free || !account_has_joined())
		return;
	account_self->left = INT64_MAX / 2;
	pointer = their_malloc(1);
	if (account_self->n_allocs == before.n_allocs)
		account_bypassed();
	their_free(pointer);
	account_self->n_allocs = before.n_allocs;
	account_self->left = before.left;
}

/* What the recorder writes into the file, where the library is loaded late: so not in .bss. */
EXPORT __attribute__((section(".data"))) volatile struct heap_late
	late __asm__(HEAP_LATE) = { .rate = 0 };

/* The names above are, in a library that was loaded late, those of the allocator. */
#define OURS(name)                         \
	extern __typeof__(name) our_##name \
		__attribute__((alias(#name), copy(name), visibility("hidden")))
OURS(malloc);
OURS(calloc);
OURS(realloc);
OURS(free);
OURS(memalign);
OURS(aligned_alloc);
OURS(posix_memalign);
OURS(valloc);
OURS(pvalloc);

#define HOOK(name)                                             \
	{                                                      \
#name, (void **)&next.name, (void *)our_##name \
	}
static const struct slots_hook hooks[] = {
	HOOK(malloc),        HOOK(free),           HOOK(calloc), HOOK(realloc), HOOK(memalign),
	HOOK(aligned_alloc), HOOK(posix_memalign), HOOK(valloc), HOOK(pvalloc),
};
#define N_HOOKS (sizeof(hooks) / sizeof(hooks[0]))

/* Only with the lock of the dynamic linker: no module comes or goes, none is half relocated. */
static int64_t stand_before(bool is_on)
{
	if (next.malloc == first_malloc && !slots_find(hooks, N_HOOKS))
		return -1;
	return slots_swap(hooks, N_HOOKS, is_on);
}

static volatile bool is_wanted; /* volatile: it is not seen that dlsym() calls what changes them */
static volatile int64_t n_swapped;

static void nothing(void)
{
}

static void (*swap_locked(void))(void)
{
	n_swapped = stand_before(is_wanted);
	return nothing;
}

/* dlsym() calls what finds such a function, and holds the lock while it does. */
EXPORT void swap_slots(void) __asm__("sysprof_heap_swap") __attribute__((ifunc("swap_locked")));

EXPORT int64_t switch_to(uint64_t rate) __asm__(HEAP_SWITCH);
int64_t switch_to(uint64_t rate)
{
	struct link_map *self;
	Dl_info info;

	if (!late.rate || !dladdr1((void *)our_malloc, &info, (void **)&self, RTLD_DL_LINKMAP))
		return -1;
	if (rate)
		account_resume(rate);
	is_wanted = rate != 0;
	n_swapped = -1;
	dlsym(self, "sysprof_heap_swap");
	account_tell_slots(n_swapped);
	return n_swapped;
}

/* Constructors run with the lock, too. */
static void begin_late(void)
{
	if (account_begin_late(late.rate))
		account_tell_slots(stand_before(true));
	syscall(SYS_close, late.fd);
}

static __attribute__((constructor)) void begin(void)
{
	if (late.rate) {
		begin_late();
		return;
	}
	account_begin();
	look_for_others();
}
