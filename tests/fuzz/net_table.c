/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads arbitrary text as each of the tables of sockets. */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "record/net_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xmalloc(size + !size); /* so that a byte read too far is seen */
	struct buf name = { 0 };
	uint64_t inode;

	memcpy(text, data, size);
	for (int i = 0; i < NET_N_FAMILIES; i++) {
		const char *at = text, *end = text + size;

		while ((at = net_line_next((enum net_family)i, at, end, &inode, &name)))
			;
	}
	buf_release(&name);
	free(text);
	return 0;
}
