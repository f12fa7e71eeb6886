/* SPDX-License-Identifier: GPL-2.0-only */
#include "account.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"
#include "shim/sampling.h"

#define MAX_OWN_BLOCKS 256 /* 16,000 threads at a time */
#define NEVER          (INT64_MAX / 2)
#define IDLE_RATE      4096 /* at least so many bytes between looks whether there is a recorder */

static struct heap_slot nobody = { .left = INT64_MIN / 2 };
__thread struct heap_slot *account_self = &nobody;

/* Of threads that are not to be sampled: there is nobody to tell, or no slot is left. */
static struct heap_slot spare = { .left = NEVER };
static __thread bool is_busy;
static struct heap_block *blocks[MAX_OWN_BLOCKS];
static uint32_t n_blocks;
static struct heap_header *header; /* NULL: nothing is shared */
static pthread_key_t thread_end;
static bool has_key;
static char path[64]; /* of what is shared */
static uint64_t rate; /* 0: not known yet */
static bool is_inert; /* nobody has asked for anything */
static bool is_late;  /* header is followed by the blocks: all is mapped */

/* mmap() and open() may be somebody else's, who allocates: so not by these names. */
static void *map_page(int fd, uint32_t page)
{
	long at = syscall(SYS_mmap, NULL, HEAP_PAGE_BYTES, PROT_READ | PROT_WRITE,
			  fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd,
			  (off_t)page * HEAP_PAGE_BYTES);

	return at == -1 ? NULL : (void *)at; // NOLINT
}

static int open_page(void)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What the recorder put into the environment; false: that is not there yet. */
static bool read_environment(void)
{
	const char *text = NULL;
	size_t n = 0;

	if (!environ)
		return false;
	for (char **e = environ; *e && !text; e++) {
		if (!strncmp(*e, HEAP_ENVIRONMENT "=", sizeof(HEAP_ENVIRONMENT)))
			text = *e + sizeof(HEAP_ENVIRONMENT);
	}
	if (!text || !is_digit(*text)) {
		is_inert = true;
		return true;
	}
	for (rate = 0; is_digit(*text); text++)
		rate = 10 * rate + (uint64_t)(*text - '0');
	rate = rate ? rate : 1;
	while (*text == ':' && n + 1 < sizeof(path) && text[n + 1]) {
		path[n] = text[n + 1];
		n++;
	}
	return true;
}

static void open_header(void)
{
	int fd = open_page();
	struct heap_header *page = fd < 0 ? NULL : map_page(fd, 0);

	if (page && page->magic == HEAP_MAGIC)
		header = page;
	if (fd >= 0)
		syscall(SYS_close, fd);
}

/* Shared, so that the recorder sees the counts; or else private, and only sampled. */
static struct heap_block *new_block(void)
{
	uint32_t page = HEAP_MAX_BLOCKS;
	struct heap_block *block = NULL;
	int fd = -1;

	if (header)
		page = __atomic_fetch_add(&header->n_blocks, 1, __ATOMIC_RELAXED);
	if (is_late && page < HEAP_LATE_BLOCKS)
		block = (struct heap_block *)header + 1 + page;
	else if (!is_late && page < HEAP_MAX_BLOCKS)
		fd = open_page();
	if (fd >= 0) {
		block = map_page(fd, page + 1);
		syscall(SYS_close, fd);
	}
	if (!block)
		block = map_page(-1, 0);
	if (block)
		block->pid = (uint32_t)syscall(SYS_getpid);
	return block;
}

static uint32_t n_own_blocks(void)
{
	uint32_t n = __atomic_load_n(&n_blocks, __ATOMIC_ACQUIRE);

	return n < MAX_OWN_BLOCKS ? n : MAX_OWN_BLOCKS;
}

