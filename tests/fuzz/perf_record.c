/* SPDX-License-Identifier: GPL-2.0-only */
/* Decodes arbitrary bytes as one perf record, and touches all that it points to. */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "record/perf_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t touch(const void *data, size_t size)
{
	const unsigned char *at = data;
	uint64_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += at[i];
	return sum;
}

static uint64_t touch_record(const struct perf_record *r)
{
	if (r->type == PERF_RECORD_SAMPLE)
		return touch(r->sample.chain, 8 * r->sample.n_chain) +
		       touch(r->sample.raw, r->sample.raw_size) +
		       touch(r->sample.regs, r->sample.regs ? 8 * PERF_N_REGS : 0) +
		       touch(r->sample.stack, r->sample.stack_size);
	if (r->type == PERF_RECORD_MMAP2)
		return touch(r->mmap.path, strlen(r->mmap.path));
	return r->type == PERF_RECORD_COMM ? touch(r->comm.name, strlen(r->comm.name)) : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	volatile uint64_t sum = 0;
	struct perf_record record;
	uint64_t *copy;

	size &= ~(size_t)7; /* the kernel writes whole words */
	if (size < sizeof(struct perf_event_header) || size > 65528)
		return 0;
	copy = xmalloc(size);
	memcpy(copy, data, size);
	((struct perf_event_header *)copy)->size = (uint16_t)size;
	if (!perf_record_decode(copy, size, &record))
		sum += touch_record(&record);
	free(copy);
	return 0;
}
