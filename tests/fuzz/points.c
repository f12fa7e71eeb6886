/* SPDX-License-Identifier: GPL-2.0-only */
/* The bytes of an ELF file, looked into for each runtime and for a function. */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/points.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct points_query queries[] = {
		{ .path = "/python3" },
		{ .path = "/libjvm.so" },
		{ .path = "/node" },
		{ .path = "/app" },
		{ .path = "/app", .function = "main" },
	};
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		__builtin_trap();
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		struct points_query query = queries[i];
		struct points points;

		query.fd = fd;
		points_find(&query, &points);
		if (points.n > POINTS_MAX)
			__builtin_trap();
		for (uint32_t n = 0; n < points.n; n++) {
			if (points.list[n].step >= RUNTIME_MAX_STEPS ||
			    points.list[n].reason.reg > 16)
				__builtin_trap();
		}
	}
	close(fd);
	return 0;
}
