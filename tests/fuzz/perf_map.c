/* SPDX-License-Identifier: GPL-2.0-only */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "symbol/jit_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jit_map *map = jit_map_parse((const char *)data, size);

	for (uint64_t address = 0; address < 0x10000; address += 0x123) {
		const char *name = jit_map_find(map, address);

		if (name && (!*name || strchr(name, '\n')))
			__builtin_trap();
	}
	jit_map_free(map);
	return 0;
}
