/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What overlaps, put on lanes of which each holds one thing at a time.  Things come in
 * the order of their ends; what comes otherwise, or finds no lane, is cut.
 */
#ifndef ANALYSIS_LANES_H
#define ANALYSIS_LANES_H

#include <stdint.h>

#include "base/array.h"
#include "base/map.h"

struct lane_set {
	ARRAY(uint64_t) ends; /* of each lane: when its last thing ended */
};

struct lanes {            /* all-zero: none */
	struct map by_id; /* to the index + 1 */
	ARRAY(struct lane_set) sets;
};

/*
 * The lane, of at most @max of @id's, for what lasts from *@start_ns to @end_ns; *@start_ns
 * is moved to where the lane is free, which may be behind @end_ns: then it has no place.
 */
uint32_t lanes_take(struct lanes *lanes, uint64_t id, uint32_t max, uint64_t *start_ns,
		    uint64_t end_ns);
void lanes_release(struct lanes *lanes);

#endif /* ANALYSIS_LANES_H */
