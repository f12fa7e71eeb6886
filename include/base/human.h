/* SPDX-License-Identifier: GPL-2.0-only */
/* Durations, sizes and counts as people write and read them. */
#ifndef BASE_HUMAN_H
#define BASE_HUMAN_H

#include <stddef.h>
#include <stdint.h>

/* "10", "1.5s", "200ms", "50us", "7ns", "2m", "1h"; a bare number is seconds.  0 or -EINVAL. */
int human_parse_duration(const char *text, uint64_t *ret_ns);

/* "4096", "64k", "10M", "2G" (powers of 1024; a trailing B or iB is fine).  0 or -EINVAL. */
int human_parse_size(const char *text, uint64_t *ret_bytes);

/* A whole decimal number in @min … @max and nothing else.  0 or -EINVAL. */
int human_parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret);

#define HUMAN_SIZE 32 /* room for what follows; each returns @out */

const char *human_duration(char out[HUMAN_SIZE], uint64_t ns); /* "1.53s", "20ms" */
const char *human_bytes(char out[HUMAN_SIZE], uint64_t bytes); /* "212 KiB" */
const char *human_count(char out[HUMAN_SIZE], uint64_t n);     /* "1,234,567" */

/* 100 * part / whole; 0 of an empty whole. */
static inline double human_percent(int64_t part, int64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

#endif /* BASE_HUMAN_H */
