/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several streams of records, each in the order of its own time (the rings of perf,
 * the buffers of tracefs, one for each CPU), handed over as one in the order of time.
 */
#ifndef RECORD_STREAMS_H
#define RECORD_STREAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "event/merge.h"

/* How a source's stream number @i is read. */
struct stream_ops {
	void (*look)(void *source, uint32_t i); /* see what the kernel has written by now */

	/* The time of the first record that is left; false: none is. */
	bool (*peek)(void *source, uint32_t i, uint64_t *ret_time_ns);

	/* Hand that record to whoever wants it, and consume it.  Not 0: end the round. */
	int (*pass)(void *source, uint32_t i);
};

struct stream {
	const struct stream_ops *ops; /* borrowed */
	void *source;                 /* borrowed */
	uint32_t i;
};

struct streams { /* all-zero is valid: none */
	ARRAY(struct stream) list;
	struct merge merge;
	uint64_t round_ns; /* when the streams were last looked at */
	uint64_t told_ns;  /* every record of before has been passed */
};

void streams_add(struct streams *streams, const struct stream_ops *ops, void *source, uint32_t i);

/*
 * Pass every record that no earlier one can follow any more, in the order of time.
 * @all: pass what there is; for when the sources were stopped.  Ends after a bounded
 * time also where passing a record makes another one.  0, or what a pass returned.
 */
int streams_drain(struct streams *streams, bool all);

void streams_release(struct streams *streams);

#endif /* RECORD_STREAMS_H */
