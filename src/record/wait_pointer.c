/* SPDX-License-Identifier: GPL-2.0-only */
#include "wait_pointer.h"

#define MAX_OBJECTS  4096u      /* that are looked for in all */
#define MAX_STACKS   4u         /* of one object */
#define MAX_FRAMES   16u        /* of one stack, the innermost */
#define MAX_POINTERS 12u        /* of one frame */
#define MAX_DISTANCE (1u << 20) /* from where an object begins to a lock in it */
#define MAX_FRAME    4096u      /* bytes of a frame that are looked at, next to its callees */
#define MAX_FP       65536u     /* so far from the CFA a frame pointer can be */
#define MAX_KEPT     4096u      /* frames of all threads */

struct look {
	struct wait_pointers *pointers;
	const struct perf_record *record;
	uint32_t object;
	uint64_t address;
	unsigned int n_frames;
	unsigned int n; /* of this frame */
	const struct unwind_visit *visit;
	struct event_pointer like; /* what all of this frame have in common */
};

void wait_pointers_init(struct wait_pointers *pointers, struct stacks *stacks,
			struct definer *definer)
{
	*pointers = (struct wait_pointers){ .stacks = stacks, .definer = definer };
}

void wait_pointers_release(struct wait_pointers *pointers)
{
	map_release(&pointers->n_by_object);
	map_release(&pointers->seen);
	array_release(&pointers->frames);
}

void wait_pointers_forget_ids(struct wait_pointers *pointers)
{
	map_clear(&pointers->n_by_object);
	map_clear(&pointers->seen);
	pointers->frames.n = 0;
}

static bool may_hold(const struct look *look, uint64_t value)
{
	return value <= look->address && look->address - value < MAX_DISTANCE;
}

/* What all pointers in @frame have in common. */
static struct event_pointer pointer_of(const struct wait_frame *frame, uint32_t object)
{
	return (struct event_pointer){
		.pid = frame->pid,
		.tid = frame->tid,
		.object = object,
		.frame = frame->frame,
		.sp = frame->cfa - frame->sp,
		.fp = frame->fp,
	};
}

static void put(struct look *look, enum pointer_where where, uint32_t reg, uint64_t below,
		uint64_t distance)
{
	struct event_pointer pointer = look->like;

	if (look->n++ >= MAX_POINTERS)
		return;
	pointer.where = where;
	pointer.reg = reg;
	pointer.below = below;
	pointer.distance = distance;
	definer_pointer(look->pointers->definer, &pointer);
}

/* Those that a function has to leave as they were: of others nobody knows. */
static void look_at_registers(struct look *look)
{
	static const uint8_t kept[] = { UNWIND_RBX, UNWIND_RBP, UNWIND_R12,
					UNWIND_R13, UNWIND_R14, UNWIND_R15 };
	const struct unwind_visit *visit = look->visit;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		uint64_t value = visit->regs[kept[i]];

		if (visit->known & 1u << kept[i] && may_hold(look, value))
			put(look, POINTER_REGISTER, kept[i], 0, look->address - value);
	}
}

static void look_at_stack(struct look *look)
{
	const struct perf_sample *sample = &look->record->sample;
	const unsigned char *bytes = sample->stack;
	uint64_t start = sample->regs[PERF_REG_SP], end = start + sample->stack_size;
	uint64_t at = look->visit->regs[UNWIND_RSP], cfa = look->visit->cfa;

	if (at < start || at % 8)
		return;
	if (cfa - at > MAX_FRAME)
		cfa = at + MAX_FRAME;
	for (; at + 8 <= cfa && at + 8 <= end; at += 8) {
		uint64_t value;

		memcpy(&value, bytes + (at - start), sizeof(value));
		if (may_hold(look, value))
			put(look, POINTER_MEMORY, 0, look->visit->cfa - at, look->address - value);
	}
}

static bool is_worth_it(const struct unwind_frame *frame)
{
	return frame->mapping && frame->mapping->module->kind == MODULE_ELF &&
	       !strstr(frame->mapping->module->path, "/libc.so") &&
	       !strstr(frame->mapping->module->path, "/libpthread.so");
}

static bool look_at_frame(void *arg, const struct unwind_visit *visit)
{
	struct look *look = arg;
	struct wait_pointers *pointers = look->pointers;
	uint64_t fp = visit->known & 1u << UNWIND_RBP ? visit->cfa - visit->regs[UNWIND_RBP] : 0;
	struct wait_frame frame = {
		.pid = look->record->pid,
		.tid = look->record->tid,
		.sp = visit->regs[UNWIND_RSP],
		.cfa = visit->cfa,
		.fp = fp < MAX_FP ? fp : 0,
	};

	if (is_worth_it(&visit->frame)) {
		frame.frame = stacks_frame(pointers->stacks, &visit->frame);
		look->visit = visit;
		look->n = 0;
		look->like = pointer_of(&frame, look->object);
		look_at_registers(look);
		look_at_stack(look);
		if (pointers->frames.n < MAX_KEPT)
			*array_add(&pointers->frames) = frame;
	}
	return ++look->n_frames < MAX_FRAMES;
}

static void forget_frames(struct wait_pointers *pointers, uint32_t tid)
{
	size_t kept = 0;

	for (size_t i = 0; i < pointers->frames.n; i++) {
		if (pointers->frames.items[i].tid != tid)
			pointers->frames.items[kept++] = pointers->frames.items[i];
	}
	pointers->frames.n = kept;
}

/* The frame in which the lock itself lies. */
static void look_for_frame(const struct look *look)
{
	const struct wait_frame *frame;

	array_for_each(frame, &look->pointers->frames) {
		struct event_pointer pointer;

		if (frame->pid != look->record->pid || look->address < frame->sp ||
		    look->address >= frame->cfa)
			continue;
		pointer = pointer_of(frame, look->object);
		pointer.where = POINTER_HERE;
		pointer.below = frame->cfa - look->address;
		definer_pointer(look->pointers->definer, &pointer);
	}
}

/* Whether this stack of @object is one to look at; it then counts as looked at. */
static bool is_wanted(struct wait_pointers *pointers, const struct event_wait_stack *wait)
{
	uint64_t object = (uint64_t)wait->pid << 32 | wait->object;
	uint64_t key = hash_u64(object ^ hash_u64(wait->stack));
	uint64_t *n;

	if (map_find(&pointers->seen, key) || definer_has_place(pointers->definer, wait->object))
		return false;
	n = map_find(&pointers->n_by_object, object);
	if (!n && pointers->n_by_object.n >= MAX_OBJECTS)
		return false;
	if (!n)
		n = map_insert(&pointers->n_by_object, object);
	if (*n >= MAX_STACKS)
		return false;
	++*n;
	*map_insert(&pointers->seen, key) = 1;
	return true;
}

void wait_pointers_take(struct wait_pointers *pointers, const struct perf_record *record,
			const struct event_wait_stack *wait)
{
	struct look look = {
		.pointers = pointers,
		.record = record,
		.object = wait->object,
		.address = wait->address,
	};

	if (!wait->object || !wait->address || !is_wanted(pointers, wait))
		return;
	forget_frames(pointers, record->tid);
	stacks_walk(pointers->stacks, record, look_at_frame, &look);
	look_for_frame(&look);
}
