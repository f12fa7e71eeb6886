/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel_locks.h"

#define MAX_WAITS   65536u              /* at once; more are of samples that nothing came of */
#define STATIC_FROM 0xffffffff80000000u /* x86-64: the kernel and its modules lie above */
#define STILL_WAITS 1

void kernel_locks_init(struct kernel_locks *locks, struct event_sink *sink, struct stacks *stacks,
		       struct definer *definer, const struct life *life)
{
	*locks = (struct kernel_locks){
		.sink = sink,
		.stacks = stacks,
		.definer = definer,
		.life = life,
	};
}

/* An interrupt belongs to a CPU, and waits for one lock after the other, as a thread does. */
static uint64_t key_of(uint32_t tid, uint32_t cpu, uint64_t address)
{
	return hash_u64(address ^ hash_u64(tid ? tid : (uint64_t)1 << 32 | cpu));
}

static struct kernel_lock_wait *wait_of(struct kernel_locks *locks, uint64_t key)
{
	uint64_t *id;

	if (locks->waits.n >= MAX_WAITS)
		kernel_locks_gap(locks);
	id = map_insert(&locks->by_key, key);
	if (!*id) {
		array_add(&locks->waits)->key = key;
		*id = locks->waits.n;
	}
	return &locks->waits.items[*id - 1];
}

static void remove_wait(struct kernel_locks *locks, uint64_t key)
{
	const uint64_t *id = map_find(&locks->by_key, key);
	struct kernel_lock_wait *last = &locks->waits.items[locks->waits.n - 1];

	locks->waits.items[*id - 1] = *last;
	*map_insert(&locks->by_key, last->key) = *id;
	map_remove(&locks->by_key, key);
	locks->waits.n--;
}

/* Who spins for a mutex and then sleeps is told of twice: it is one wait. */
static void begin(struct kernel_locks *locks, const struct trace_record *record)
{
	struct kernel_lock_wait *wait =
		wait_of(locks, key_of(record->lock.tid, record->cpu, record->lock.address));

	if (!wait->start_ns)
		wait->start_ns = record->time_ns;
	wait->told.tid = record->lock.tid;
	wait->told.address = record->lock.address;
	wait->told.flags = record->lock.flags;
}

/* Static data, which may have a name. */
static uint32_t object_of(struct kernel_locks *locks, uint64_t address)
{
	char *text = xasprintf("[kernel]+0x%llx", (unsigned long long)address);
	uint32_t object = definer_string(locks->definer, text);

	free(text);
	if (!*map_insert(&locks->objects, object)) {
		*map_insert(&locks->objects, object) = 1;
		definer_place(locks->definer, object, stacks_kernel_data(locks->stacks, address));
	}
	return object;
}

static void put(struct kernel_locks *locks, const struct kernel_lock_wait *wait, uint32_t cpu,
		uint64_t time_ns, int64_t result)
{
	struct event event = {
		.kind = EVENT_KERNEL_LOCK,
		.time_ns = time_ns,
		.kernel_lock = wait->told,
	};

	event.kernel_lock.cpu = cpu;
	event.kernel_lock.duration_ns = time_ns - wait->start_ns;
	event.kernel_lock.result = (uint64_t)result;
	if (wait->told.address >= STATIC_FROM)
		event.kernel_lock.object = object_of(locks, wait->told.address);
	event_sink_put(locks->sink, &event);
}

static void end(struct kernel_locks *locks, const struct trace_record *record)
{
	uint64_t key = key_of(record->lock.tid, record->cpu, record->lock.address);
	const uint64_t *id = map_find(&locks->by_key, key);

	if (!id)
		return;
	if (locks->waits.items[*id - 1].start_ns)
		put(locks, &locks->waits.items[*id - 1], record->cpu, record->time_ns,
		    record->lock.result);
	remove_wait(locks, key);
}

/* What interrupts a target is none. */
void kernel_locks_take(struct kernel_locks *locks, const struct trace_record *record)
{
	if (!life_concerns(locks->life, record->lock.tid))
		return;
	if (record->kind == TRACE_LOCK_BEGIN)
		begin(locks, record);
	else
		end(locks, record);
}

void kernel_locks_sample(struct kernel_locks *locks, uint32_t tid, uint64_t address, uint32_t stack,
			 uint32_t period)
{
	struct kernel_lock_wait *wait = wait_of(locks, key_of(tid, 0, address));

	wait->told.stack = stack;
	wait->told.period = period;
}

void kernel_locks_gap(struct kernel_locks *locks)
{
	locks->waits.n = 0;
	map_clear(&locks->by_key);
}

void kernel_locks_finish(struct kernel_locks *locks, uint64_t end_ns)
{
	const struct kernel_lock_wait *wait;

	array_for_each(wait, &locks->waits) {
		if (wait->start_ns && wait->start_ns < end_ns)
			put(locks, wait, 0, end_ns, STILL_WAITS);
	}
	kernel_locks_gap(locks);
}

void kernel_locks_forget_ids(struct kernel_locks *locks)
{
	struct kernel_lock_wait *wait;

	map_clear(&locks->objects);
	array_for_each(wait, &locks->waits)
		wait->told.stack = wait->told.period = 0;
}

void kernel_locks_release(struct kernel_locks *locks)
{
	array_release(&locks->waits);
	map_release(&locks->by_key);
	map_release(&locks->objects);
}
