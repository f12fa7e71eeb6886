/* SPDX-License-Identifier: GPL-2.0-only */
/* The number by which perf knows a tracepoint, and where its fields stand in raw data. */
#ifndef RECORD_TRACEPOINT_H
#define RECORD_TRACEPOINT_H

#include <stdint.h>

#include "record/perf_record.h"

struct tracepoint_field {
	uint32_t offset, size;
};

/*
 * Tracefs is read where it is mounted, else through a mount that only this process has
 * and that is nowhere in the file system.  @field: one of the tracepoint's fields.
 * -ENOENT: no such tracepoint or field; -EPERM, -EACCES: not allowed.
 */
int tracepoint_find(const char *system, const char *name, const char *field, uint32_t *ret_id,
		    struct tracepoint_field *ret_field);

/* A number that @sample of a tracepoint tells in @field; 0: it does not. */
uint64_t tracepoint_number(const struct perf_sample *sample, const struct tracepoint_field *field);

#endif /* RECORD_TRACEPOINT_H */
