/* SPDX-License-Identifier: GPL-2.0-only */
/* The number by which perf knows a tracepoint, and where its fields stand in raw data. */
#ifndef RECORD_TRACEPOINT_H
#define RECORD_TRACEPOINT_H

#include <stdint.h>

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

#endif /* RECORD_TRACEPOINT_H */
