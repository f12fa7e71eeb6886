/* SPDX-License-Identifier: GPL-2.0-only */
/* What --trace records beside system calls, added up: page faults, disk requests, interrupts. */
#ifndef ANALYSIS_DETAILS_H
#define ANALYSIS_DETAILS_H

#include "analysis/analysis.h"
#include "base/buf.h"
#include "model/names.h"

struct details;

struct details *details_begin(const struct analysis_input *input);

/* Everything has passed: add a sheet for each of them that was recorded to @ret. */
void details_sheets(struct details *details, struct sheets *ret);

/*
 * "requests to vda: read 1,200 of 4 KiB, 4.2ms each (p99 20ms), 480 KiB/s": the two kinds of
 * requests that took longest; nothing where none was recorded.
 */
void details_tell_disks(struct details *details, struct names *names, int64_t passed_ns,
			struct buf *out);

/*
 * "interrupts took 12.3% of a CPU, the most NET_RX with 8.1%"; nothing where that is less than
 * @percent.
 */
void details_tell_interrupts(struct details *details, struct names *names, double percent,
			     int64_t passed_ns, struct buf *out);

void details_free(struct details *details);

#endif /* ANALYSIS_DETAILS_H */
