/* SPDX-License-Identifier: GPL-2.0-only */
/* Symbolizers of files that build.h made, whole and damaged. */
#ifndef UNIT_MODULE_H
#define UNIT_MODULE_H

#include <fcntl.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "base/file.h"
#include "build.h"
#include "symbol/symbolizer.h"

static struct symbolizer *symbolizer_of_fd(int fd)
{
	struct symbol_module module = {
		.kind = MODULE_ELF, .path = "/nonexistent", .build_id = "", .fd = fd
	};
	struct symbolizer *s = symbolizer_new(&(struct symbolizer_options){ 0 });

	symbolizer_open(s, &module);
	return s;
}

static struct symbolizer *symbolizer_of(const char *name)
{
	int fd = open(build_path(name), O_RDONLY | O_CLOEXEC);
	struct symbolizer *s = symbolizer_of_fd(fd);

	assert_true(fd >= 0);
	close(fd);
	return s;
}

struct addresses {
	uint64_t from, to, step;
};

/* Look @addresses up in what is left of @file: whatever is found, nothing breaks. */
static void look_into(const struct buf *file, const struct addresses *addresses)
{
	int fd = memfd_create("damaged", MFD_CLOEXEC);
	const struct symbol_name *names;
	struct symbolizer *s;

	assert_int_equal(file_write_fd(fd, file->data, file->size), 0);
	s = symbolizer_of_fd(fd);
	for (uint64_t at = addresses->from; at < addresses->to; at += addresses->step)
		symbolizer_find(s, at, &names);
	symbolizer_free(s);
	close(fd);
}

#endif /* UNIT_MODULE_H */