static struct heap_slot *take_slot(struct heap_block *block)
{
	for (size_t i = 0; block && i < HEAP_SLOTS; i++) {
		uint32_t is_taken = 0;

		if (__atomic_compare_exchange_n(&block->slots[i].is_taken, &is_taken, 1, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return &block->slots[i];
	}
	return NULL;
}

static struct heap_slot *find_slot(void)
{
	struct heap_slot *slot = NULL;
	struct heap_block *block;
	uint32_t i, n = n_own_blocks();

	for (i = 0; !slot && i < n; i++)
		slot = take_slot(__atomic_load_n(&blocks[i], __ATOMIC_ACQUIRE));
	if (slot)
		return slot;
	i = __atomic_fetch_add(&n_blocks, 1, __ATOMIC_ACQ_REL);
	if (i < MAX_OWN_BLOCKS) {
		block = new_block();
		slot = take_slot(block);
		__atomic_store_n(&blocks[i], block, __ATOMIC_RELEASE);
	}
	if (!slot && blocks[0])
		__atomic_fetch_add(&blocks[0]->n_uncounted, 1, __ATOMIC_RELAXED);
	return slot;
}

/* The thread ends: another one may count here.  What is freed after this finds a slot again. */
static void leave(void *arg)
{
	struct heap_slot *slot = arg;

	account_self = &nobody;
	__atomic_store_n(&slot->is_taken, 0, __ATOMIC_RELEASE);
}

static uint64_t seed(const struct heap_slot *slot)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 32 ^
	       (uint64_t)syscall(SYS_gettid) << 40 ^ (uint64_t)(uintptr_t)slot << 16;
}

static void set_left(struct heap_slot *slot, int64_t left)
{
	slot->until += (uint64_t)left - (uint64_t)slot->left;
	slot->left = left;
}

/* Gives the thread a slot. */
static void join(void)
{
	int saved = errno;
	struct heap_slot *slot;

	if (account_self != &nobody || is_busy || (!rate && !read_environment()))
		return;
	is_busy = true;
	if (!is_inert && path[0] && !header)
		open_header();
	slot = is_inert ? &spare : find_slot();
	if (slot && slot != &spare) {
		slot->random = seed(slot);
		set_left(slot, sampling_gap(&slot->random, rate));
	}
	account_self = slot ? slot : &spare;
	if (slot && slot != &spare && has_key)
		pthread_setspecific(thread_end, slot);
	is_busy = false;
	errno = saved;
}

bool account_has_joined(void)
{
	return account_self != &nobody;
}

static void report(void *pointer, size_t size)
{
	if (table_add(pointer, size))
		probe_alloc(pointer, size, sampling_weight(size, rate));
	else if (blocks[0])
		__atomic_fetch_add(&blocks[0]->n_dropped, 1, __ATOMIC_RELAXED);
}

/* A recorder may come again: gaps have no memory, so that they are right for it as they are. */
static uint64_t idle_rate(void)
{
	return rate < IDLE_RATE ? IDLE_RATE : rate;
}

/* The first of a thread is counted to nobody until here. */
void account_sample(void *pointer, size_t size)
{
	struct heap_slot *slot;
	int saved = errno;

	if (is_busy)
		return;
	if (account_self == &nobody) {
		join();
		if (account_self == &nobody)
			return;
		account_self->n_allocs++;
		account_self->left -= (int64_t)size;
	}
	slot = account_self;
	if (slot->left >= 0)
		return;
	is_busy = true;
	if (header && __atomic_load_n(&header->is_off, __ATOMIC_RELAXED)) {
		set_left(slot, is_late ? sampling_gap(&slot->random, idle_rate()) : NEVER);
	} else {
		report(pointer, size);
		set_left(slot, sampling_gap(&slot->random, rate));
	}
	is_busy = false;
	errno = saved;
}

size_t account_untrack(const void *pointer)
{
	uint64_t size = 0;

	if (!table_remove(pointer, &size))
		return 0;
	probe_free(pointer);
	return size;
}

void account_retrack(void *pointer, size_t size)
{
	if (size)
		report(pointer, size);
}

void account_bypassed(void)
{
	if (blocks[0])
		blocks[0]->is_bypassed = 1;
}

void account_forked(void)
{
	for (uint32_t i = 0; i < MAX_OWN_BLOCKS && blocks[i]; i++) {
		if (!is_late)
			syscall(SYS_munmap, blocks[i], HEAP_PAGE_BYTES);
		blocks[i] = NULL;
	}
	n_blocks = 0;
	is_busy = false;
	account_self = &nobody;
}

void account_begin(void)
{
	has_key = !pthread_key_create(&thread_end, leave);
	pthread_atfork(NULL, NULL, account_forked);
	join();
	if (has_key && account_self != &nobody && account_self != &spare)
		pthread_setspecific(thread_end, account_self);
}

/* It cannot become smaller: who maps it, the recorder too, relies on that. */
static struct heap_header *make_pages(size_t size)
{
	int fd = (int)syscall(SYS_memfd_create, HEAP_LATE_PAGE, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	long at = -1;

	if (fd >= 0 && !syscall(SYS_ftruncate, fd, size) &&
	    !syscall(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_SHRINK))
		at = syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		syscall(SYS_close, fd);
	return at == -1 ? NULL : (struct heap_header *)at; // NOLINT
}

bool account_begin_late(uint64_t wanted_rate)
{
	header = make_pages(HEAP_PAGE_BYTES * (size_t)(1 + HEAP_LATE_BLOCKS));
	if (!header)
		return false;
	header->magic = HEAP_MAGIC;
	header->is_off = 1; /* until the recorder has begun */
	is_late = true;
	rate = wanted_rate;
	account_begin();
	return true;
}

void account_tell_slots(int64_t n_slots)
{
	if (header)
		header->n_slots = n_slots;
}

void account_resume(uint64_t wanted_rate)
{
	rate = wanted_rate;
}
