/* SPDX-License-Identifier: GPL-2.0-only */
/* The bytes of an ELF file, and addresses all over its sections, with pointers there. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbol/symbolizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In the registers that functions keep, and in the words at the end of the frame. */
static void find_pointers(struct symbolizer *s, uint64_t address, struct buf *name)
{
	struct event_pointer pointer = { .distance = 8, .sp = 64, .fp = 16 };
	uint64_t rank;

	for (pointer.where = POINTER_REGISTER; pointer.where <= POINTER_HERE; pointer.where++) {
		pointer.reg = 3;
		for (pointer.below = 8; pointer.below <= 64; pointer.below += 8) {
			if (symbolizer_find_pointer(s, address, &pointer, name, &rank) !=
			    (name->size > 0))
				__builtin_trap();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* An absolute path of nothing: no other file is looked at. */
	struct symbolizer_options options = { .debug_path = "/nonexistent" };
	struct symbol_module module = { .kind = MODULE_ELF,
					.path = "/nonexistent/file",
					.build_id = "",
					.has_pointers = true,
					.fd = memfd_create("fuzz", MFD_CLOEXEC) };
	struct symbolizer *s = symbolizer_new(&options);
	const struct symbol_name *names;
	struct buf name = { 0 };

	if (module.fd < 0 || write(module.fd, data, size) != (ssize_t)size)
		__builtin_trap();
	if (!symbolizer_open(s, &module)) {
		for (uint64_t address = 0x1000; address < 0x2000; address += 8) {
			size_t n = symbolizer_find(s, address, &names);

			for (size_t i = 0; i < n; i++) {
				if (!names[i].function || !*names[i].function)
					__builtin_trap();
			}
			find_pointers(s, address, &name);
		}
	}
	buf_release(&name);
	symbolizer_free(s);
	close(module.fd);
	return 0;
}
