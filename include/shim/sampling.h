/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sampling by bytes: the gaps between samples are exponential with a mean of @rate bytes,
 * so that an allocation of s bytes is sampled with the probability p = 1 - exp(-s / rate),
 * whatever went before, and stands for s / p bytes.  A rate of 1 or 0 samples all.
 *
 * Without libm: this runs in other people's programs.
 */
#ifndef SHIM_SAMPLING_H
#define SHIM_SAMPLING_H

#include <stdint.h>

/* Evenly distributed, whatever the seed. */
static inline uint64_t sampling_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* -ln(x) of 0 < x <= 1, to some 1e-9: by the exponent, and a series for what is left. */
static inline double sampling_minus_log(double x)
{
	union {
		double value;
		uint64_t bits;
	} u = { x };
	int exponent = (int)(u.bits >> 52) - 1023;
	double t, t2;

	u.bits = (u.bits & ((1ull << 52) - 1)) | 1023ull << 52;
	if (u.value > 1.4142135623730951) {
		u.value /= 2;
		exponent++;
	}
	t = (u.value - 1) / (u.value + 1);
	t2 = t * t;
	return -0.6931471805599453 * exponent -
	       2 * t * (1 + t2 * (1. / 3 + t2 * (1. / 5 + t2 * (1. / 7 + t2 / 9))));
}

/* How many bytes to pass over until the next sample: it is due when they are below 0. */
static inline int64_t sampling_gap(uint64_t *state, uint64_t rate)
{
	double even = ((double)(sampling_random(state) >> 11) + 1) / (double)(1ull << 53);

	return rate <= 1 ? -1 : (int64_t)(sampling_minus_log(even) * (double)rate);
}

/* 1 - exp(-x): of a small part of x by a series, and then doubling that part. */
static inline double sampling_probability(uint64_t size, uint64_t rate)
{
	double x = (double)size / (double)rate, p;
	int n = 0;

	if (rate <= 1 || x > 40)
		return 1;
	for (; x > 1. / 16; n++)
		x /= 2;
	p = x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5))));
	while (n-- > 0)
		p *= 2 - p;
	return p;
}

/* The bytes that a sampled allocation of @size stands for. */
static inline uint64_t sampling_weight(uint64_t size, uint64_t rate)
{
	double p = sampling_probability(size, rate);

	return p > 0 ? (uint64_t)((double)size / p + 0.5) : 0;
}

#endif /* SHIM_SAMPLING_H */
