/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests to block devices, put together from three events of the kernel: a request is
 * made, its device gets it, the device is done with it.
 *
 * The kernel may merge requests in between, and hand them to the device from another
 * thread: one is known by its device, operation and first sector only.  What was made and
 * is not handed over under these is told as asked for by who handed it over.
 */
#ifndef RECORD_TRACE_DISK_H
#define RECORD_TRACE_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/map.h"
#include "trace_format.h"

struct trace_request {
	uint64_t key;
	uint32_t tid;       /* who asked for it, or handed it over */
	uint64_t made_ns;   /* 0: not seen */
	uint64_t issued_ns; /* 0: not yet */
	uint64_t sector, n_sectors;
	uint64_t n_left; /* sectors that the device has yet to do */
};

struct trace_disk { /* all-zero is a valid empty one */
	struct map by_key;
	ARRAY(struct trace_request) requests;
	ARRAY(uint32_t) unused; /* places in requests */
};

void trace_disk_start(struct trace_disk *disk, const struct trace_disk_io *io, uint64_t time_ns);
void trace_disk_issue(struct trace_disk *disk, const struct trace_disk_io *io, uint64_t time_ns);

/* true: all of a request that was seen to be issued is done, and @ret is it. */
bool trace_disk_done(struct trace_disk *disk, const struct trace_disk_io *io,
		     struct trace_request *ret);

/* Events were lost: what is on may not be what comes back. */
void trace_disk_gap(struct trace_disk *disk);
void trace_disk_release(struct trace_disk *disk);

#endif /* RECORD_TRACE_DISK_H */
