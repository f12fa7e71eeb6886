/* SPDX-License-Identifier: GPL-2.0-only */
/* The bytes of an ELF file, asked for what it exports, where that is, and for a section. */
#include <gelf.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "inject/exports.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct export exports[] = { { .name = "malloc" }, { .name = "main" }, { .name = "" } };
	size_t n = sizeof(exports) / sizeof(exports[0]), n_found;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	elf_version(EV_CURRENT);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		__builtin_trap();
	n_found = exports_find(fd, exports, n);
	if (n_found > n)
		__builtin_trap();
	for (size_t i = 0; i < n; i++) {
		n_found -= exports[i].vaddr != 0;
		if (exports[i].vaddr)
			exports_offset(fd, exports[i].vaddr);
	}
	if (n_found)
		__builtin_trap();
	exports_has_section(fd, ".note.go.buildid");
	close(fd);
	return 0;
}
