/* SPDX-License-Identifier: GPL-2.0-only */
#include "resident.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "resident_pages.h"
#include "tracepoint.h"

#define SECOND_NS   1000000000u
#define STACK_BYTES 8192u /* what is farther out is read from the process */
#define NO_STACK    8u    /* as little as can be asked for */
#define MAX_COST    50    /* between looks passes at least so many times what they took */
#define MAX_REPEATS 3     /* of a look while mremap() moved memory */
#define UNSEEN      "no page fault seen: populated, locked, collapsed or moved"
#define MAX_ERRNO   4095u

struct look {
	struct page_scan scan;
	struct page_sums sums;
	uint64_t start_ns, end_ns;
	bool is_pending; /* what happened until its end is yet to be told */
	bool is_void;    /* memory was moved meanwhile */
	uint32_t n_repeats;
};

struct row {
	struct event_resident now, told;
};

struct process {
	uint32_t pid;
	bool is_gone;
	bool is_new;   /* its first look is to tell what was there before */
	bool is_spent; /* gone, as it was at the look before */
	struct resident_pages pages;
	struct look look;
	ARRAY(struct row) rows;
	struct map row_of; /* stack, mapping and origin → index + 1 */
};

struct resident {
	struct resident_context context;
	uint32_t period;
	bool is_old; /* no PAGEMAP_SCAN */
	bool is_started, is_stopped;
	struct map by_pid; /* pid → struct process * */
	uint64_t next_ns;  /* when to look again */
};

/* Odd ones: where two places take turns, an even one would see but one of them. */
static uint32_t period_for(uint64_t rate)
{
	static const uint32_t primes[] = { 1021, 251, 61, 17, 5 };

	for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++) {
		if (rate >= primes[i] * PAGE_BYTES)
			return primes[i];
	}
	return 1;
}

struct resident *resident_new(const struct resident_context *context, uint64_t rate)
{
	struct resident *resident = xcalloc(1, sizeof(*resident));

	resident->context = *context;
	resident->period = period_for(rate);
	resident->is_old = !page_scan_is_new();
	return resident;
}

static void process_free(struct process *process)
{
	resident_pages_release(&process->pages);
	page_scan_release(&process->look.scan);
	array_release(&process->rows);
	map_release(&process->row_of);
	free(process);
}

void resident_free(struct resident *resident)
{
	struct map_slot *slot;

	if (!resident)
		return;
	map_for_each(slot, &resident->by_pid)
		process_free((struct process *)(uintptr_t)slot->value);
	map_release(&resident->by_pid);
	free(resident);
}

static struct process *process_of(struct resident *resident, uint32_t pid)
{
	uint64_t *value = map_insert(&resident->by_pid, pid);

	if (!*value) {
		struct process *process = xcalloc(1, sizeof(*process));

		process->pid = pid;
		process->is_new = true;
		*value = (uintptr_t)process;
	}
	return (struct process *)(uintptr_t)*value;
}

static void take_look(struct resident *resident, struct process *process)
{
	struct look *look = &process->look;
	int r;

	page_scan_release(&look->scan);
	look->start_ns = clock_ns(CLOCK_MONOTONIC);
	r = page_scan_take((pid_t)process->pid, resident->is_old, &look->scan);
	look->end_ns = clock_ns(CLOCK_MONOTONIC);
	if (!r)
		r = page_sums_read((pid_t)process->pid, &look->sums);
	if (r && r != -ESRCH && !process->is_gone)
		warn("cannot look at the memory of process %u: %s", process->pid, strerror(-r));
	process->is_gone |= r != 0;
	look->is_pending = !r;
	look->is_void = false;
}

/* The row of a process, for @stack; its figures of now. */
static struct event_resident *row_of(struct process *process, uint32_t stack,
				     enum mapping_kind mapping, enum resident_origin origin)
{
	uint64_t key = (uint64_t)stack << 32 | (uint32_t)mapping << 8 | (uint32_t)origin;
	uint64_t *index = map_insert(&process->row_of, key);

	if (!*index) {
		struct row *row = array_add(&process->rows);

		row->now = row->told = (struct event_resident){
			.pid = process->pid,
			.stack = stack,
			.mapping = mapping,
			.origin = origin,
		};
		*index = process->rows.n;
	}
	return &process->rows.items[*index - 1].now;
}

static uint32_t note_stack(struct resident *resident, const char *text)
{
	return definer_stack(resident->context.definer, 0,
			     definer_note(resident->context.definer, text));
}

static void fill_before(struct resident *resident, struct process *process)
{
	const struct resident_name *name;

	array_for_each(name, &process->pages.names) {
		char *text = xasprintf("there before: %s", *name->name ? name->name : "no name");
		uint32_t stack = note_stack(resident, text);

		row_of(process, stack, name->mapping, RESIDENT_BEFORE)->bytes += name->bytes;
		free(text);
	}
}

