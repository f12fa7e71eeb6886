/* SPDX-License-Identifier: GPL-2.0-only */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proc/kallsyms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t bases[] = { 0, 0xffffffff81000000, 0xffffffffc0a00000 };
	struct kallsyms *k = kallsyms_parse((const char *)data, size);
	struct kallsyms_symbol symbol;

	for (uint64_t i = 0; i < 3 * 256; i++) {
		uint64_t address = bases[i % 3] + i / 3 * 16;

		if (!kallsyms_find(k, address, &symbol) &&
		    (!*symbol.name || strpbrk(symbol.name, " \t\n") || symbol.start > address))
			__builtin_trap();
	}
	kallsyms_free(k);
	return 0;
}
