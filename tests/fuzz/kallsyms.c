/* SPDX-License-Identifier: GPL-2.0-only */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proc/kallsyms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t bases[] = { 0, 0xffffffff81000000, 0xffffffffc0a00000 };
	uint64_t addresses[3 * 256];
	struct kallsyms_symbol symbol;
	struct kallsyms *k;

	for (uint64_t i = 0; i < 3 * 256; i++)
		addresses[i] = bases[i / 256] + i % 256 * 16;
	k = kallsyms_parse((const char *)data, size, addresses, 3 * 256);
	for (size_t i = 0; i < 3 * 256; i++) {
		if (!kallsyms_find(k, addresses[i], &symbol) &&
		    (!*symbol.name || strpbrk(symbol.name, " \t\n") || symbol.start > addresses[i]))
			__builtin_trap();
	}
	kallsyms_free(k);
	return 0;
}
