/* SPDX-License-Identifier: GPL-2.0-only */
/* The bytes of an ELF file, and addresses all over its sections. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbol/symbolizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* An absolute path of nothing: no other file is looked at. */
	struct symbolizer_options options = { .debug_path = "/nonexistent" };
	struct symbol_module module = { .kind = MODULE_ELF,
					.path = "/nonexistent/file",
					.build_id = "",
					.fd = memfd_create("fuzz", MFD_CLOEXEC) };
	struct symbolizer *s = symbolizer_new(&options);
	const struct symbol_name *names;

	if (module.fd < 0 || write(module.fd, data, size) != (ssize_t)size)
		__builtin_trap();
	if (!symbolizer_open(s, &module)) {
		for (uint64_t address = 0x1000; address < 0x2000; address += 8) {
			size_t n = symbolizer_find(s, address, &names);

			for (size_t i = 0; i < n; i++) {
				if (!names[i].function || !*names[i].function)
					__builtin_trap();
			}
		}
	}
	symbolizer_free(s);
	close(module.fd);
	return 0;
}
