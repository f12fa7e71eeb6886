/* SPDX-License-Identifier: GPL-2.0-only */
/* One line of /proc/PID/maps. */
#ifndef PROC_MAPS_H
#define PROC_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct maps_line {
	uint64_t start, end;
	uint64_t offset;
	uint64_t dev, inode;
	bool is_exec;
	bool is_shared; /* what is written there others see */
	bool is_deleted;
	const char *path; /* not terminated; points into the text; as in the file, "\012" and all */
	size_t path_size; /* without " (deleted)" */
};

/*
 * Parse the line at the head of @text, which ends at @end.  Returns where the next
 * line begins; NULL at the end of the text.  A line that makes no sense is passed over.
 */
const char *maps_next(const char *text, const char *end, struct maps_line *ret);

#endif /* PROC_MAPS_H */
