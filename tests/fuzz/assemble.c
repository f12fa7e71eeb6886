/* SPDX-License-Identifier: GPL-2.0-only */
/* Any text of events; what is printed of it must assemble to the same text again. */
#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"
#include "event/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is printed for @text, or NULL where it is refused; freed by the caller. */
static char *printed(const char *text)
{
	struct buf message = { 0 };
	struct event_printer *printer;
	size_t size;
	char *out;
	FILE *file = open_memstream(&out, &size);
	int r;

	printer = event_printer_new(file);
	r = event_assemble(text, event_printer_sink(printer), &message);
	event_printer_free(printer);
	fclose(file);
	buf_release(&message);
	if (!r)
		return out;
	free(out);
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size), *once = printed(text);

	if (once) {
		char *twice = printed(once);

		if (!twice || strcmp(once, twice) != 0)
			__builtin_trap();
		free(twice);
	}
	free(once);
	free(text);
	return 0;
}