static void fill_rows(struct resident *resident, struct process *process)
{
	const struct resident_pages *pages = &process->pages;
	const struct resident_sum *sum;
	struct row *row;

	array_for_each(row, &process->rows)
		row->now.bytes = row->now.error = row->now.samples = 0;
	array_for_each(sum, &pages->sums) {
		struct event_resident *now =
			row_of(process, sum->stack, sum->mapping, RESIDENT_TOUCHED);

		now->bytes = (uint64_t)(sum->bytes + 0.5);
		now->error = (uint64_t)(sqrt(sum->variance) + 0.5);
		now->samples = sum->samples;
		now->faulted = (uint64_t)sum->faulted;
		now->faults = sum->faults;
	}
	fill_before(resident, process);
	for (unsigned int i = 0; i < MAPPING_N_KINDS; i++) {
		if (pages->unseen[i])
			row_of(process, note_stack(resident, UNSEEN), (enum mapping_kind)i,
			       RESIDENT_UNSEEN)
				->bytes = pages->unseen[i];
	}
}

static void put_totals(struct resident *resident, const struct process *process, uint64_t time_ns)
{
	const uint64_t *present = process->pages.present;
	const struct page_sums *sums = &process->look.sums;
	struct event event = {
		.kind = EVENT_RESIDENT_TOTALS,
		.time_ns = time_ns,
		.resident_totals = {
			.pid = process->pid,
			.anonymous = present[MAPPING_ANONYMOUS] + present[MAPPING_HEAP] +
				     present[MAPPING_STACK],
			.file = present[MAPPING_FILE],
			.shared = present[MAPPING_SHARED],
			.smaps_rss = sums->rss,
			.smaps_anonymous = sums->anonymous,
			.lazy_free = sums->lazy_free,
			.swap = sums->swap,
		},
	};

	event_sink_put(resident->context.sink, &event);
}

static void put_rows(struct resident *resident, struct process *process, uint64_t time_ns)
{
	struct event event = { .kind = EVENT_RESIDENT, .time_ns = time_ns };
	struct row *row;

	life_meet(resident->context.life, process->pid, process->pid, time_ns);
	array_for_each(row, &process->rows) {
		if (!memcmp(&row->now, &row->told, sizeof(row->now)))
			continue;
		event.resident = row->told = row->now;
		event_sink_put(resident->context.sink, &event);
	}
	put_totals(resident, process, time_ns);
}

/* All that happened until the end of the process's look has been told. */
static void settle(struct resident *resident, struct process *process)
{
	struct look *look = &process->look;

	look->is_pending = false;
	if (look->is_void && look->n_repeats < MAX_REPEATS && !resident->is_stopped) {
		look->n_repeats++;
		take_look(resident, process);
		return;
	}
	look->n_repeats = 0;
	if (process->is_new)
		resident_pages_begin(&process->pages, &look->scan);
	process->is_new = false;
	resident_pages_settle(&process->pages, &look->scan, look->start_ns);
	fill_rows(resident, process);
	put_rows(resident, process, look->end_ns);
}

/* Something is about to be told that happened at @time_ns. */
static void settle_until(struct resident *resident, struct process *process, uint64_t time_ns)
{
	if (process->look.is_pending && process->look.end_ns < time_ns)
		settle(resident, process);
}

static void take_fault(struct resident *resident, struct process *process,
		       const struct perf_record *record)
{
	life_meet(resident->context.life, record->pid, record->tid, record->time_ns);
	resident_pages_fault(&process->pages,
			     &(struct resident_fault){
				     .page = record->sample.address / PAGE_BYTES,
				     .time_ns = record->time_ns,
				     .stack = stacks_intern(resident->context.stacks, record),
				     .period = record->period,
			     });
}

/* mremap() is over; its arguments are where it got them, and what it returns in AX. */
static void take_move(struct process *process, const struct perf_record *record)
{
	const uint64_t *regs = record->sample.regs;
	uint64_t from = regs[PERF_REG_DI] / PAGE_BYTES, to = regs[PERF_REG_AX] / PAGE_BYTES;
	uint64_t old = regs[PERF_REG_SI], new = regs[PERF_REG_DX];
	uint64_t n = ((old < new ? old : new) + PAGE_BYTES - 1) / PAGE_BYTES;

	if (regs[PERF_REG_AX] >= 0 - (uint64_t)MAX_ERRNO || from == to || from + n < from ||
	    to + n < to)
		return;
	resident_pages_move(&process->pages, (struct page_range){ from, from + n }, to);
	process->look.is_void |= record->time_ns >= process->look.start_ns;
}

void resident_take(struct resident *resident, const struct perf_record *record)
{
	struct process *process;

	if (!resident || record->sample.abi == PERF_SAMPLE_REGS_ABI_NONE ||
	    !targets_has(resident->context.targets, record->pid))
		return;
	process = process_of(resident, record->pid);
	settle_until(resident, process, record->time_ns);
	if (process->is_new && !process->look.is_pending && !process->is_gone)
		take_look(resident, process);
	if (record->source == SAMPLER_PAGES)
		take_fault(resident, process, record);
	else
		take_move(process, record);
}

