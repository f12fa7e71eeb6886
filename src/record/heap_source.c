/* SPDX-License-Identifier: GPL-2.0-only */
#include "heap_source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "heap_command.h"
#include "heap_guest.h"
#include "shim/heap_page.h"

#define SHARED_BYTES ((size_t)HEAP_PAGE_BYTES * (1 + HEAP_MAX_BLOCKS))
#define STACK_BYTES  8192u /* what is farther out is read from the process */
#define NO_STACK     8u    /* as little as can be asked for */
#define SETTLE_MS    10000 /* until the probes are there, at most */

enum { ENV_PRELOAD, ENV_SHARED, ENV_ASAN, ENV_END, N_ENV };

struct totals { /* of a process */
	struct event_heap_totals now, told;
	struct event_heap_totals before; /* counted before the window */
};

struct heap_source {
	struct heap_context context;
	uint64_t rate;
	struct buf shim; /* its path */
	char *environment[N_ENV];
	int fd;                          /* of what is shared with a command */
	ARRAY(struct heap_area) areas;   /* with it, or one for each process; then blocks */
	ARRAY(struct heap_guest) guests; /* processes that the library was brought into */
	struct map index_of;             /* pid → index of its totals + 1 */
	ARRAY(struct totals) totals;
	bool is_over;                    /* what is counted from here on is not sampled */
	unsigned int n_wanted, n_probes; /* of these, in place */
	int error;                       /* of those that are not */
};

/* @name with @value before what it is now. */
static char *extended(const char *name, const char *value)
{
	const char *old = getenv(name);

	return old && *old ? xasprintf("%s=%s:%s", name, value, old) :
			     xasprintf("%s=%s", name, value);
}

