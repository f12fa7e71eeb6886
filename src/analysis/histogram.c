/* SPDX-License-Identifier: GPL-2.0-only */
#include "histogram.h"

#define N_BUCKETS 1024u /* more than there are */

static unsigned int bucket_of(uint64_t ns)
{
	unsigned int log2 = ns < 16 ? 3 : 63 - (unsigned int)__builtin_clzll(ns);

	return ns < 16 ? (unsigned int)ns : (log2 - 3) * 16 + (unsigned int)(ns >> (log2 - 4) & 15);
}

/* The largest duration that @bucket holds. */
static uint64_t last_of(unsigned int bucket)
{
	unsigned int log2 = bucket / 16 + 3;

	if (bucket < 16)
		return bucket;
	return ((uint64_t)16 + bucket % 16) * ((uint64_t)1 << (log2 - 4)) +
	       (((uint64_t)1 << (log2 - 4)) - 1);
}

void histogram_add(struct histogram *histogram, uint32_t owner, uint64_t ns)
{
	++*map_insert(&histogram->counts, (uint64_t)owner * N_BUCKETS + bucket_of(ns));
}

uint64_t histogram_quantile(const struct histogram *histogram, uint32_t owner, uint64_t n,
			    double share)
{
	uint64_t rank = (uint64_t)(share * (double)n), seen = 0;
	unsigned int last = bucket_of(UINT64_MAX);

	if ((double)rank < share * (double)n)
		rank++;
	for (unsigned int bucket = 0; bucket <= last; bucket++) {
		const uint64_t *count =
			map_find(&histogram->counts, (uint64_t)owner * N_BUCKETS + bucket);

		seen += count ? *count : 0;
		if (seen >= rank && seen > 0)
			return last_of(bucket);
	}
	return 0;
}

void histogram_release(struct histogram *histogram)
{
	map_release(&histogram->counts);
}
