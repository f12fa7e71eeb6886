/* SPDX-License-Identifier: GPL-2.0-only */
/* Takes arbitrary bytes as a page of an ftrace buffer, and what it holds as events. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/trace_calls.h"
#include "record/trace_format.h"
#include "record/trace_page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As on x86-64, with the numbers that the seeds have. */
static const struct trace_formats formats = {
	.type = { 0, 2 },
	.flags = { 2, 1 },
	.tid = { 4, 4 },
	.of = {
		[TRACE_SWITCH] = { true,
				   372,
				   64,
				   { { 24, 4 },
				     { 32, 8 },
				     { 56, 4 },
				     { 8, 16 },
				     { 40, 16 },
				     { 28, 4 },
				     { 60, 4 } } },
		[TRACE_WAKING] = { true, 375, 28, { { 24, 4 } } },
		[TRACE_ENTER] = { true, 443, 64, { { 8, 8 }, { 16, 48 } } },
		[TRACE_EXIT] = { true, 442, 24, { { 8, 8 }, { 16, 8 } } },
		[TRACE_FAULT] = { true, 190, 32, { { 8, 8 }, { 16, 8 }, { 24, 8 } } },
		[TRACE_IRQ_ENTRY] = { true, 225, 16, { { 8, 4 }, { 12, 4 } } },
		[TRACE_DISK_DONE] = { true,
				      2107,
				      44,
				      { { 8, 4 }, { 16, 8 }, { 24, 4 }, { 34, 10 }, { 28, 4 } } },
	},
};

static void take(struct trace_calls *calls, const struct trace_record *record)
{
	struct trace_call call;
	uint32_t tid = record->call.tid;

	if (record->kind == TRACE_SWITCH &&
	    strnlen(record->switched.next_comm, TRACE_COMM_BYTES) > TRACE_COMM_BYTES)
		abort();
	if (record->kind == TRACE_IRQ_ENTRY &&
	    memchr(record->irq.name, '\0', record->irq.name_size))
		abort();
	if (record->kind == TRACE_ENTER)
		trace_calls_enter(calls, tid, tid / 2,
				  &(struct trace_call){ .nr = (uint32_t)record->call.nr,
							.start_ns = record->time_ns });
	if (record->kind == TRACE_EXIT)
		trace_calls_exit(calls, tid, record->call.nr, record->call.result, &call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace_calls calls = { 0 };
	struct trace_record record = { 0 };
	struct trace_entry entry;
	struct trace_page page;
	uint8_t *copy = malloc(size ? size : 1); /* exactly as large, so that overruns show */

	memcpy(copy, data, size);
	if (copy && !trace_page_open(&page, copy, size)) {
		while (trace_page_next(&page, &entry) > 0) {
			if (trace_decode(&formats, entry.data, entry.size, &record))
				take(&calls, &record);
		}
	}
	free(copy);
	trace_calls_release(&calls);
	return 0;
}
