/* SPDX-License-Identifier: GPL-2.0-only */
#include "streams.h"

#include <sys/param.h>

#include "base/clock.h"

#define WRITING_NS 500000u /* no record is written for longer, while its CPU is not taken away */

void streams_add(struct streams *streams, const struct stream_ops *ops, void *source, uint32_t i)
{
	*array_add(&streams->list) = (struct stream){ .ops = ops, .source = source, .i = i };
}

static void look(struct streams *streams, uint32_t n)
{
	const struct stream *stream = &streams->list.items[n];
	uint64_t time_ns;

	stream->ops->look(stream->source, stream->i);
	if (stream->ops->peek(stream->source, stream->i, &time_ns))
		merge_push(&streams->merge, time_ns, n);
}

static int pass(struct streams *streams, uint32_t n)
{
	const struct stream stream = streams->list.items[n];
	uint64_t time_ns;
	int r = stream.ops->pass(stream.source, stream.i);

	if (stream.ops->peek(stream.source, stream.i, &time_ns))
		merge_replace_first(&streams->merge, time_ns);
	else
		merge_drop_first(&streams->merge);
	return r;
}

/*
 * A record may be passed once no stream can bring an earlier one.  The kernel takes a
 * record's time before it shows the record, and is not preempted in between, so what
 * carries a time before the last look at the streams was visible when all of them were
 * looked at now, unless that was so short a time ago that a record was being written
 * all the while: 64 KiB of stack take tens of microseconds.  Later records stay for the
 * next round.
 */
int streams_drain(struct streams *streams, bool all)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	uint64_t horizon_ns = MIN(streams->round_ns, now_ns - WRITING_NS);
	int r = 0;

	if (all)
		horizon_ns = UINT64_MAX;
	streams->round_ns = now_ns;
	streams->merge.heap.n = 0;
	for (uint32_t n = 0; n < streams->list.n; n++)
		look(streams, n);
	while (!r && !merge_is_empty(&streams->merge)) {
		struct merge_item first = merge_first(&streams->merge);

		if (first.time_ns >= horizon_ns)
			break;
		r = pass(streams, first.stream);
	}
	streams->told_ns = all ? streams->round_ns : horizon_ns;
	return r;
}

void streams_release(struct streams *streams)
{
	array_release(&streams->list);
	merge_release(&streams->merge);
}
