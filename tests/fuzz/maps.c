/* SPDX-License-Identifier: GPL-2.0-only */
/* Parses arbitrary text as /proc/PID/maps. */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "proc/maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct maps_line line;

	while ((at = maps_next(at, end, &line)) != NULL) {
		if (line.end <= line.start || at > end)
			abort();
		free(xstrndup(line.path, line.path_size));
	}
	return 0;
}
