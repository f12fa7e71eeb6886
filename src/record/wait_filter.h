/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The filters in the kernel that choose whose waits and wake-ups are sampled.
 *
 * A filter names the threads known now by ranges of their ids, a few only, so that it
 * stays cheap and fits into a page however many there are, and everyone born after it
 * was made: newborn threads of the targets are not missed.  It thus passes some
 * strangers; the recorder drops those.
 */
#ifndef RECORD_WAIT_FILTER_H
#define RECORD_WAIT_FILTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define WAIT_FILTER_RANGES   16
#define WAIT_FILTER_NEWBORNS 32768 /* so many ids after the last one are passed */

/*
 * Append "(FIELD==7||FIELD>=9&&FIELD<=12||FIELD>LAST&&FIELD<=LAST+32768)" for the @n ids
 * in @tids, which get sorted.  @last: an id after which all are younger than what is
 * known of; 0: not known, newborns are not passed.
 */
void wait_filter_add_tids(struct buf *out, const char *field, uint32_t *tids, size_t n,
			  uint32_t last);

/*
 * The last id given out, as far as a filter may go by it: at the last look and the one before.
 * Older threads of the targets are known by then, whatever is still in the rings.
 */
struct wait_newborns {
	uint64_t looked_ns;
	uint32_t last_ids[2];
};

void wait_newborns_look(struct wait_newborns *newborns, uint64_t now_ns);

#endif /* RECORD_WAIT_FILTER_H */
