/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads arbitrary text as a trigger's condition. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "record/trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trigger_condition condition;
	struct buf message = { 0 };
	char *text = xmalloc(size + 1); /* so that a byte read too far is seen */

	memcpy(text, data, size);
	text[size] = '\0';
	if (trigger_parse(text, &condition, &message) ? !message.size : message.size)
		abort();
	buf_release(&message);
	free(text);
	return 0;
}
