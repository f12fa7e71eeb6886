/* SPDX-License-Identifier: GPL-2.0-only */
#include "record/perf_record.h"

#include <errno.h>
#include <string.h>

/* Behind every record but a sample: TID, TIME, CPU, IDENTIFIER. */
struct sample_id {
	uint32_t pid, tid;
	uint64_t time_ns;
	uint32_t cpu, reserved;
	uint64_t id;
};

/* At the head of a sample: IDENTIFIER, TID, TIME, ADDR, CPU. */
struct sample_head {
	struct perf_event_header header;
	uint64_t id;
	uint32_t pid, tid;
	uint64_t time_ns;
	uint64_t address;
	uint32_t cpu, reserved;
};

struct mmap2_body {
	uint32_t pid, tid;
	uint64_t start, size, offset;
	uint32_t major, minor; /* also where `misc` claims a build-id: none was asked for */
	uint64_t inode, generation;
	uint32_t prot, flags;
	char path[];
};

struct comm_body {
	uint32_t pid, tid;
	char name[];
};

struct task_body {
	uint32_t pid, parent_pid, tid, parent_tid;
	uint64_t time_ns;
};

struct lost_body {
	uint64_t id, lost;
};

struct cursor {
	const unsigned char *at, *end;
	bool failed;
};

/* The next @n words, or NULL once the record is too short for them. */
static const uint64_t *words(struct cursor *c, uint64_t n)
{
	const void *at = c->at;

	if (c->failed || n > (uint64_t)(c->end - c->at) / sizeof(uint64_t)) {
		c->failed = true;
		return NULL;
	}
	c->at += n * sizeof(uint64_t);
	return at;
}

static uint64_t word(struct cursor *c)
{
	const uint64_t *p = words(c, 1);

	return p ? *p : 0;
}

/* A size of 32 bits and so many bytes, filled up to whole words. */
static void decode_raw(struct cursor *c, struct perf_sample *ret)
{
	const unsigned char *at = c->at;
	uint32_t size = (uint32_t)word(c);

	if (c->failed)
		return;
	ret->raw = at + sizeof(size);
	ret->raw_size = size;
	words(c, ((uint64_t)size + sizeof(size) + 7) / 8 - 1);
}

static void decode_stack(struct cursor *c, struct perf_sample *ret)
{
	uint64_t reserved = word(c);

	if (c->failed || !reserved)
		return;
	ret->stack = words(c, reserved / sizeof(uint64_t));
	ret->stack_size = word(c);
	if (ret->stack_size > reserved)
		c->failed = true;
}

static int decode_sample(const void *data, size_t size, struct perf_record *ret)
{
	const struct sample_head *head = data;
	struct cursor c = { (const unsigned char *)data + sizeof(*head),
			    (const unsigned char *)data + size, false };
	struct perf_sample *sample = &ret->sample;

	if (size < sizeof(*head))
		return -EBADMSG;
	ret->id = head->id;
	ret->pid = head->pid;
	ret->tid = head->tid;
	ret->time_ns = head->time_ns;
	ret->cpu = head->cpu;
	sample->address = head->address;
	sample->n_chain = word(&c);
	sample->chain = words(&c, sample->n_chain);
	decode_raw(&c, sample);
	sample->abi = word(&c);
	if (sample->abi != PERF_SAMPLE_REGS_ABI_NONE)
		sample->regs = words(&c, PERF_N_REGS);
	decode_stack(&c, sample);
	return c.failed ? -EBADMSG : 0;
}

/* True if the @max bytes at @s hold the end of a string. */
static bool is_string(const char *s, size_t max)
{
	return memchr(s, '\0', max) != NULL;
}

static int decode_mmap2(const struct mmap2_body *body, size_t size, struct perf_record *ret)
{
	if (size <= sizeof(*body) || !is_string(body->path, size - sizeof(*body)))
		return -EBADMSG;
	ret->pid = body->pid;
	ret->tid = body->tid;
	ret->mmap = (struct perf_mmap){
		.start = body->start,
		.size = body->size,
		.offset = body->offset,
		.dev = (uint64_t)body->major << 32 | body->minor,
		.inode = body->inode,
		.path = body->path,
		.is_exec = !(ret->misc & PERF_RECORD_MISC_MMAP_DATA),
	};
	if (body->start + body->size < body->start)
		return -EBADMSG;
	return 0;
}

static int decode_comm(const struct comm_body *body, size_t size, struct perf_record *ret)
{
	if (size <= sizeof(*body) || !is_string(body->name, size - sizeof(*body)))
		return -EBADMSG;
	ret->pid = body->pid;
	ret->tid = body->tid;
	ret->comm.name = body->name;
	ret->comm.is_exec = ret->misc & PERF_RECORD_MISC_COMM_EXEC;
	return 0;
}

static int decode_task(const struct task_body *body, size_t size, struct perf_record *ret)
{
	if (size < sizeof(*body))
		return -EBADMSG;
	ret->pid = body->pid;
	ret->tid = body->tid;
	ret->task.parent_pid = body->parent_pid;
	ret->task.parent_tid = body->parent_tid;
	return 0;
}

static int decode_lost(const struct lost_body *body, size_t size, struct perf_record *ret)
{
	if (size < sizeof(*body))
		return -EBADMSG;
	ret->lost = body->lost;
	return 0;
}

int perf_record_decode(const void *data, size_t size, struct perf_record *ret)
{
	const struct perf_event_header *header = data;
	const void *body = header + 1;
	const struct sample_id *id;

	if (size < sizeof(*header) || header->size != size || size % 8)
		return -EBADMSG;
	*ret = (struct perf_record){ .type = header->type, .misc = header->misc };
	if (header->type == PERF_RECORD_SAMPLE)
		return decode_sample(data, size, ret);
	if (size < sizeof(*header) + sizeof(*id))
		return -EBADMSG;
	size -= sizeof(*header) + sizeof(*id);
	id = (const void *)((const char *)body + size);
	ret->id = id->id;
	ret->pid = id->pid;
	ret->tid = id->tid;
	ret->time_ns = id->time_ns;
	ret->cpu = id->cpu;
	switch (header->type) {
	case PERF_RECORD_MMAP2:
		return decode_mmap2(body, size, ret);
	case PERF_RECORD_COMM:
		return decode_comm(body, size, ret);
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		return decode_task(body, size, ret);
	case PERF_RECORD_LOST:
		return decode_lost(body, size, ret);
	case PERF_RECORD_THROTTLE:
	case PERF_RECORD_UNTHROTTLE:
	case PERF_RECORD_SWITCH: /* misc says which way */
		return 0;
	default:
		return -ENOTSUP;
	}
}

size_t perf_record_time_offset(const struct perf_event_header *header)
{
	if (header->type == PERF_RECORD_SAMPLE)
		return header->size < sizeof(struct sample_head) ?
			       0 :
			       offsetof(struct sample_head, time_ns);
	if (header->size < sizeof(*header) + sizeof(struct sample_id))
		return 0;
	return header->size - sizeof(struct sample_id) + offsetof(struct sample_id, time_ns);
}