static int share(struct heap_source *source)
{
	void *at;

	source->fd = memfd_create("sysprof-heap", MFD_CLOEXEC);
	if (source->fd < 0 || ftruncate(source->fd, (off_t)SHARED_BYTES))
		return -errno;
	at = mmap(NULL, SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, source->fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	*array_add(&source->areas) = (struct heap_area){ .page = at,
							 .bytes = SHARED_BYTES,
							 .max_blocks = HEAP_MAX_BLOCKS };
	source->areas.items[0].page->magic = HEAP_MAGIC;
	return 0;
}

/* An ASan that is a library wants to be the first; that it is the second does no harm. */
static void set_environment(struct heap_source *source)
{
	source->environment[ENV_PRELOAD] = extended("LD_PRELOAD", buf_str(&source->shim));
	source->environment[ENV_SHARED] = xasprintf(HEAP_ENVIRONMENT "=%" PRIu64 ":/proc/%d/fd/%d",
						    source->rate, getpid(), source->fd);
	source->environment[ENV_ASAN] = extended("ASAN_OPTIONS", "verify_asan_link_order=0");
}

int heap_source_new(const char *command, uint64_t rate, struct heap_source **ret)
{
	struct heap_source *source = xcalloc(1, sizeof(*source));
	const char *lack = heap_command_lack(command);
	int r;

	source->rate = rate;
	source->fd = -1;
	if (lack)
		r = err(-ENOEXEC, "cannot record allocations: '%s' %s", command, lack);
	else if (heap_command_find_shim(&source->shim))
		r = err(-ENOENT, "cannot record allocations: " HEAP_SHIM
				 " is neither beside sysprof nor in ../lib/sysprof; run `make`");
	else if ((r = share(source)) != 0)
		err(r, "cannot share memory with the command: %s", strerror(-r));
	if (r) {
		heap_source_free(source);
		return r;
	}
	set_environment(source);
	*ret = source;
	return 0;
}

static bool is_guest(const struct heap_source *source, pid_t pid)
{
	const struct heap_guest *guest;

	array_for_each(guest, &source->guests) {
		if (guest->pid == pid)
			return true;
	}
	return false;
}

int heap_source_inject(const pid_t *pids, size_t n, uint64_t rate, struct heap_source **ret)
{
	struct heap_source *source = xcalloc(1, sizeof(*source));
	int r = 0;

	source->rate = rate;
	source->fd = -1;
	if (heap_command_find_shim(&source->shim))
		r = err(-ENOENT, "cannot record allocations: " HEAP_SHIM
				 " is neither beside sysprof nor in ../lib/sysprof; run `make`");
	for (size_t i = 0; !r && i < n; i++) {
		struct heap_guest guest;
		struct heap_area area;

		if (is_guest(source, pids[i]))
			continue;
		r = heap_guest_enter(pids[i], buf_str(&source->shim), rate, &guest, &area);
		if (r)
			break;
		*array_add(&source->guests) = guest;
		*array_add(&source->areas) = area;
	}
	if (r) {
		heap_source_free(source);
		return r;
	}
	*ret = source;
	return 0;
}

/* Once: those of whom recording has not begun, too. */
static void leave_guests(struct heap_source *source)
{
	struct heap_guest *guest;

	array_for_each(guest, &source->guests)
		heap_guest_leave(guest, buf_str(&source->shim));
	array_release(&source->guests);
}

void heap_source_free(struct heap_source *source)
{
	struct heap_area *area;

	if (!source)
		return;
	leave_guests(source);
	for (size_t i = 0; i < N_ENV; i++)
		free(source->environment[i]);
	array_for_each(area, &source->areas)
		munmap(area->page, area->bytes);
	array_release(&source->areas);
	if (source->fd >= 0)
		close(source->fd);
	buf_release(&source->shim);
	map_release(&source->index_of);
	array_release(&source->totals);
	free(source);
}

char **heap_source_environment(const struct heap_source *source)
{
	return source ? (char **)source->environment : NULL;
}

static void on_ready(void *arg, const struct points *points, int error)
{
	struct heap_source *source = arg;

	if (error || !points->n)
		source->error = error ? error : -ENOENT;
	else
		source->n_probes++;
}

static int open_probe(struct heap_source *source, int fd, enum sampler_source from,
		      const char *symbol, uint32_t stack_bytes)
{
	return uprobes_ask(
		source->context.uprobes,
		&(struct uprobe_request){
			.query = { .fd = fd, .path = buf_str(&source->shim), .function = symbol },
			.source = from,
			.stack_bytes = stack_bytes,
			.ready = on_ready,
			.arg = source,
		});
}

/* In the library's file; each process that it was brought into has one of its own. */
static int open_probes(struct heap_source *source, int fd)
{
	int r = fd < 0 ? fd : open_probe(source, fd, SAMPLER_FREES, HEAP_PROBE_FREE, NO_STACK);

	if (!r)
		r = open_probe(source, fd, SAMPLER_ALLOCS, HEAP_PROBE_ALLOC, STACK_BYTES);
	source->n_wanted += 2;
	return r;
}

static int open_all_probes(struct heap_source *source)
{
	const struct heap_guest *guest;
	int r = 0, fd;

	array_for_each(guest, &source->guests) {
		if (!r)
			r = open_probes(source, guest->shim_fd);
	}
	if (source->guests.n)
		return r;
	fd = open(buf_str(&source->shim), O_RDONLY | O_CLOEXEC);
	r = open_probes(source, fd < 0 ? -errno : fd);
	if (fd >= 0)
		close(fd);
	return r;
}

int heap_source_open(struct heap_source *source, const struct heap_context *context)
{
	char rate[24];
	int r;

	if (!source)
		return 0;
	source->context = *context;
	r = open_all_probes(source);
	if (!r)
		uprobes_settle(context->uprobes, SETTLE_MS);
	if (!r && source->n_probes < source->n_wanted)
		r = source->error ? source->error : -ETIMEDOUT;
	if (r)
		return err(r, "cannot record allocations: no probes in %s: %s",
			   buf_str(&source->shim), strerror(-r));
	snprintf(rate, sizeof(rate), "%" PRIu64, source->rate);
	definer_meta(context->definer, "heap_rate", rate);
	if (source->guests.n)
		definer_meta(context->definer, "heap_injected", "1");
	return 0;
}

static struct event alloc_event(struct heap_source *source, const struct perf_record *record)
{
	const uint64_t *regs = record->sample.regs;

	return (struct event){
		.kind = EVENT_ALLOC,
		.time_ns = record->time_ns,
		.alloc = {
			.pid = record->pid,
			.tid = record->tid,
			.cpu = record->cpu,
			.stack = stacks_intern(source->context.stacks, record),
			.address = regs[PERF_REG_DI],
			.size = regs[PERF_REG_SI],
			.weight = regs[PERF_REG_DX],
		},
	};
}

static struct event free_event(const struct perf_record *record)
{
	return (struct event){
		.kind = EVENT_FREE,
		.time_ns = record->time_ns,
		.free = {
			.pid = record->pid,
			.tid = record->tid,
			.cpu = record->cpu,
			.address = record->sample.regs[PERF_REG_DI],
		},
	};
}

/* Others may have the library loaded, too: another recorder's targets. */
void heap_source_take(struct heap_source *source, const struct perf_record *record)
{
	struct event event;

	if (!source || record->sample.abi != PERF_SAMPLE_REGS_ABI_64 ||
	    !targets_has(source->context.targets, record->pid))
		return;
	life_meet(source->context.life, record->pid, record->pid, record->time_ns);
	life_meet(source->context.life, record->pid, record->tid, record->time_ns);
	event = record->source == SAMPLER_ALLOCS ? alloc_event(source, record) : free_event(record);
	event_sink_put(source->context.sink, &event);
}

static struct event_heap_totals *totals_of(struct heap_source *source, uint32_t pid)
{
	uint64_t *index = map_insert(&source->index_of, pid);

	if (!*index) {
		struct totals *totals = array_add(&source->totals);

		totals->now.pid = totals->told.pid = pid;
		*index = source->totals.n;
	}
	return &source->totals.items[*index - 1].now;
}

static const struct heap_block *block_at(const struct heap_area *area, uint32_t i)
{
	return (const struct heap_block *)area->page + 1 + i;
}

/* A process that ran several programs one after the other has blocks of each. */
static void add_block(struct heap_source *source, const struct heap_area *area,
		      const struct heap_block *block)
{
	struct event_heap_totals *totals;

	if (!block->pid)
		return;
	totals = totals_of(source, block->pid == area->inner_pid ? area->pid : block->pid);
	totals->dropped += block->n_dropped + block->n_uncounted;
	totals->bypassed |= !!block->is_bypassed;
	for (size_t i = 0; i < HEAP_SLOTS; i++) {
		totals->allocs += block->slots[i].n_allocs;
		totals->bytes += heap_slot_bytes(&block->slots[i]);
	}
}

static uint32_t n_blocks(const struct heap_area *area)
{
	uint32_t n = __atomic_load_n(&area->page->n_blocks, __ATOMIC_RELAXED);

	return n < area->max_blocks ? n : area->max_blocks;
}

static void count(struct heap_source *source)
{
	const struct heap_area *area;
	struct totals *totals;

	array_for_each(totals, &source->totals)
		totals->now = (struct event_heap_totals){ .pid = totals->now.pid };
	array_for_each(area, &source->areas) {
		for (uint32_t i = 0; i < n_blocks(area); i++)
			add_block(source, area, block_at(area, i));
	}
	array_for_each(totals, &source->totals) {
		totals->now.allocs -= totals->before.allocs;
		totals->now.bytes -= totals->before.bytes;
		totals->now.dropped -= totals->before.dropped;
	}
}

void heap_source_start(struct heap_source *source)
{
	struct heap_area *area;
	struct totals *totals;

	if (!source || !source->guests.n)
		return;
	count(source);
	array_for_each(totals, &source->totals) {
		totals->before = totals->now;
		totals->now = totals->told = (struct event_heap_totals){ .pid = totals->now.pid };
	}
	array_for_each(area, &source->areas)
		__atomic_store_n(&area->page->is_off, 0, __ATOMIC_RELAXED);
}

void heap_source_put_totals(struct heap_source *source, uint64_t time_ns)
{
	struct event event = { .kind = EVENT_HEAP_TOTALS, .time_ns = time_ns };
	struct totals *totals;

	if (!source)
		return;
	if (!source->is_over)
		count(source);
	array_for_each(totals, &source->totals) {
		if (!memcmp(&totals->now, &totals->told, sizeof(totals->now)))
			continue;
		event.heap_totals = totals->told = totals->now;
		event_sink_put(source->context.sink, &event);
	}
}

void heap_source_stop(struct heap_source *source)
{
	const struct heap_area *area;
	uint32_t n = 0;

	if (!source)
		return;
	array_for_each(area, &source->areas) {
		__atomic_store_n(&area->page->is_off, 1, __ATOMIC_RELAXED);
		n += n_blocks(area);
		if (n_blocks(area) == area->max_blocks)
			warn("more than %u processes allocated: of some, allocations are not "
			     "counted",
			     area->max_blocks);
	}
	count(source);
	source->is_over = true;
	if (!n && !source->guests.n)
		warn("nothing that was started loaded " HEAP_SHIM
		     ": no allocations were seen (programs that are linked statically, and Go's, "
		     "have allocators that no library can stand before: of them, record "
		     "--heap -p PID tells what is resident)");
	leave_guests(source);
}