/* A new program begins with nothing. */
static void begin_anew(struct process *process)
{
	uint32_t pid = process->pid;

	resident_pages_release(&process->pages);
	page_scan_release(&process->look.scan);
	array_release(&process->rows);
	map_release(&process->row_of);
	*process = (struct process){ .pid = pid };
}

void resident_take_other(struct resident *resident, const struct perf_record *record)
{
	bool is_exec = record->type == PERF_RECORD_COMM && record->comm.is_exec;
	bool is_exit = record->type == PERF_RECORD_EXIT && record->pid == record->tid;

	if (!resident || !(is_exec || is_exit))
		return;
	if (is_exec) {
		begin_anew(process_of(resident, record->pid));
	} else if (map_find(&resident->by_pid, record->pid)) {
		struct process *process = process_of(resident, record->pid);

		settle_until(resident, process, record->time_ns);
		begin_anew(process);
		process->is_gone = true;
	}
}

static void look_at(void *arg, pid_t pid)
{
	struct resident *resident = arg;
	struct process *process = process_of(resident, (uint32_t)pid);

	if ((!process->look.is_pending || resident->is_stopped) && !process->is_gone)
		take_look(resident, process);
}

/* Of everybody there are ever new ones.  Records of who ended may be behind. */
static void forget_gone(struct resident *resident)
{
	ARRAY(struct process *) spent = { 0 };
	struct map_slot *slot;

	map_for_each(slot, &resident->by_pid) {
		struct process *process = (struct process *)(uintptr_t)slot->value;

		if (process->is_spent)
			*array_add(&spent) = process;
		process->is_spent = process->is_gone;
	}
	for (size_t i = 0; i < spent.n; i++) {
		map_remove(&resident->by_pid, spent.items[i]->pid);
		process_free(spent.items[i]);
	}
	array_release(&spent);
}

static void look_at_all(struct resident *resident)
{
	uint64_t begun_ns = clock_ns(CLOCK_MONOTONIC), cost_ns;
	struct map_slot *slot;

	if (resident->context.targets->is_all) {
		forget_gone(resident);
		processes_now(look_at, resident);
	}
	map_for_each(slot, &resident->context.targets->pids) {
		if (slot->value)
			look_at(resident, (pid_t)slot->key);
	}
	cost_ns = MAX_COST * (clock_ns(CLOCK_MONOTONIC) - begun_ns);
	resident->next_ns = begun_ns + (cost_ns > SECOND_NS ? cost_ns : SECOND_NS);
}

static int trace_moves(struct resident *resident)
{
	struct tracepoint_field unused;
	uint32_t id;
	int r = tracepoint_find("syscalls", "sys_exit_mremap", "ret", &id, &unused);

	return r ? r :
		   sampler_trace(resident->context.sampler, SAMPLER_MOVES,
				 &(struct sampler_tracepoint){
					 .type = PERF_TYPE_TRACEPOINT,
					 .id = id,
					 .period = 1,
					 .stack_bytes = NO_STACK,
				 });
}

int resident_start(struct resident *resident)
{
	char rate[24];
	int r;

	if (!resident)
		return 0;
	r = trace_moves(resident);
	if (r)
		note("memory that mremap() moves is told as unseen: no tracepoint of it: %s",
		     strerror(-r));
	r = sampler_trace(resident->context.sampler, SAMPLER_PAGES,
			  &(struct sampler_tracepoint){
				  .type = PERF_TYPE_SOFTWARE,
				  .id = PERF_COUNT_SW_PAGE_FAULTS,
				  .period = resident->period,
				  .stack_bytes = STACK_BYTES,
			  });
	if (r)
		return err(r, "cannot record resident memory: no samples of page faults: %s",
			   strerror(-r));
	resident->is_started = true;
	snprintf(rate, sizeof(rate), "%" PRIu64, resident->period * PAGE_BYTES);
	definer_meta(resident->context.definer, "heap_rate", rate);
	definer_meta(resident->context.definer, "heap_source", "resident");
	look_at_all(resident);
	return 0;
}

void resident_step(struct resident *resident, uint64_t now_ns, uint64_t told_ns)
{
	struct map_slot *slot;

	if (!resident || !resident->is_started)
		return;
	map_for_each(slot, &resident->by_pid)
		settle_until(resident, (struct process *)(uintptr_t)slot->value, told_ns);
	if (now_ns >= resident->next_ns && !resident->is_stopped)
		look_at_all(resident);
}

void resident_stop(struct resident *resident)
{
	if (!resident || !resident->is_started)
		return;
	resident->is_stopped = true;
	look_at_all(resident);
}
